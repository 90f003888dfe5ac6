// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "experiments/plan/plan.hpp"

namespace pregate {
namespace {

// Over a range as wide as this, equal factors are the better steps.
constexpr double kWide = 8;

std::vector<Quantity> as_many_as_there_are(const AxisRange& range, std::size_t steps) {
  for (std::size_t count = steps; count >= 2; --count) {
    if (Result<std::vector<Quantity>> values = spread(range, static_cast<std::int64_t>(count), true))
      return *values;
  }
  return {range.low, range.high};
}

}  // namespace

Result<PlanAxis> plan_axis(const std::string& over, bool high_first, std::size_t steps,
                           const BudgetRange& budget) {
  std::string text = over;
  if (over == "dram.expert_budget") {
    text = fmt::format("{}={}..{}", over,
                       Quantity::of_count(Quantity::Kind::bytes, budget.largest_event.count()).text(),
                       Quantity::of_count(Quantity::Kind::bytes, budget.all_experts.count()).text());
  }
  Result<Axis> axis = parse_axis(text);
  if (!axis) return axis.error();
  PlanAxis out{.path = axis->path, .values = axis->values, .price = {}, .price_unit = {}};
  if (out.values.empty()) {
    AxisRange range = *axis->range;
    range.logarithmic = range.low.value() > 0 && range.high.value() >= kWide * range.low.value();
    if (axis->whole) {
      out.values = as_many_as_there_are(range, steps);
    } else {
      Result<std::vector<Quantity>> values = spread(range, static_cast<std::int64_t>(steps), false);
      if (!values) return values.error().at("", axis->path);
      out.values = std::move(*values);
    }
  }
  if (high_first) std::reverse(out.values.begin(), out.values.end());
  return out;
}

}  // namespace pregate
