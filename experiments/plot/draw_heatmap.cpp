// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "experiments/plot/draw.hpp"

namespace pregate::plot {
namespace {

constexpr double kReadable = 0.35;  // luminance above which black text reads better than white

Colour cell_colour(const Heatmap& map, const Ruler& colours, double value) {
  return std::isnan(value) ? kAbsent : sequence_colour(map.map, colours.share(value));
}

// Names beside rows or below columns, as many as have room: all, or every second, third ...
std::size_t every(double cell, double wanted) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(wanted / cell)));
}

void draw_row_labels(Canvas& canvas, const PanelPlan& plan, const Heatmap& map) {
  const TextStyle style{.size = kTickSize, .anchor = Anchor::end};
  const double cell = plan.plot.height / static_cast<double>(map.rows);
  const double x = plan.plot.x - 6;
  const auto draw = [&](double row, const std::string& text) {
    canvas.text({x, plan.plot.y + (row + 0.5) * cell + kTickSize * 0.36}, text, style);
  };
  const std::size_t step = every(cell, kTickSize + 2);
  for (std::size_t row = 0; row < map.row_names.size(); row += step)
    draw(static_cast<double>(row), map.row_names[row]);
  if (!map.row_names.empty()) return;
  for (const Tick& tick : plan.y.ticks) draw(tick.value - static_cast<double>(map.first_row), tick.label);
}

void draw_column_labels(Canvas& canvas, const PanelPlan& plan, const Heatmap& map) {
  const TextStyle style{.size = kTickSize, .anchor = Anchor::middle};
  const double cell = plan.plot.width / static_cast<double>(map.columns);
  const double y = plan.plot.bottom() + kTickLength + kTickSize;
  const auto draw = [&](double column, const std::string& text) {
    canvas.text({plan.plot.x + (column + 0.5) * cell, y}, text, style);
  };
  double widest = 0;
  for (const std::string& name : map.column_names) widest = std::max(widest, canvas.text_width(name, style));
  const std::size_t step = every(cell, widest + 6);
  for (std::size_t column = 0; column < map.column_names.size(); column += step)
    draw(static_cast<double>(column), map.column_names[column]);
  if (!map.column_names.empty()) return;
  for (const Tick& tick : plan.x.ticks) draw(tick.value - static_cast<double>(map.first_column), tick.label);
}

void draw_cell_texts(Canvas& canvas, const PanelPlan& plan, const Heatmap& map) {
  if (!map.cell_decimals) return;
  const double wide = plan.plot.width / static_cast<double>(map.columns);
  const double high = plan.plot.height / static_cast<double>(map.rows);
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    if (std::isnan(map.values[i])) continue;
    const bool light = luminance(cell_colour(map, plan.colours, map.values[i])) > kReadable;
    const TextStyle style{.size = kTickSize, .colour = light ? kInk : kPaper, .anchor = Anchor::middle};
    const auto column = static_cast<double>(i % map.columns), row = static_cast<double>(i / map.columns);
    canvas.text({plan.plot.x + (column + 0.5) * wide, plan.plot.y + (row + 0.5) * high + kTickSize * 0.36},
                number_text(map.values[i], *map.cell_decimals), style);
  }
}

}  // namespace

void draw_heatmap(Canvas& canvas, const PanelPlan& plan, const Heatmap& map) {
  std::vector<Colour> colours;
  for (const double value : map.values) colours.push_back(cell_colour(map, plan.colours, value));
  canvas.cells(plan.plot, map.columns, colours);
  const double cell = plan.plot.height / static_cast<double>(map.rows);
  for (const std::size_t row : map.row_breaks) {
    const double y = plan.plot.y + static_cast<double>(row) * cell;
    canvas.line(std::array{Place{plan.plot.x, y}, Place{plan.plot.right(), y}},
                {.colour = kPaper, .width = 1});
  }
  draw_cell_texts(canvas, plan, map);
  if (plan.labels_y) draw_row_labels(canvas, plan, map);
  if (plan.labels_x) draw_column_labels(canvas, plan, map);
  if (!plan.colour_bar) return;
  draw_colour_bar(canvas, {plan.plot.right() + 10, plan.plot.y, kColourBarWidth, plan.plot.height},
                  {.ruler = plan.colours, .map = map.map, .label = map.value_label});
}

void draw_colour_bar(Canvas& canvas, const Box& box, const ColourBar& bar) {
  constexpr std::size_t kSteps = 64;
  std::vector<Colour> colours;
  for (std::size_t i = 0; i < kSteps; ++i)
    colours.push_back(sequence_colour(bar.map, 1 - static_cast<double>(i) / (kSteps - 1)));
  canvas.cells(box, 1, colours);
  const TextStyle style{.size = kTickSize};
  double widest = 0;
  for (const Tick& tick : bar.ruler.ticks) {
    const double y = box.bottom() - bar.ruler.share(tick.value) * box.height;
    canvas.line(std::array{Place{box.right(), y}, Place{box.right() + 3, y}}, {.colour = kFrame});
    canvas.text({box.right() + 6, y + kTickSize * 0.36}, tick.label, style);
    widest = std::max(widest, canvas.text_width(tick.label, style));
  }
  canvas.text({box.right() + 6 + widest + 4 + kLabelSize, box.y + box.height / 2}, bar.label,
              {.size = kLabelSize, .anchor = Anchor::middle, .upwards = true});
}

}  // namespace pregate::plot
