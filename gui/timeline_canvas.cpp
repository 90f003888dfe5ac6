// SPDX-License-Identifier: Apache-2.0
#include "gui/timeline_canvas.hpp"

#include <QtGui/QContextMenuEvent>
#include <QtGui/QMouseEvent>
#include <QtWidgets/QApplication>
#include <cmath>

namespace pregate {
namespace {

constexpr double kNotch = 120;  // of a wheel, in eighths of a degree
constexpr double kZoomOfANotch = 1.25;
constexpr int kPixelsOfANotch = 60;

}  // namespace

TimelineCanvas::TimelineCanvas(TimelineScene& scene, QWidget* parent) : Canvas(parent), scene_(scene) {
  setMinimumSize(240, 160);
}

Picture TimelineCanvas::make_picture(int width, int height) {
  scene_.resize(width, height);
  return scene_.picture();
}

double TimelineCanvas::key_x() const {
  if (mouse_ && !over_names(*mouse_)) return mouse_->x();
  return scene_.names_width() + scene_.plot_width() / 2.0;
}

std::optional<TrackId> TimelineCanvas::track_under_mouse() const {
  return mouse_ ? scene_.track_at(mouse_->y()) : std::nullopt;
}

std::optional<std::int64_t> TimelineCanvas::time_under_mouse() const {
  if (!mouse_ || over_names(*mouse_)) return std::nullopt;
  return scene_.time_at(mouse_->x());
}

QString TimelineCanvas::tip(const Mark& mark) const {
  if (drag_ != Drag::none) return {};
  const double x = mouse_ ? mouse_->x() : static_cast<double>(mark.x);
  return QString::fromStdString(scene_.tip(mark, x))
      .toHtmlEscaped()
      .replace(QLatin1Char('\n'), QStringLiteral("<br>"));
}

// ---- drags ----

void TimelineCanvas::mousePressEvent(QMouseEvent* event) {
  Canvas::mousePressEvent(event);
  const QPointF at = to_picture(event->position());
  from_ = last_ = at;
  moved_ = false;
  drag_ = Drag::none;
  if (event->button() == Qt::MiddleButton) {
    drag_ = Drag::view;
  } else if (event->button() == Qt::LeftButton && over_names(at)) {
    const auto track = scene_.track_at(at.y());
    if (track) drag_ = Drag::track;
    dragged_ = track.value_or(kNoTrack);
  } else if (event->button() == Qt::LeftButton) {
    drag_ = Drag::area;
    anchor_ = scene_.snapped(at.x(), at.y());
  }
}

void TimelineCanvas::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = to_picture(event->position());
  mouse_ = at;
  const bool far = (at - from_).manhattanLength() >= QApplication::startDragDistance();
  if (drag_ != Drag::none && (moved_ || far)) {
    moved_ = true;
    drag_to(at);
  }
  scene_.set_cursor(time_under_mouse());
  show_cursor_shape(at);
  refresh();
  Canvas::mouseMoveEvent(event);
}

void TimelineCanvas::show_cursor_shape(QPointF at) {
  const bool held = drag_ != Drag::none && moved_;
  setCursor(held && drag_ == Drag::view    ? Qt::ClosedHandCursor
            : held && drag_ == Drag::track ? Qt::SizeVerCursor
            : over_names(at)               ? Qt::ArrowCursor
                                           : Qt::CrossCursor);
}

void TimelineCanvas::drag_to(QPointF at) {
  switch (drag_) {
    case Drag::area:
      scene_.set_area(TimeSpan{anchor_, scene_.snapped(at.x(), at.y())});
      emit area_dragged(false);
      break;
    case Drag::view:
      scene_.pan(last_.x() - at.x());
      scene_.scroll(static_cast<int>(std::lround(last_.y() - at.y())));
      emit view_changed();
      break;
    case Drag::track:
      drag_track(at.y());
      break;
    case Drag::none:
      break;
  }
  last_ = at;
}

// The dragged track changes places with the one that the mouse is over.
void TimelineCanvas::drag_track(double y) {
  const auto over = scene_.track_at(y);
  if (!over || *over == dragged_) return;
  const auto& fixed = scene_.tracks().fixed();
  const auto top_of = [&](TrackId track) {
    if (track < fixed.size() && fixed[track].group != kNoTrack) return fixed[track].group;
    return scene_.tracks().is_expert(track) ? scene_.tracks().expert_group() : track;
  };
  const TrackId mine = top_of(dragged_), other = top_of(*over);
  const auto& order = scene_.state().order;
  const auto place = [&](TrackId track) {
    return std::find(order.begin(), order.end(), track) - order.begin();
  };
  if (mine == other) return;
  scene_.move_track(mine, static_cast<int>(place(other) - place(mine)));
  emit view_changed();
}

void TimelineCanvas::mouseReleaseEvent(QMouseEvent* event) {
  const Drag drag = drag_;
  drag_ = Drag::none;
  show_cursor_shape(to_picture(event->position()));
  if (moved_) {
    moved_ = false;
    if (drag == Drag::area) emit area_dragged(true);
    return;
  }
  Canvas::mouseReleaseEvent(event);
  const QPointF at = to_picture(event->position());
  const bool on_nothing = picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y())) == nullptr;
  if (event->button() == Qt::LeftButton && on_nothing) emit emptied();
}

void TimelineCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  const QPointF at = to_picture(event->position());
  const Mark* mark = picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y()));
  std::optional<Mark> copy;  // a listener may refresh
  if (mark != nullptr) copy = *mark;
  emit zoom_wanted(copy ? &*copy : nullptr);
}

void TimelineCanvas::wheelEvent(QWheelEvent* event) {
  const QPointF at = to_picture(event->position());
  mouse_ = at;
  const double across = event->angleDelta().x() / kNotch, along = event->angleDelta().y() / kNotch;
  if ((event->modifiers() & Qt::ShiftModifier) != 0) {
    scene_.pan(-(along + across) * kPixelsOfANotch);
  } else if ((event->modifiers() & Qt::ControlModifier) != 0 || over_names(at)) {
    scene_.scroll(static_cast<int>(std::lround(-along * kPixelsOfANotch)));
  } else {
    if (along != 0) scene_.zoom_at(at.x(), std::pow(kZoomOfANotch, -along));
    if (across != 0) scene_.pan(-across * kPixelsOfANotch);
  }
  scene_.set_cursor(time_under_mouse());
  event->accept();
  emit view_changed();
}

void TimelineCanvas::leaveEvent(QEvent* event) {
  mouse_.reset();
  scene_.set_cursor(std::nullopt);
  refresh();
  Canvas::leaveEvent(event);
}

void TimelineCanvas::contextMenuEvent(QContextMenuEvent* event) {
  const QPointF at = to_picture(event->pos());
  mouse_ = at;
  const Mark* mark = picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y()));
  std::optional<Mark> copy;
  if (mark != nullptr) copy = *mark;
  emit menu_wanted(event->globalPos(), copy ? &*copy : nullptr);
}

}  // namespace pregate
