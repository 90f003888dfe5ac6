// SPDX-License-Identifier: Apache-2.0
// What is worked out between a sweep's rows for a plot: the Pareto front, the row that is OPT's answer to
// another, rows that make a line. No pixels.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gui/scene/sweep_table.hpp"

namespace pregate {

struct PlotPoint {
  double x = 0, y = 0;
  std::size_t row = 0;
};

// The points that no other is better than in one way and at least as good in the other, by x. `x`, `y`: which
// side is better; neither of both has no front.
std::vector<PlotPoint> pareto_front(std::span<const PlotPoint> points, Better x, Better y);

// What an OPT ghost is: another key of the same row, or the same key of the row that differs in one axis
// alone; a sweep that has neither has no ghosts.
struct GhostRule {
  std::optional<std::size_t> key;   // of the same row: opt_hit_rate_decode
  std::optional<std::size_t> axis;  // "policy.eviction"
  std::int32_t word = -1;           // "belady", in the axis' dictionary
  std::string name;                 // for the legend
};
std::optional<GhostRule> ghost_rule(const SweepTable& table, std::size_t metric);
// For every row the row whose number its ghost is: itself where the rule is a key; none where there is none
// or where it would be the same.
std::vector<std::optional<std::size_t>> ghost_rows(const SweepTable& table, const GhostRule& rule);
// For every row its ghost's value of `metric`; NaN: none.
std::vector<double> ghost_values(const SweepTable& table, const GhostRule& rule, std::size_t metric);

// Rows with the same values in all axes but `along`, each group sorted by it; groups in order of their first
// rows. Of the rows in `shown` that have it.
std::vector<std::vector<std::size_t>> lines_along(const SweepTable& table, std::span<const std::size_t> shown,
                                                  std::size_t along);

// The token cycle T in bytes where all these rows that ran have the same one.
std::optional<double> common_token_cycle(const SweepTable& table, std::span<const std::size_t> shown);

}  // namespace pregate
