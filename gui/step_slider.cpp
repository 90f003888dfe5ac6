// SPDX-License-Identifier: Apache-2.0
#include "gui/step_slider.hpp"

#include <QtGui/QKeyEvent>
#include <QtGui/QMouseEvent>

#include "gui/appearance.hpp"

namespace pregate {

StepSlider::StepSlider(std::vector<Phase> phases, QWidget* parent)
    : Canvas(parent), phases_(std::move(phases)), strip_(sums_, phases_) {
  constexpr int kHeight = 52;
  const auto resize = [this] { setFixedHeight(static_cast<int>(kHeight * Appearance::instance().scale())); };
  connect(&Appearance::instance(), &Appearance::changed, this, resize);
  resize();
  range_ = strip_.whole({});
  setAccessibleName(tr("Steps that are shown"));
  setToolTip(tr("Drag an end, or what lies between; double click for all steps"));
}

void StepSlider::set_range(StepRange range) {
  range = strip_.whole(range);
  if (range == range_) return;
  range_ = range;
  refresh();
}

void StepSlider::set_sums(std::vector<double> sums) {
  sums_ = std::move(sums);
  strip_.measure();
  refresh();
}

void StepSlider::move(std::int64_t steps) {
  choose(strip_.moved(range_, steps));
}

void StepSlider::choose(StepRange range) {
  if (range == range_) return;
  set_range(range);
  emit range_changed();
}

Picture StepSlider::make_picture(int width, int height) {
  return strip_.picture(width, height, range_);
}

void StepSlider::mousePressEvent(QMouseEvent* event) {
  Canvas::mousePressEvent(event);
  if (event->button() != Qt::LeftButton) return;
  const auto x = static_cast<float>(to_picture(event->position()).x());
  held_ = strip_.part_at(x, picture_width(), range_);
  held_boundary_ = strip_.boundary_at(x, picture_width());
  if (held_ == StepStrip::Part::outside) {  // a stretch of its own begins here
    const std::size_t step = strip_.step_at(x, picture_width());
    choose(strip_.whole({.first = step, .end = step + 1}));
    held_boundary_ = step;
  }
  held_range_ = range_;
}

void StepSlider::drag_to(float x) {
  const std::size_t at = strip_.boundary_at(x, picture_width());
  StepRange next = held_range_;
  switch (held_) {
    case StepStrip::Part::first:
      next.first = std::min(at, held_range_.end - 1);
      break;
    case StepStrip::Part::end:
      next.end = std::max(at, held_range_.first + 1);
      break;
    case StepStrip::Part::range:
      next = strip_.moved(held_range_,
                          static_cast<std::int64_t>(at) - static_cast<std::int64_t>(held_boundary_));
      break;
    case StepStrip::Part::outside:
      next = {.first = std::min(at, held_boundary_), .end = std::max(at, held_boundary_ + 1)};
      break;
  }
  choose(strip_.whole(next));
}

void StepSlider::mouseMoveEvent(QMouseEvent* event) {
  const auto x = static_cast<float>(to_picture(event->position()).x());
  const bool dragging = event->buttons().testFlag(Qt::LeftButton);
  if (dragging && !phases_.empty() && held_range_.end > held_range_.first) drag_to(x);
  const StepStrip::Part part = dragging ? held_ : strip_.part_at(x, picture_width(), range_);
  const bool end = part == StepStrip::Part::first || part == StepStrip::Part::end;
  setCursor(end ? Qt::SizeHorCursor : part == StepStrip::Part::range ? Qt::OpenHandCursor : Qt::CrossCursor);
}

void StepSlider::mouseReleaseEvent(QMouseEvent* /*event*/) {
  held_ = StepStrip::Part::outside;
  held_range_ = {.first = 0, .end = 0};
}

void StepSlider::mouseDoubleClickEvent(QMouseEvent* /*event*/) {
  choose(strip_.whole({}));
}

void StepSlider::keyPressEvent(QKeyEvent* event) {
  const std::int64_t stride = event->modifiers().testFlag(Qt::ShiftModifier) ? 10 : 1;
  switch (event->key()) {
    case Qt::Key_Left:
      return move(-stride);
    case Qt::Key_Right:
      return move(stride);
    default:
      Canvas::keyPressEvent(event);
  }
}

}  // namespace pregate
