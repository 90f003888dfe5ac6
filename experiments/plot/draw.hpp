// SPDX-License-Identifier: Apache-2.0
// Private to experiments/plot/: what a planned panel is drawn with. The frame and its labels come first, then
// the content.
#pragma once

#include "experiments/plot/layout.hpp"
#include "experiments/plot/styles.hpp"

namespace pregate::plot {

void draw_frame(Canvas& canvas, const PanelPlan& plan);
void draw_content(Canvas& canvas, const PanelPlan& plan, const Styles& styles);

void draw_lines(Canvas& canvas, const PanelPlan& plan, const Lines& lines, const Styles& styles);
void draw_heatmap(Canvas& canvas, const PanelPlan& plan, const Heatmap& map);
void draw_bars(Canvas& canvas, const PanelPlan& plan, const StackedBars& bars, const Styles& styles);

// The scale of colours in `box`, its numbers to the right of it, its label upwards beside them.
struct ColourBar {
  const Ruler& ruler;
  ColourMap map;
  const std::string& label;
};
void draw_colour_bar(Canvas& canvas, const Box& box, const ColourBar& bar);

// What the legend shows of a style, in a box of this width around `middle`.
inline constexpr double kSampleWidth = 26;
void draw_sample(Canvas& canvas, Place middle, const Style& style);

}  // namespace pregate::plot
