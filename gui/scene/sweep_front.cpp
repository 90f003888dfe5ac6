// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/sweep_front.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace pregate {
namespace {

// Values of axes as what can be compared: numbers as they are, words by their place, nothing below all.
std::vector<double> values_but(const SweepTable& table, std::size_t row, std::optional<std::size_t> but) {
  std::vector<double> values;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const SweepColumn& column = table.columns[c];
    const bool told_apart = c < table.axes || column.name == "version" || column.name == "seed";
    if (!told_apart || c == but) continue;
    if (!column.has(row)) {
      values.push_back(-std::numeric_limits<double>::infinity());
    } else {
      values.push_back(column.is_words() ? column.words[row] : column.numbers[row]);
    }
  }
  return values;
}

std::optional<GhostRule> rule_of(const SweepTable& table, const char* path, const char* value) {
  const auto axis = table.find(path);
  if (!axis || *axis >= table.axes) return std::nullopt;
  const std::vector<std::string>& words = table.columns[*axis].dictionary;
  const auto at = std::find(words.begin(), words.end(), value);
  if (at == words.end() || words.size() < 2) return std::nullopt;
  return GhostRule{.axis = axis,
                   .word = static_cast<std::int32_t>(at - words.begin()),
                   .name = fmt::format("the same with {}", value)};
}

}  // namespace

std::vector<PlotPoint> pareto_front(std::span<const PlotPoint> points, Better x, Better y) {
  if (x == Better::neither || y == Better::neither) return {};
  const double sign_x = x == Better::less ? 1 : -1, sign_y = y == Better::less ? 1 : -1;
  std::vector<PlotPoint> sorted(points.begin(), points.end());
  std::erase_if(sorted, [](const PlotPoint& p) { return !std::isfinite(p.x) || !std::isfinite(p.y); });
  std::stable_sort(sorted.begin(), sorted.end(), [&](const PlotPoint& a, const PlotPoint& b) {
    return a.x != b.x ? sign_x * a.x < sign_x * b.x : sign_y * a.y < sign_y * b.y;
  });
  std::vector<PlotPoint> front;
  for (const PlotPoint& point : sorted) {
    // Equals of a point on the front are on it, too.
    const bool equal = !front.empty() && point.x == front.back().x && point.y == front.back().y;
    if (front.empty() || equal || sign_y * point.y < sign_y * front.back().y) front.push_back(point);
  }
  if (sign_x < 0) std::reverse(front.begin(), front.end());
  return front;
}

std::optional<GhostRule> ghost_rule(const SweepTable& table, std::size_t metric) {
  const std::string& name = table.columns[metric].name;
  if (name == "hit_rate_decode" || name == "decode.hit_rate" || name == "policy_hit_rate_decode") {
    if (const auto opt = table.find("opt_hit_rate_decode"))
      return GhostRule{.key = opt, .axis = {}, .name = "OPT, no prefetch"};
  }
  if (metric < table.axes) return std::nullopt;
  if (auto rule = rule_of(table, "policy.eviction", "belady")) return rule;
  return rule_of(table, "policy.prefetch", "oracle");
}

std::vector<std::optional<std::size_t>> ghost_rows(const SweepTable& table, const GhostRule& rule) {
  std::vector<std::optional<std::size_t>> ghosts(table.rows.size());
  if (!rule.axis) {
    for (std::size_t row = 0; row < ghosts.size(); ++row) ghosts[row] = row;
    return ghosts;
  }
  const SweepColumn& axis = table.columns[*rule.axis];
  std::map<std::vector<double>, std::size_t> best;  // of the rows with the ghost's word
  for (std::size_t row = 0; row < ghosts.size(); ++row) {
    if (table.rows[row].done && axis.words[row] == rule.word)
      best.emplace(values_but(table, row, rule.axis), row);
  }
  for (std::size_t row = 0; row < ghosts.size(); ++row) {
    if (axis.words[row] == rule.word || axis.words[row] < 0) continue;
    const auto at = best.find(values_but(table, row, rule.axis));
    if (at != best.end()) ghosts[row] = at->second;
  }
  return ghosts;
}

std::vector<double> ghost_values(const SweepTable& table, const GhostRule& rule, std::size_t metric) {
  std::vector<double> values(table.rows.size(), std::numeric_limits<double>::quiet_NaN());
  const std::vector<std::optional<std::size_t>> ghosts = ghost_rows(table, rule);
  const SweepColumn& column = table.columns[rule.key.value_or(metric)];
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (ghosts[row]) values[row] = column.numbers[*ghosts[row]];
  }
  return values;
}

std::vector<std::vector<std::size_t>> lines_along(const SweepTable& table, std::span<const std::size_t> shown,
                                                  std::size_t along) {
  std::map<std::vector<double>, std::size_t> group_of;
  std::vector<std::vector<std::size_t>> groups;
  const SweepColumn& axis = table.columns[along];
  for (const std::size_t row : shown) {
    if (!axis.has(row)) continue;
    const auto [at, is_new] = group_of.emplace(values_but(table, row, along), groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(row);
  }
  for (std::vector<std::size_t>& group : groups) {
    std::stable_sort(group.begin(), group.end(), [&axis](std::size_t a, std::size_t b) {
      return axis.is_words() ? axis.words[a] < axis.words[b] : axis.numbers[a] < axis.numbers[b];
    });
  }
  return groups;
}

std::optional<double> common_token_cycle(const SweepTable& table, std::span<const std::size_t> shown) {
  const auto key = table.find("token_cycle_bytes");
  if (!key || table.columns[*key].is_words()) return std::nullopt;
  std::optional<double> cycle;
  for (const std::size_t row : shown) {
    const double value = table.columns[*key].numbers[row];
    if (!table.rows[row].done || std::isnan(value)) continue;
    if (cycle && *cycle != value) return std::nullopt;
    cycle = value;
  }
  return cycle && *cycle > 0 ? cycle : std::nullopt;
}

}  // namespace pregate
