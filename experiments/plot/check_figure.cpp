// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/plot/figure.hpp"

namespace pregate::plot {
namespace {

constexpr std::int32_t kSmallest = 100, kLargest = 8192;
constexpr double kMost = 1e100;           // beyond, the arithmetic of ticks would leave the numbers
constexpr std::size_t kMostCells = 4096;  // in a row or column of a heatmap

Status check_numbers(const std::vector<double>& values, const Axis& axis, const std::string& what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(std::abs(values[i]) <= kMost))
      return bad_input("a finite number", fmt::format("{}", values[i]), fmt::format("{}[{}]", what, i));
    if (axis.scale != Scale::linear && values[i] <= 0)
      return bad_input("a number above zero on a logarithmic axis", fmt::format("{}", values[i]),
                       fmt::format("{}[{}]", what, i));
  }
  return {};
}

Status check_length(std::size_t found, std::size_t expected, const std::string& what) {
  if (found == expected) return {};
  return bad_input(fmt::format("{} values", expected), fmt::format("{}", found), what);
}

Status check_axis(const Axis& axis, const std::string& what) {
  for (const std::optional<double>& end : {axis.min, axis.max}) {
    if (!end) continue;
    if (const Status sound = check_numbers({*end}, axis, what + ": end"); !sound) return sound;
  }
  if (axis.min && axis.max && *axis.min >= *axis.max)
    return bad_input("a least value below the most", fmt::format("{} and {}", *axis.min, *axis.max), what);
  return {};
}

Status check_series(const Series& s, const Panel& panel) {
  const std::string what = fmt::format("series \"{}\"", s.name);
  if (const Status same = check_length(s.y.size(), s.x.size(), what + ": y"); !same) return same;
  if (s.low.size() + s.high.size() > 0) {
    if (const Status same = check_length(s.low.size(), s.x.size(), what + ": low"); !same) return same;
    if (const Status same = check_length(s.high.size(), s.x.size(), what + ": high"); !same) return same;
  }
  if (const Status sound = check_numbers(s.x, panel.x, what + ": x"); !sound) return sound;
  for (const auto& [values, name] : {std::pair{&s.y, ": y"}, {&s.low, ": low"}, {&s.high, ": high"}}) {
    if (const Status sound = check_numbers(*values, panel.y, what + name); !sound) return sound;
  }
  return {};
}

Status check_content(const Lines& lines, const Panel& panel) {
  for (const Series& s : lines.series) {
    if (const Status sound = check_series(s, panel); !sound) return sound;
  }
  for (const Reference& r : lines.references) {
    const Axis& axis = r.direction == Reference::Direction::vertical ? panel.x : panel.y;
    if (const Status sound = check_numbers({r.at}, axis, "reference \"" + r.label + "\""); !sound)
      return sound;
  }
  for (const Note& note : lines.notes) {
    const std::string what = "note \"" + note.text + "\"";
    if (const Status sound = check_numbers({note.x}, panel.x, what + ": x"); !sound) return sound;
    if (const Status sound = check_numbers({note.y}, panel.y, what + ": y"); !sound) return sound;
  }
  return {};
}

Status check_content(const Heatmap& map, const Panel&) {
  for (const std::size_t size : {map.rows, map.columns}) {
    if (size == 0 || size > kMostCells)
      return bad_input(fmt::format("1 to {} rows and columns", kMostCells), fmt::format("{}", size),
                       "heatmap");
  }
  if (const Status same = check_length(map.values.size(), map.rows * map.columns, "heatmap: values"); !same)
    return same;
  if (std::any_of(map.values.begin(), map.values.end(), [](double v) { return std::isinf(v); }))
    return bad_input("finite numbers, or NaN for no cell", "an infinite one", "heatmap: values");
  if (!map.row_names.empty()) {
    if (const Status same = check_length(map.row_names.size(), map.rows, "heatmap: row names"); !same)
      return same;
  }
  if (map.column_names.empty()) return {};
  return check_length(map.column_names.size(), map.columns, "heatmap: column names");
}

Status check_content(const StackedBars& bars, const Panel& panel) {
  if (bars.categories.empty()) return bad_input("at least one category", "none", "bars");
  if (panel.x.scale != Scale::linear)
    return bad_input("a linear axis under stacked bars", "a logarithmic one", "bars");
  for (const BarPart& part : bars.parts) {
    const std::string what = fmt::format("part \"{}\"", part.name);
    if (const Status same = check_length(part.values.size(), bars.categories.size(), what); !same)
      return same;
    if (const Status sound = check_numbers(part.values, panel.x, what); !sound) return sound;
    if (std::any_of(part.values.begin(), part.values.end(), [](double v) { return v < 0; }))
      return bad_input("no negative values", "a negative one", what);
  }
  return {};
}

Status check_panel(const Panel& panel) {
  if (const Status sound = check_axis(panel.x, "x axis"); !sound) return sound;
  if (const Status sound = check_axis(panel.y, "y axis"); !sound) return sound;
  return std::visit([&panel](const auto& content) { return check_content(content, panel); }, panel.content);
}

}  // namespace

Status check_figure(const Figure& figure) {
  for (const std::int32_t size : {figure.width, figure.height}) {
    if (size < kSmallest || size > kLargest)
      return bad_input(fmt::format("a width and height of {} to {} pixels", kSmallest, kLargest),
                       fmt::format("{}", size), "figure");
  }
  if (figure.panels.empty()) return bad_input("at least one panel", "none", "figure");
  if (figure.columns < 1)
    return bad_input("at least one column", fmt::format("{}", figure.columns), "figure");
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Status sound = check_panel(figure.panels[i]);
    if (sound) continue;
    Error error = sound.error();
    error.place = fmt::format("panel {}: {}", i + 1, error.place);
    return error;
  }
  return {};
}

}  // namespace pregate::plot
