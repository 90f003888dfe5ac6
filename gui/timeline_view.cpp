// SPDX-License-Identifier: Apache-2.0
#include "gui/timeline_view.hpp"

#include <fmt/format.h>

#include <QtWidgets/QInputDialog>
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
constexpr double kNearBookmark = 12;

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

// ---- bookmarks ----

void TimelineView::set_bookmark(std::size_t number) {
  const TimeSpan view = scene_.view();
  scene_.set_bookmark(number, canvas_->time_under_mouse().value_or(view.first + view.length() / 2));
  save_bookmarks();
  show_again();
}

void TimelineView::save_bookmarks() {
  const std::string path = bookmark_path(document_->path);
  if (marks_unreadable_) {
    emit said(tr("Bookmarks are not saved: %1 holds something else").arg(to_qt(path)));
    return;
  }
  const Status written = write_bookmarks(path, scene_.state().bookmarks);
  if (!written) emit said(tr("Bookmarks are not saved: %1").arg(to_qt(written.error().message())));
}

std::optional<std::size_t> TimelineView::bookmark_near_mouse() const {
  const double x = canvas_->key_x();
  std::optional<std::size_t> nearest;
  double best = kNearBookmark;
  for (std::size_t i = 0; i < scene_.state().bookmarks.size(); ++i) {
    const auto& bookmark = scene_.state().bookmarks[i];
    if (!bookmark || std::abs(scene_.x_of(bookmark->at) - x) > best) continue;
    best = std::abs(scene_.x_of(bookmark->at) - x);
    nearest = i;
  }
  return nearest;
}

// To the bookmark here; where there is none, the first that is free is set.
void TimelineView::write_note() {
  auto number = bookmark_near_mouse();
  for (std::size_t i = 0; i < scene_.state().bookmarks.size() && !number; ++i) {
    if (scene_.state().bookmarks[i]) continue;
    set_bookmark(i);
    number = i;
  }
  if (!number) {
    emit said(tr("All ten bookmarks are set: set one of them here first (Alt and its digit)"));
    return;
  }
  ask_note(*number);
}

void TimelineView::ask_note(std::size_t number) {
  if (number >= scene_.state().bookmarks.size() || !scene_.state().bookmarks[number]) return;
  auto* dialog = new QInputDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(tr("Bookmark %1").arg(number));
  dialog->setLabelText(tr("Note to bookmark %1:").arg(number));
  dialog->setTextValue(to_qt(scene_.state().bookmarks[number]->note));
  connect(dialog, &QInputDialog::textValueSelected, this, [this, number](const QString& text) {
    scene_.set_note(number, text.toStdString());
    save_bookmarks();
    show_again();
  });
  dialog->open();
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

// ---- the menu ----

std::unique_ptr<QMenu> TimelineView::menu_for(const Mark* mark) {
  auto menu = std::make_unique<QMenu>();
  if (mark != nullptr) add_slice_actions(*menu, *mark);
  if (const auto track = canvas_->track_under_mouse()) add_track_actions(*menu, *track);
  menu->addAction(tr("Show all tracks"), this, [this] { act(Act::show_all_tracks); })
      ->setEnabled(can(Act::show_all_tracks));
  menu->addAction(tr("Fit"), this, [this] { act(Act::fit); });
  return menu;
}

void TimelineView::add_slice_actions(QMenu& menu, const Mark& mark) {
  if (mark.target.kind == Target::Kind::bookmark) {
    const std::size_t number = mark.target.row;
    menu.addAction(tr("Note to bookmark %1…").arg(number), this, [this, number] { ask_note(number); });
    menu.addAction(tr("Remove bookmark %1").arg(number), this, [this, number] {
      Bookmarks left = scene_.state().bookmarks;
      left.at(number).reset();
      scene_.set_bookmarks(std::move(left));
      save_bookmarks();
      show_again();
    });
    menu.addSeparator();
    return;
  }
  const auto span = scene_.span_of(mark);
  if (!span || span->empty() || mark.target.kind == Target::Kind::track_name) return;
  menu.addAction(tr("Zoom to it"), this, [this, mark] { zoom_on(&mark); });
  menu.addAction(tr("Make its time the area"), this, [this, span] { link_.set_area(*span); });
  menu.addSeparator();
}

void TimelineView::add_track_actions(QMenu& menu, TrackId track) {
  const QString name = to_qt(scene_.tracks().name_of(track));
  const auto& pinned = scene_.state().pinned;
  const bool is_pinned = std::find(pinned.begin(), pinned.end(), track) != pinned.end();
  const bool group =
      track < scene_.tracks().fixed().size() && scene_.tracks().fixed()[track].kind == Track::Kind::group;
  const auto change = [this](auto action) {
    return [this, action] {
      action();
      show_again();
    };
  };
  menu.addAction(tr("Hide \"%1\"").arg(name), this, change([this, track] { scene_.hide(track); }));
  if (!group) {
    menu.addAction(is_pinned ? tr("Unpin \"%1\"").arg(name) : tr("Pin \"%1\" to the top").arg(name), this,
                   change([this, track] { scene_.toggle_pin(track); }));
  }
  menu.addAction(tr("Move up"), this, change([this, track] { scene_.move_track(track, -1); }));
  menu.addAction(tr("Move down"), this, change([this, track] { scene_.move_track(track, 1); }));
  if (track == scene_.tracks().expert_group() || scene_.tracks().is_expert(track)) {
    QMenu* order = menu.addMenu(tr("Order of expert lanes"));
    for (const ExpertOrder each : {ExpertOrder::by_id, ExpertOrder::by_stall, ExpertOrder::by_uses}) {
      QAction* action = order->addAction(to_qt(to_text(each)), this,
                                         change([this, each] { scene_.set_expert_order(each); }));
      action->setCheckable(true);
      action->setChecked(scene_.state().expert_order == each);
    }
  }
  menu.addSeparator();
}

}  // namespace pregate
