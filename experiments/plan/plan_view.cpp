// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/plan/plan.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/table.hpp"
#include "experiments/wrap.hpp"

namespace pregate {
namespace {

std::string number_text(const std::string& key, std::optional<double> value) {
  if (!value) return "-";
  const Shown shown = shown_as(key);
  const double scaled = *value * shown.factor;
  const int decimals = std::abs(scaled) > 0 && std::abs(scaled) < 0.1 ? 4 : shown.decimals;
  return fmt::format("{:.{}f}{}{}", scaled, decimals, shown.unit.empty() ? "" : " ", shown.unit);
}

std::string values_text(const Plan& plan, const PlanPoint& point) {
  std::string text;
  for (std::size_t a = 0; a < plan.axes.size(); ++a)
    text += fmt::format("{}{} = {}", a == 0 ? "" : ", ", plan.axes[a].path, plan.value(point, a).pretty());
  return text;
}

std::string targets_text(const Plan& plan) {
  std::string text;
  for (const Target& target : plan.targets) text += (text.empty() ? "" : " and ") + target.text;
  return text;
}

std::string reached_text(const Plan& plan, const PlanPoint& point) {
  std::string text;
  for (const Target& target : plan.targets) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", target.key,
                        number_text(target.key, value_of(point.summary, target.key)));
  }
  return text;
}

std::string range_text(const PlanAxis& axis) {
  return fmt::format("{} values of {} from {} to {}", axis.values.size(), axis.path,
                     axis.values.front().pretty(), axis.values.back().pretty());
}

// What forbids the target at the point that came nearest: first what holds whatever is loaded when.
std::string bound_text(const Plan& plan, const PlanPoint& best) {
  if (best.summary.empty()) return fmt::format("No scenario could be simulated: {}", best.error);
  const auto resident = value_of(best.summary, "tokens_per_second_if_resident");
  const Target& target = plan.targets[0];
  const bool speed = target.key == "tokens_per_second" && target.at_least;
  if (speed && resident && *resident < target.bound) {
    return fmt::format(
        "Compute forbids it there: with every expert in DRAM and nothing to wait for, this device decodes "
        "{:.2f} tokens/s "
        "(simulated).",
        *resident);
  }
  const auto bound = value_of(best.summary, "bound_s"), makespan = value_of(best.summary, "makespan_s");
  std::string by = "its busiest part";
  for (const auto& [key, value] : best.summary) {
    if (key == "bound_by" && value.is_string()) by = value.get<std::string>();
  }
  std::string text;
  if (bound && makespan && *bound > 0) {
    text = fmt::format(
        "The bound there is the {}: no order of the same work takes less than {:.3f} s, and it takes {:.3f} "
        "s.",
        by, *bound, *makespan);
  }
  if (speed && resident)
    text += fmt::format(" With every expert in DRAM it would be {:.2f} tokens/s at most (compute alone).",
                        *resident);
  return text;
}

// The points around the answer along the first axis, or the frontier of two.
std::string points_text(const Plan& plan, const Look& look) {
  std::vector<Column> columns;
  for (const PlanAxis& axis : plan.axes) columns.push_back({axis.path});
  for (const Target& target : plan.targets) columns.push_back({target.key});
  columns.push_back({"decode\nhit rate"});
  columns.push_back({"", Align::left});
  std::vector<std::size_t> shown;
  if (plan.axes.size() == 2) {
    shown = plan.frontier;
  } else {
    constexpr std::size_t kMost = 14;
    const std::size_t centre = plan.answer.value_or(plan.best);
    const std::size_t from = centre > kMost / 2 ? centre - kMost / 2 : 0;
    for (std::size_t i = from; i < std::min(plan.seen.size(), from + kMost); ++i) shown.push_back(i);
  }
  Table table(std::move(columns));
  for (const std::size_t i : shown) {
    const PlanPoint& point = plan.seen[i];
    std::vector<std::string> cells;
    for (std::size_t a = 0; a < plan.axes.size(); ++a) cells.push_back(plan.value(point, a).pretty());
    for (const Target& target : plan.targets)
      cells.push_back(point.error.empty() ? number_text(target.key, value_of(point.summary, target.key))
                                          : "failed");
    const auto hits = value_of(point.summary, "hit_rate_decode");
    cells.push_back(hits ? percent(*hits) : "-");
    cells.emplace_back(plan.answer == i ? "<- the answer" : point.shortfall <= 0 ? "reaches" : "");
    table.row(std::move(cells));
  }
  return table.text(look);
}

std::string sensitivity_text(const Plan& plan, const Look& look) {
  if (plan.sensitivity.empty()) return {};
  Table table({{"", Align::left}, {"now"}, {"10 % better"}, {plan.targets[0].key}, {"change"}});
  for (const SensitivityRow& row : plan.sensitivity) {
    table.row({row.name, row.before, row.after,
               row.error.empty() ? number_text(plan.targets[0].key, row.value) : "failed",
               row.error.empty() ? fmt::format("{:+.2f} %", row.change * 100) : ""});
  }
  return fmt::format(
      "\nSensitivity  each device parameter 10 % better at the answer, the others as they are; simulated\n{}",
      table.text(look));
}

std::string verdict(const Plan& plan) {
  if (plan.answer) {
    const PlanPoint& point = plan.seen[*plan.answer];
    std::string text = fmt::format("{} is the cheapest that reaches {}: {} (simulated).",
                                   values_text(plan, point), targets_text(plan), reached_text(plan, point));
    if (plan.axes.size() == 2) {
      text += plan.cost ? fmt::format(" It costs {:.2f} by --price.", *plan.cost)
                        : " Cheapest: the least way into both ranges taken together; --price says otherwise.";
    } else if (plan.cost) {
      text += fmt::format(" It costs {:.2f} by --price.", *plan.cost);
    }
    return text;
  }
  const PlanPoint& best = plan.seen[plan.best];
  std::string text = fmt::format("No value reaches {}.", targets_text(plan));
  if (!best.summary.empty())
    text +=
        fmt::format(" The nearest is {}: {} (simulated).", values_text(plan, best), reached_text(plan, best));
  return text + " " + bound_text(plan, best);
}

std::string seen_text(const Plan& plan) {
  std::string ranges;
  for (const PlanAxis& axis : plan.axes) ranges += (ranges.empty() ? "" : ", ") + range_text(axis);
  std::string text =
      fmt::format("Searched {}: {} simulated, {:.1f} s (measured).", ranges, plan.seen.size(), plan.wall_s);
  text += plan.monotone ? " What was seen only got better from value to value."
                        : " What was seen was not monotone: a dearer value was worse somewhere.";
  if (plan.unseen > 0) {
    text += fmt::format(
        " {} cheaper ones were not looked at, as their neighbours fall short by more than they differ; --all "
        "looks at every one.",
        plan.unseen);
  }
  return text;
}

Json values_json(const Plan& plan, const PlanPoint& point) {
  Json out = Json::object();
  for (std::size_t a = 0; a < plan.axes.size(); ++a) {
    const Quantity& value = plan.value(point, a);
    const bool counted = value.kind() != Quantity::Kind::number && value.kind() != Quantity::Kind::duration;
    out[plan.axes[a].path] = value.is_text() ? Json(value.text())
                             : counted       ? Json(value.count())
                                             : Json(value.value());
  }
  return out;
}

Json point_json(const Plan& plan, const PlanPoint& point) {
  Json out = {{"values", values_json(plan, point)}, {"reaches", point.shortfall <= 0}};
  out["shortfall"] = std::isfinite(point.shortfall) ? Json(point.shortfall) : Json();
  out["error"] = point.error.empty() ? Json() : Json(point.error);
  for (const char* key :
       {"tokens_per_second", "hit_rate_decode", "tokens_per_second_if_resident", "bound_s", "makespan_s"}) {
    const auto value = value_of(point.summary, key);
    out[key] = value ? Json(*value) : Json();
  }
  for (const Target& target : plan.targets) {
    const auto value = value_of(point.summary, target.key);
    out[target.key] = value ? Json(*value) : Json();
  }
  return out;
}

}  // namespace

std::string plan_text(const Plan& plan, const Look& look) {
  std::string text = wrapped(verdict(plan), 0, 100) + "\n" + points_text(plan, look);
  text += "\n" + wrapped(seen_text(plan), 0, 100);
  return text + sensitivity_text(plan, look);
}

Json plan_json(const Plan& plan) {
  Json out = {{"reached", plan.answer.has_value()}};
  out["targets"] = Json::array();
  for (const Target& target : plan.targets) {
    out["targets"].push_back({{"key", target.key}, {"at_least", target.at_least}, {"bound", target.bound}});
  }
  out["answer"] = plan.answer ? point_json(plan, plan.seen[*plan.answer]) : Json();
  out["cost"] = plan.cost ? Json(*plan.cost) : Json();
  out["nearest"] = point_json(plan, plan.seen[plan.best]);
  out["forbidden_by"] = plan.answer ? Json() : Json(bound_text(plan, plan.seen[plan.best]));
  out["frontier"] = Json::array();
  for (const std::size_t i : plan.frontier) out["frontier"].push_back(point_json(plan, plan.seen[i]));
  out["seen"] = Json::array();
  for (const PlanPoint& point : plan.seen) out["seen"].push_back(point_json(plan, point));
  out["candidates"] = plan.candidates;
  out["unseen"] = plan.unseen;
  out["monotone"] = plan.monotone;
  out["sensitivity"] = Json::array();
  for (const SensitivityRow& row : plan.sensitivity) {
    out["sensitivity"].push_back({{"path", row.path},
                                  {"name", row.name},
                                  {"before", row.before},
                                  {"after", row.after},
                                  {"value", row.value ? Json(*row.value) : Json()},
                                  {"change", row.error.empty() ? Json(row.change) : Json()},
                                  {"error", row.error.empty() ? Json() : Json(row.error)}});
  }
  out["wall_s"] = plan.wall_s;
  return out;
}

}  // namespace pregate
