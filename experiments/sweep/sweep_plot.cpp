// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/sweep_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/sweep/selection.hpp"

namespace pregate {
namespace {

struct Layout {
  std::size_t x = 0;
  std::optional<std::size_t> series, panels;
  std::vector<std::size_t> keys;
  Shown x_shown;
};

Status find_optional(const StoredSweep& sweep, const std::string& path, std::optional<std::size_t>& axis) {
  if (path.empty()) return {};
  const Result<std::size_t> found = find_axis(sweep, path);
  if (!found) return found.error();
  axis = *found;
  return {};
}

bool is_number(const StoredSweep& sweep, std::size_t axis) {
  return sweep.axes[axis].kind != Quantity::Kind::text;
}

Result<Layout> lay_out(const StoredSweep& sweep, const PlotRequest& request) {
  Layout layout;
  std::optional<std::size_t> x;
  if (Status ok = find_optional(sweep, request.x, x); !ok) return ok.error();
  if (Status ok = find_optional(sweep, request.series, layout.series); !ok) return ok.error();
  if (Status ok = find_optional(sweep, request.panels, layout.panels); !ok) return ok.error();
  std::vector<std::size_t> free = varied_axes(sweep);
  const auto take = [&free](std::optional<std::size_t> axis) {
    if (axis) std::erase(free, *axis);
  };
  take(x);
  take(layout.series);
  take(layout.panels);
  if (!x) {
    const auto numeric =
        std::find_if(free.begin(), free.end(), [&](std::size_t a) { return is_number(sweep, a); });
    if (numeric == free.end()) return bad_input("an axis of numbers that varies, for x", "none");
    x = *numeric;
    take(x);
  }
  if (!is_number(sweep, *x)) return bad_input("an axis of numbers for x", sweep.axes[*x].path);
  for (auto* slot : {&layout.series, &layout.panels}) {
    if (*slot || free.empty()) continue;
    *slot = free.front();
    free.erase(free.begin());
  }
  if (!free.empty()) {
    return bad_input(fmt::format("one value of {} by --where, as x, series and panels are taken",
                                 sweep.axes[free[0]].path),
                     fmt::format("{} values of it", distinct_values(sweep, free[0]).size()));
  }
  layout.x = *x;
  layout.x_shown = shown_as(sweep, *x);
  for (const std::string& metric : request.metrics) {
    const Result<std::size_t> key = find_key(sweep, metric);
    if (!key) return key.error();
    layout.keys.push_back(*key);
  }
  return layout;
}

bool matches(const StoredSweep::Row& row, std::optional<std::size_t> axis, const Quantity* value) {
  return !axis || value == nullptr || row.values[*axis] == *value;
}

struct Slice {
  const Quantity* series = nullptr;
  const Quantity* panel = nullptr;
};

plot::Series line_of(const StoredSweep& sweep, const Layout& layout, const Slice& slice, std::size_t key) {
  const Shown y = shown_as(sweep.keys[key]);
  plot::Series line;
  std::vector<std::pair<double, double>> points;
  for (const StoredSweep::Row& row : sweep.rows) {
    if (!row.done || !row.values[layout.x] || !matches(row, layout.series, slice.series) ||
        !matches(row, layout.panels, slice.panel)) {
      continue;
    }
    if (const auto value = number_in(row.summary[key]))
      points.emplace_back(row.values[layout.x]->value() * layout.x_shown.factor, *value * y.factor);
  }
  std::sort(points.begin(), points.end());
  for (const auto& [at, value] : points) {
    line.x.push_back(at);
    line.y.push_back(value);
  }
  return line;
}

std::string name_of(const StoredSweep& sweep, std::size_t axis, const Quantity& value) {
  const std::string& path = sweep.axes[axis].path;
  const std::string last = path.substr(path.rfind('.') + 1);
  const bool bare =
      value.kind() == Quantity::Kind::number || value.text() == "true" || value.text() == "false";
  return bare ? fmt::format("{} {}", last, value.text()) : value.pretty();
}

// T where it is one number over the whole panel, as it is for one routing.
std::optional<double> token_cycle(const StoredSweep& sweep, const Layout& layout, const Slice& slice) {
  const auto key = sweep.key("token_cycle_bytes");
  if (!key || sweep.axes[layout.x].path != "dram.expert_budget") return std::nullopt;
  std::set<double> cycles;
  for (const StoredSweep::Row& row : sweep.rows) {
    if (!row.done || !matches(row, layout.panels, slice.panel)) continue;
    if (const auto value = number_in(row.summary[*key])) cycles.insert(*value);
  }
  return cycles.size() == 1 && *cycles.begin() > 0 ? std::optional(*cycles.begin()) : std::nullopt;
}

plot::Scale scale_of(const StoredSweep& sweep, std::size_t axis) {
  const std::vector<Quantity> values = distinct_values(sweep, axis);
  const double low = values.front().value(), high = values.back().value();
  return low > 0 && high / low >= 8 ? plot::Scale::log2 : plot::Scale::linear;
}

plot::Panel panel_of(const StoredSweep& sweep, const Layout& layout, const Slice& of) {
  const Shown y = shown_as(sweep.keys[layout.keys[0]]);
  const std::string& path = sweep.axes[layout.x].path;
  plot::Lines lines;
  const std::vector<Quantity> series =
      layout.series ? distinct_values(sweep, *layout.series) : std::vector<Quantity>();
  for (const std::size_t key : layout.keys) {
    for (std::size_t s = 0; s < std::max<std::size_t>(series.size(), 1); ++s) {
      const Slice slice{.series = series.empty() ? nullptr : &series[s], .panel = of.panel};
      plot::Series line = line_of(sweep, layout, slice, key);
      if (line.x.empty()) continue;
      line.name = series.empty() ? std::string() : name_of(sweep, *layout.series, series[s]);
      if (layout.keys.size() > 1) line.name += (line.name.empty() ? "" : ": ") + sweep.keys[key];
      lines.series.push_back(std::move(line));
    }
  }
  if (const auto cycle = token_cycle(sweep, layout, of)) {
    lines.references.push_back(
        {.at = *cycle * layout.x_shown.factor,
         .label = fmt::format("T = {}", to_text(Bytes(static_cast<std::int64_t>(*cycle))))});
  }
  // Of a share only what is shared out: its reference is a title's matter, and longer than a panel is high.
  const std::string& key = sweep.keys[layout.keys[0]];
  return {.title = of.panel == nullptr ? std::string() : name_of(sweep, *layout.panels, *of.panel),
          .x = {.label = path.substr(path.rfind('.') + 1),
                .unit = layout.x_shown.unit,
                .scale = scale_of(sweep, layout.x)},
          .y = {.label = key.substr(0, key.find('/')), .unit = y.unit, .min = 0},
          .content = std::move(lines)};
}

}  // namespace

Result<plot::Figure> sweep_figure(const StoredSweep& sweep, const PlotRequest& request) {
  if (sweep.rows.empty()) return bad_input("a sweep with rows", "none");
  const Result<Layout> layout = lay_out(sweep, request);
  if (!layout) return layout.error();
  const std::vector<Quantity> panels =
      layout->panels ? distinct_values(sweep, *layout->panels) : std::vector<Quantity>();
  plot::Figure figure{.title = request.title.empty()
                                   ? fmt::format("{} over {}", request.metrics[0], sweep.axes[layout->x].path)
                                   : request.title,
                      .subtitle = fmt::format("simulated; {} scenarios", sweep.rows.size()),
                      .share = {.x = true, .y = true}};
  for (std::size_t p = 0; p < std::max<std::size_t>(panels.size(), 1); ++p)
    figure.panels.push_back(panel_of(sweep, *layout, {.panel = panels.empty() ? nullptr : &panels[p]}));
  const auto count = static_cast<std::int32_t>(figure.panels.size());
  figure.columns = count == 1 ? 1 : count <= 4 ? 2 : 3;
  const std::int32_t rows = (count + figure.columns - 1) / figure.columns;
  figure.width = count == 1 ? 860 : 420 * figure.columns;
  figure.height = count == 1 ? 480 : 120 + 300 * rows;
  return figure;
}

}  // namespace pregate
