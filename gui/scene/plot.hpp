// SPDX-License-Identifier: Apache-2.0
// The frame of a plot: a box with an axis below and one to the left, numbers on a ruler
// (traces/base/ticks.hpp) or words side by side. Knows where a value lies in pixels and draws grid, ticks and
// names. What lies in the box is its owner's.
#pragma once

#include <string>
#include <vector>

#include "gui/scene/picture.hpp"
#include "traces/base/ticks.hpp"

namespace pregate {

struct PlotBox {
  float x = 0, y = 0, w = 0, h = 0;

  [[nodiscard]] float right() const { return x + w; }
  [[nodiscard]] float bottom() const { return y + h; }
};

struct PlotAxis {
  std::string label;  // with the unit
  plot::Ruler ruler;
  bool words = false;  // ticks are words at 0, 1, 2, ...: no grid lines at them
};

// Of numbers; data that is empty gives 0 to 1. A logarithmic scale needs data above zero and falls back to a
// linear one. `wanted` ticks, about.
PlotAxis number_axis(std::string label, plot::Scale scale, std::vector<double> data, int wanted);
PlotAxis word_axis(std::string label, const std::vector<std::string>& words);

class PlotFrame {
 public:
  PlotFrame(PlotBox box, PlotAxis x, PlotAxis y) : box_(box), x_(std::move(x)), y_(std::move(y)) {}

  [[nodiscard]] float x_of(double value) const;
  [[nodiscard]] float y_of(double value) const;
  // Whether a logarithmic axis can show it.
  [[nodiscard]] bool can_show(double x, double y) const;
  [[nodiscard]] const PlotBox& box() const { return box_; }
  [[nodiscard]] const PlotAxis& x() const { return x_; }
  [[nodiscard]] const PlotAxis& y() const { return y_; }

  void draw(Picture& picture) const;

 private:
  void draw_x(Picture& picture) const;
  void draw_y(Picture& picture) const;

  PlotBox box_;
  PlotAxis x_, y_;
};

// About how wide a text is drawn, without a font at hand.
float rough_width(std::string_view text, TextSize size);

}  // namespace pregate
