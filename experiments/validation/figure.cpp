// SPDX-License-Identifier: Apache-2.0
// Measured over predicted tokens/s: on the diagonal the prediction is right. Colour and lightness say whether
// there is prefetch, the shape how many lanes, so that neither needs the other.
#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/validation/report.hpp"
#include "experiments/validation/words.hpp"

namespace pregate {
namespace {

constexpr plot::Colour kOn = {0, 60, 115}, kOff = {225, 125, 15}, kGrey = {120, 120, 120};
// Above this ratio of the fastest to the slowest cell both axes are logarithmic.
constexpr double kLinearRatio = 4;
// Those that are easiest to tell apart first.
constexpr std::array kMarkers = {plot::Marker::circle, plot::Marker::triangle,      plot::Marker::square,
                                 plot::Marker::cross,  plot::Marker::down_triangle, plot::Marker::diamond};

struct Point {
  const ValidationCell* cell = nullptr;
  double predicted = 0;
  Repeats measured;
  double error = 0;
};

// Cells that decode, of a model.
std::vector<Point> points_of(const Validation& validation, const std::string& model) {
  std::vector<Point> out;
  for (const ValidationCell& cell : validation.cells) {
    const ComparedFigure speed = compare(cell, ValidationFigure::tokens_per_second);
    if (cell.of.model != model || !speed.error || !(*speed.predicted > 0) || !(speed.measured->low > 0))
      continue;
    out.push_back(
        {.cell = &cell, .predicted = *speed.predicted, .measured = *speed.measured, .error = *speed.error});
  }
  return out;
}

struct Ends {
  double low = 0, high = 0;
  plot::Scale scale = plot::Scale::linear;
};

// One range for both axes, so that the diagonal is one.
Ends ends_of(const std::vector<Point>& points) {
  double low = points.front().predicted, high = low;
  for (const Point& p : points) {
    low = std::min({low, p.predicted, p.measured.low});
    high = std::max({high, p.predicted, p.measured.high});
  }
  if (high / low < kLinearRatio) return {.low = 0, .high = 1.1 * high};
  return {.low = low / 1.25, .high = high * 1.25, .scale = plot::Scale::log10};
}

// Where predicted / measured - 1 is `error`, from end to end of the panel.
plot::Series line_at(double error, const Ends& ends, plot::Dash dash, std::string name) {
  // It begins inside on both axes and is cut where it would leave on top.
  const double slope = 1 / (1 + error);
  const double first = ends.low * std::max(1.0, 1 / slope), last = ends.high * std::min(1.0, 1 / slope);
  return {.name = std::move(name),
          .x = {first, last},
          .y = {first * slope, last * slope},
          .colour = kGrey,
          .marker = plot::Marker::none,
          .dash = dash};
}

void add_guides(plot::Lines& lines, const Ends& ends) {
  lines.series.push_back(line_at(0, ends, plot::Dash::solid, "predicted = measured"));
  for (const double size : {kMedianTarget, kWorstTarget}) {
    const plot::Dash dash = size == kMedianTarget ? plot::Dash::dashed : plot::Dash::dotted;
    const std::string name = fmt::format("error of +/- {:g} %", 100 * size);
    lines.series.push_back(line_at(size, ends, dash, name));
    lines.series.push_back(line_at(-size, ends, dash, name));
  }
}

void add_marks(plot::Lines& lines, const std::vector<Point>& points,
               const std::vector<std::int32_t>& lane_counts) {
  std::map<std::pair<bool, std::int32_t>, plot::Series> series;
  for (const Point& p : points) {
    const ValidationCase& of = p.cell->of;
    const bool on = of.prefetch != PrefetchKind::none;
    plot::Series& one = series[{!on, of.lanes}];
    if (one.x.empty()) {
      const auto shape = static_cast<std::size_t>(
          std::find(lane_counts.begin(), lane_counts.end(), of.lanes) - lane_counts.begin());
      one.name = fmt::format("prefetch {}, {} lane{}", on ? "on" : "off", of.lanes, of.lanes == 1 ? "" : "s");
      one.joined = false;
      one.colour = on ? kOn : kOff;
      one.marker = kMarkers[shape % kMarkers.size()];
    }
    one.x.push_back(p.predicted);
    one.y.push_back(p.measured.median);
    one.low.push_back(p.measured.low);
    one.high.push_back(p.measured.high);
  }
  for (auto& [key, one] : series) lines.series.push_back(std::move(one));
}

std::vector<std::int32_t> lanes_of(const Validation& validation) {
  std::vector<std::int32_t> out;
  for (const ValidationCell& cell : validation.cells) out.push_back(cell.of.lanes);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

plot::Panel panel_of(const std::string& model, const std::vector<Point>& points,
                     const std::vector<std::int32_t>& lane_counts) {
  const Ends ends = ends_of(points);
  plot::Lines lines;
  add_guides(lines, ends);
  add_marks(lines, points, lane_counts);
  const Point& worst = *std::max_element(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return std::abs(a.error) < std::abs(b.error);
  });
  lines.notes.push_back({.x = worst.predicted,
                         .y = worst.measured.median,
                         .text = fmt::format("{}, budget {}", error_cell(worst.error),
                                             budget_text(worst.cell->of.budget_share))});
  const auto axis = [&ends](const char* label) {
    return plot::Axis{
        .label = label, .unit = "tokens/s", .scale = ends.scale, .min = ends.low, .max = ends.high};
  };
  return {.title = model,
          .note = "above the line: faster than predicted",
          .x = axis("predicted"),
          .y = axis("measured"),
          .content = std::move(lines)};
}

}  // namespace

Result<plot::Figure> validation_figure(const Validation& validation) {
  const std::vector<std::int32_t> lane_counts = lanes_of(validation);
  plot::Figure figure{
      .title = "Decode speed, measured and predicted",
      .subtitle = fmt::format("{}; predicted: simulated on {}; measured: the median, bars "
                              "from the slowest to the fastest repeat; {}",
                              size_text(validation), validation.head.device, validation.head.machine)};
  for (const std::string& model : models_of(validation)) {
    const std::vector<Point> points = points_of(validation, model);
    if (!points.empty()) figure.panels.push_back(panel_of(model, points, lane_counts));
  }
  if (figure.panels.empty())
    return bad_input("a cell that decodes tokens in measurable time", "none", "cells");
  const auto panels = static_cast<std::int32_t>(figure.panels.size());
  figure.columns = std::min(panels, 2);
  // Plots that are about square below two or three lines of text.
  figure.width = figure.columns == 1 ? 640 : 1120;
  figure.height = figure.columns == 1 ? 740 : std::min(130 + 530 * ((panels + 1) / 2), 8000);
  return figure;
}

}  // namespace pregate
