// SPDX-License-Identifier: Apache-2.0
#include "gui/timeline_view.hpp"

#include <fmt/format.h>

#include <QtWidgets/QVBoxLayout>
#include <cmath>

#include "gui/qt_text.hpp"
#include "gui/scene/area_table.hpp"
#include "gui/scene/bookmark_file.hpp"
#include "gui/scene/time_axis.hpp"

namespace pregate {
namespace {

constexpr double kZoomOfAKey = 1.3;
constexpr double kPanOfAKey = 0.12;  // of the plot's width
constexpr int kScrollOfAKey = 60;

// Which of ten acts that follow each other.
std::optional<std::size_t> number_of(Act act, Act zero) {
  const int number = static_cast<int>(act) - static_cast<int>(zero);
  if (number < 0 || number > 9) return std::nullopt;
  return static_cast<std::size_t>(number);
}

// The link knows rows of tables, not tracks.
Target without_track(Target target) {
  target.track = 0;
  return target;
}

}  // namespace

TimelineView::TimelineView(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent)
    : Page(parent),
      document_(std::move(document)),
      link_(link),
      scene_(*document_->tracks),
      minimap_(new MinimapCanvas(scene_, this)),
      canvas_(new TimelineCanvas(scene_, this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(minimap_);
  layout->addWidget(canvas_, 1);
  setFocusProxy(canvas_);
  connect_canvas();
  connect_link();
  const auto marks = read_bookmarks(bookmark_path(document_->path));
  marks_unreadable_ = !marks.ok();
  if (marks.ok()) {
    scene_.set_bookmarks(*marks);
  } else {
    const QString words = to_qt(marks.error().message());
    // Whoever listens connects after this.
    QMetaObject::invokeMethod(
        this, [this, words] { emit said(words); }, Qt::QueuedConnection);
  }
}

void TimelineView::connect_canvas() {
  connect(canvas_, &TimelineCanvas::view_changed, this, &TimelineView::show_again);
  connect(minimap_, &MinimapCanvas::view_changed, this, &TimelineView::show_again);
  connect(canvas_, &Canvas::hovered, this, [this] { emit state_changed(); });
  connect(canvas_, &TimelineCanvas::emptied, this, [this] { link_.select({}); });
  connect(canvas_, &TimelineCanvas::zoom_wanted, this, &TimelineView::zoom_on);
  connect(canvas_, &TimelineCanvas::area_dragged, this, [this](bool done) {
    show_again();
    if (done) link_.set_area(scene_.state().area);
  });
  connect(canvas_, &Canvas::clicked, this, [this](const Mark& mark) {
    if (mark.target.kind == Target::Kind::track_name) {
      scene_.toggle_fold(static_cast<TrackId>(mark.target.row));
      return show_again();
    }
    if (mark.target.kind == Target::Kind::bookmark) return ask_note(mark.target.row);
    scene_.select(mark.target, scene_.span_of(mark));
    tell_selection();
  });
  connect(canvas_, &TimelineCanvas::menu_wanted, this, [this](QPoint at, const Mark* mark) {
    QMenu* menu = menu_for(mark).release();
    menu->setParent(this, menu->windowFlags());
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->popup(at);
  });
}

void TimelineView::connect_link() {
  connect(&link_, &Link::selected_changed, this, [this] {
    if (!telling_) scene_.select(link_.selected());
    const Explanation why = document_->why ? document_->why->explain(link_.selected()) : Explanation();
    // A chain of one is the selection itself.
    scene_.set_chain(why.chain.size() > 1 ? why.chain : std::vector<Target>());
    show_again();
  });
  connect(&link_, &Link::shown, this, [this](const Target& target) {
    scene_.reveal(target);
    show_again();
  });
  connect(&link_, &Link::area_changed, this, [this] {
    scene_.set_area(link_.area());
    show_again();
  });
  connect(&link_, &Link::brush_changed, this, &TimelineView::follow_brush);
}

// Chosen experts are shown alone, and unfolded; the layers that were chosen with them are no rows here.
void TimelineView::follow_brush() {
  scene_.set_expert_filter(link_.brush().experts);
  const TrackId group = scene_.tracks().expert_group();
  if (!link_.brush().experts.empty() && scene_.state().folded.contains(group)) scene_.toggle_fold(group);
  show_again();
}

void TimelineView::show_again() {
  canvas_->refresh();
  minimap_->refresh();
  emit state_changed();
}

void TimelineView::tell_selection() {
  telling_ = true;
  const Target selected = without_track(scene_.state().selected);
  const bool same = link_.selected() == selected;
  link_.select(selected);
  telling_ = false;
  if (same) show_again();
}

void TimelineView::set_found(std::vector<Target> found) {
  scene_.set_hits(std::move(found));
  show_again();
}

// ---- actions ----

bool TimelineView::can(Act act) const {
  const TimelineState& state = scene_.state();
  if (number_of(act, Act::set_bookmark_0)) return true;
  if (const auto number = number_of(act, Act::bookmark_0)) return state.bookmarks[*number].has_value();
  switch (act) {
    case Act::next_item:
    case Act::previous_item:
      return state.selected.kind != Target::Kind::none;
    case Act::next_stall:
    case Act::previous_stall:
      return scene_.tracks().stalls() != kNoTrack;
    case Act::zoom_to_area:
      return state.area.has_value() || state.selected_span.length() > 0;
    case Act::clear_selection:
      return state.area || state.selected.kind != Target::Kind::none || !link_.brush().empty() ||
             !state.hits.empty();
    case Act::hide_track:
    case Act::pin_track:
    case Act::track_up:
    case Act::track_down:
      return canvas_->track_under_mouse().has_value();
    case Act::show_all_tracks:
      return !state.hidden.empty();
    case Act::toggle_experts:
    case Act::expert_order:
      return scene_.tracks().expert_group() != kNoTrack;
    case Act::zoom_in:
    case Act::zoom_out:
    case Act::pan_left:
    case Act::pan_right:
    case Act::scroll_up:
    case Act::scroll_down:
    case Act::fit:
    case Act::note:
      return true;
    default:
      return false;
  }
}

void TimelineView::act(Act act) {
  if (!can(act)) return;
  if (const auto number = number_of(act, Act::set_bookmark_0)) return set_bookmark(*number);
  if (const auto number = number_of(act, Act::bookmark_0)) {
    scene_.go_to_bookmark(*number);
    return show_again();
  }
  const auto moved = [this](bool found) {
    if (found) tell_selection();
  };
  switch (act) {
    case Act::next_item:
      return moved(scene_.next_item(1));
    case Act::previous_item:
      return moved(scene_.next_item(-1));
    case Act::next_stall:
      return moved(scene_.next_stall(1));
    case Act::previous_stall:
      return moved(scene_.next_stall(-1));
    case Act::zoom_in:
      return zoom(1 / kZoomOfAKey);
    case Act::zoom_out:
      return zoom(kZoomOfAKey);
    case Act::pan_left:
      scene_.pan(-kPanOfAKey * scene_.plot_width());
      break;
    case Act::pan_right:
      scene_.pan(kPanOfAKey * scene_.plot_width());
      break;
    case Act::scroll_up:
      scene_.scroll(-kScrollOfAKey);
      break;
    case Act::scroll_down:
      scene_.scroll(kScrollOfAKey);
      break;
    case Act::fit:
      scene_.fit();
      break;
    case Act::zoom_to_area:
      scene_.zoom_to(scene_.state().area.value_or(scene_.state().selected_span));
      break;
    case Act::clear_selection:
      scene_.set_hits({});
      scene_.set_area({});
      link_.clear();
      break;
    case Act::note:
      return write_note();
    default:
      return act_on_track(act);
  }
  show_again();
}

void TimelineView::act_on_track(Act act) {
  const TrackId track = canvas_->track_under_mouse().value_or(kNoTrack);
  switch (act) {
    case Act::hide_track:
      scene_.hide(track);
      break;
    case Act::pin_track:
      scene_.toggle_pin(track);
      break;
    case Act::track_up:
      scene_.move_track(track, -1);
      break;
    case Act::track_down:
      scene_.move_track(track, 1);
      break;
    case Act::show_all_tracks:
      scene_.show_all();
      break;
    case Act::toggle_experts:
      scene_.toggle_fold(scene_.tracks().expert_group());
      break;
    case Act::expert_order:
      scene_.set_expert_order(
          static_cast<ExpertOrder>((static_cast<int>(scene_.state().expert_order) + 1) % 3));
      break;
    default:
      break;
  }
  show_again();
}

void TimelineView::zoom(double factor) {
  scene_.zoom_at(canvas_->key_x(), factor);
  scene_.set_cursor(canvas_->time_under_mouse());
  show_again();
}

// To the area if the click lies in it, else to the slice.
void TimelineView::zoom_on(const Mark* mark) {
  const auto time = canvas_->time_under_mouse();
  const auto& area = scene_.state().area;
  if (area && time && area->contains(*time)) {
    scene_.zoom_to(*area);
  } else if (mark != nullptr) {
    if (mark->target.kind == Target::Kind::track_name) return;
    const auto span = scene_.span_of(*mark);
    if (!span || span->empty()) return;
    const std::int64_t margin = span->length() / 20;
    scene_.zoom_to({span->first - margin, span->last + margin});
  }
  show_again();
}

// ---- what is exported and said ----

Picture TimelineView::picture_of(QSize size) {
  const int width = scene_.width(), height = scene_.height();
  const auto cursor = scene_.state().cursor;
  scene_.set_cursor(std::nullopt);
  scene_.resize(size.width(), size.height());
  Picture picture = scene_.picture();
  scene_.set_cursor(cursor);
  scene_.resize(width, height);
  return picture;
}

std::string TimelineView::csv() const {
  return area_table(scene_.tracks(), scene_.state().area.value_or(scene_.tracks().span())).to_csv();
}

QString TimelineView::status() const {
  const TimelineState& state = scene_.state();
  std::string words = to_text(Duration::ps(scene_.view().length())) + " shown";
  if (state.cursor) {
    const std::int64_t pixel = std::max<std::int64_t>(1, scene_.view().length() / scene_.plot_width());
    words.insert(0, fmt::format("at {}, ", time_text(*state.cursor, pixel)));
  }
  if (state.area) words += fmt::format(", area {}", to_text(Duration::ps(state.area->length())));
  if (!state.hits.empty()) words += fmt::format(", {} found", state.hits.size());
  return QString::fromStdString(words);
}

}  // namespace pregate
