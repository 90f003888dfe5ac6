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

// All of a key, as "decode.hit_rate" and "hit_rate" differ.
std::string readable_key(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
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
  if (distinct_values(sweep, *x).empty())
    return bad_input("an axis that these rows have, for x", sweep.axes[*x].path);
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
  if (layout.series == x || layout.panels == x || (layout.series && layout.series == layout.panels))
    return bad_input("different axes for x, series and panels", "one twice");
  layout.x = *x;
  layout.x_shown = shown_as(sweep, *x);
  for (const std::string& metric : request.metrics) {
    const Result<std::size_t> key = find_key(sweep, metric);
    if (!key) return key.error();
    if (std::find(layout.keys.begin(), layout.keys.end(), *key) == layout.keys.end())
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

// T where it is one number over the whole panel, as it is for one routing.
std::optional<double> token_cycle(const StoredSweep& sweep, const Layout& layout, const Slice& slice) {
  const auto key = sweep.key("token_cycle_bytes");
  if (!key || sweep.axes[layout.x].path != "dram.expert_budget") return std::nullopt;
  std::set<double> cycles;
  for (const StoredSweep::Row& row : sweep.rows) {
    if (!row.done || !matches(row, layout.panels, slice.panel)) continue;
    if (const auto value = number_in(row.summary[*key])) cycles.insert(*value);
  }
  constexpr double kMostBytes = 9e18;  // what a file says may be beyond a count
  const bool one = cycles.size() == 1 && *cycles.begin() > 0 && *cycles.begin() <= kMostBytes;
  return one ? std::optional(*cycles.begin()) : std::nullopt;
}

plot::Scale scale_of(const StoredSweep& sweep, std::size_t axis) {
  const std::vector<Quantity> values = distinct_values(sweep, axis);
  const double low = values.front().value(), high = values.back().value();
  return low > 0 && high / low >= 8 ? plot::Scale::log2 : plot::Scale::linear;
}

bool any_negative(const plot::Lines& lines) {
  return std::any_of(lines.series.begin(), lines.series.end(), [](const plot::Series& line) {
    return std::any_of(line.y.begin(), line.y.end(), [](double y) { return y < 0; });
  });
}

// A panel is one metric for one value of the panels' axis.
plot::Panel panel_of(const StoredSweep& sweep, const Layout& layout, const Slice& of, std::size_t key) {
  const Shown y = shown_as(sweep.keys[key]);
  plot::Lines lines;
  const std::vector<Quantity> series =
      layout.series ? distinct_values(sweep, *layout.series) : std::vector<Quantity>();
  for (std::size_t s = 0; s < std::max<std::size_t>(series.size(), 1); ++s) {
    const Slice slice{.series = series.empty() ? nullptr : &series[s], .panel = of.panel};
    plot::Series line = line_of(sweep, layout, slice, key);
    if (line.x.empty()) continue;
    if (!series.empty()) line.name = value_name(sweep.axes[*layout.series].path, series[s]);
    lines.series.push_back(std::move(line));
  }
  if (const auto cycle = token_cycle(sweep, layout, of)) {
    lines.references.push_back(
        {.at = *cycle * layout.x_shown.factor,
         .label = fmt::format("T = {}", to_text(Bytes(static_cast<std::int64_t>(*cycle))))});
  }
  // Of a share only what is shared out: its reference is a title's matter, and longer than a panel is high.
  // Of two units both are told: what a number is for each of the other.
  const std::string whole =
      y.unit == "%" ? sweep.keys[key].substr(0, sweep.keys[key].find('/')) : sweep.keys[key];
  const std::string metric = fmt::format("{} ({})", readable_key(whole), how_known(sweep, whole));
  std::string title =
      of.panel == nullptr ? std::string() : value_name(sweep.axes[*layout.panels].path, *of.panel);
  if (layout.keys.size() > 1) title += (title.empty() ? "" : ": ") + metric;
  const bool from_zero = !any_negative(lines);
  return {.title = std::move(title),
          .note = {},
          .x = {.label = readable(sweep.axes[layout.x].path),
                .unit = layout.x_shown.unit,
                .scale = scale_of(sweep, layout.x),
                .min = {},
                .max = {}},
          .y = {.label = readable_key(whole),
                .unit = y.unit,
                .scale = plot::Scale::linear,
                .min = from_zero ? std::optional(0.0) : std::nullopt,
                .max = {}},
          .content = std::move(lines)};
}

std::string subtitle_of(const StoredSweep& sweep, const Layout& layout) {
  const auto failed = std::count_if(sweep.rows.begin(), sweep.rows.end(),
                                    [](const StoredSweep::Row& row) { return !row.done; });
  std::string text =
      fmt::format("{}; {} scenarios", how_known(sweep, sweep.keys[layout.keys[0]]), sweep.rows.size());
  if (layout.keys.size() > 1) text = fmt::format("{} scenarios", sweep.rows.size());
  if (failed > 0) text += fmt::format(", {} of them failed and are left out", failed);
  if (layout.series) text += fmt::format("; a line a value of {}", readable(sweep.axes[*layout.series].path));
  return text;
}

// A row of panels a metric where there are several, else a grid.
void set_grid(plot::Figure& figure, std::size_t metrics) {
  const auto count = static_cast<std::int32_t>(figure.panels.size());
  const auto rows_of_metrics = static_cast<std::int32_t>(metrics);
  const std::int32_t across = count / rows_of_metrics;
  const std::int32_t square = count == 1 ? 1 : count <= 4 ? 2 : 3;
  figure.columns = metrics > 1 && across > 1 && across <= 4 ? across : square;
  const std::int32_t rows = (count + figure.columns - 1) / figure.columns;
  figure.width = count == 1 ? 860 : 440 * figure.columns;
  figure.height = count == 1 ? 480 : 120 + 300 * rows;
}

}  // namespace

Status check_figure(const StoredSweep& sweep, const PlotRequest& request) {
  if (sweep.rows.empty()) return bad_input("a sweep with rows", "none");
  if (const auto layout = lay_out(sweep, request); !layout) return layout.error();
  const Result<StoredSweep> points = one_row_a_point(sweep);
  return points ? Status() : Status(points.error());
}

Result<plot::Figure> sweep_figure(const StoredSweep& all, const PlotRequest& request) {
  if (all.rows.empty()) return bad_input("a sweep with rows", "none");
  const Result<Layout> layout = lay_out(all, request);
  if (!layout) return layout.error();
  const Result<StoredSweep> points = one_row_a_point(all);
  if (!points) return points.error();
  const StoredSweep& sweep = *points;
  const std::vector<Quantity> panels =
      layout->panels ? distinct_values(sweep, *layout->panels) : std::vector<Quantity>();
  const std::string x = readable(sweep.axes[layout->x].path);
  const std::string what =
      layout->keys.size() == 1 ? readable_key(sweep.keys[layout->keys[0]]) : std::string("sweep");
  const bool one = layout->keys.size() == 1;
  plot::Figure figure{.title = request.title.empty() ? fmt::format("{} over {}", what, x) : request.title,
                      .subtitle = subtitle_of(sweep, *layout),
                      .share = {.x = one, .y = one},
                      .panels = {}};
  for (const std::size_t key : layout->keys) {
    for (std::size_t p = 0; p < std::max<std::size_t>(panels.size(), 1); ++p) {
      figure.panels.push_back(
          panel_of(sweep, *layout, {.series = nullptr, .panel = panels.empty() ? nullptr : &panels[p]}, key));
    }
  }
  set_grid(figure, layout->keys.size());
  if (std::all_of(figure.panels.begin(), figure.panels.end(), [](const plot::Panel& panel) {
        return std::get<plot::Lines>(panel.content).series.empty();
      })) {
    return bad_input("at least one row that ran to its end and has a number", "none");
  }
  return figure;
}

}  // namespace pregate
