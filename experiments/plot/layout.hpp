// SPDX-License-Identifier: Apache-2.0
// Private to experiments/plot/: where everything of a panel goes. All plots of a figure have one size; the
// room around them is what the widest label of their row or column needs, so that text never meets text.
#pragma once

#include <vector>

#include "experiments/plot/canvas.hpp"
#include "traces/base/ticks.hpp"

namespace pregate::plot {

inline constexpr double kTickSize = 10.5, kLabelSize = 11.5, kPanelTitleSize = 12.5, kTickLength = 4;
inline constexpr double kPanelNoteLine = 15;
inline constexpr double kColourBarWidth = 12;
inline constexpr double kReferenceLine = 13;  // from one level of reference labels to the next

// A reference's label in the margin, moved aside where it would meet another.
struct ReferenceLabel {
  const Reference* reference = nullptr;
  double along = 0;  // pixels: the middle of a vertical line's label, the baseline of a horizontal one's
  int level = 0;     // of a vertical line's label, counted from the plot upwards
};

struct PanelPlan {
  const Panel* panel = nullptr;
  Box plot;
  Ruler x, y;
  Ruler colours;  // of a heatmap
  bool labels_x = true, labels_y = true, colour_bar = false;
  std::vector<ReferenceLabel> reference_labels;
  int reference_levels = 0;
  double label_left = 0;  // where the y axis' label stands

  [[nodiscard]] double at_x(double value) const { return plot.x + x.share(value) * plot.width; }
  [[nodiscard]] double at_y(double value) const { return plot.bottom() - y.share(value) * plot.height; }
};

// Errors: panels that have no room in `area`.
Result<std::vector<PanelPlan>> plan_panels(const Figure& figure, const Box& area, const Canvas& canvas);

// Room that a colour bar takes, with its numbers and label.
double colour_bar_room(const Ruler& colours, const Canvas& canvas);

// "hit rate (%)".
std::string axis_text(const Axis& axis);

}  // namespace pregate::plot
