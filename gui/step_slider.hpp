// SPDX-License-Identifier: Apache-2.0
// Chooses a stretch of steps: each end is dragged by itself, the stretch between them as a whole; a double
// click takes all steps. Drawn by scene/step_strip.hpp.
#pragma once

#include <vector>

#include "gui/canvas.hpp"
#include "gui/scene/step_strip.hpp"

namespace pregate {

class StepSlider : public Canvas {
  Q_OBJECT

 public:
  explicit StepSlider(std::vector<Phase> phases, QWidget* parent = nullptr);

  [[nodiscard]] StepRange range() const { return range_; }
  // Without a signal: somebody else chose it.
  void set_range(StepRange range);
  // What is drawn over the steps: one number a step.
  void set_sums(std::vector<double> sums);
  // By so many steps, as the keys do.
  void move(std::int64_t steps);
  [[nodiscard]] const StepStrip& strip() const { return strip_; }

 signals:
  void range_changed();

 protected:
  Picture make_picture(int width, int height) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void choose(StepRange range);
  void drag_to(float x);

  std::vector<Phase> phases_;
  std::vector<double> sums_;
  StepStrip strip_;
  StepRange range_;
  StepStrip::Part held_ = StepStrip::Part::outside;
  StepRange held_range_;           // when it was taken
  std::size_t held_boundary_ = 0;  // under the mouse then
};

}  // namespace pregate
