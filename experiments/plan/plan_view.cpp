// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/plan/plan.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/sweep/stored_sweep.hpp"
#include "experiments/table.hpp"
#include "experiments/wrap.hpp"

namespace pregate {
namespace {

std::string number_text(const std::string& key, std::optional<double> value, int more_digits = 0) {
  if (!value) return "-";
  const Shown shown = shown_as(key);
  const double scaled = *value * shown.factor;
  const int decimals = (std::abs(scaled) > 0 && std::abs(scaled) < 0.1 ? 4 : shown.decimals) + more_digits;
  return fmt::format("{:.{}f}{}{}", scaled, decimals, shown.unit.empty() ? "" : " ", shown.unit);
}

// A value beside its target: with as many digits as tell one that nearly reaches from one that does.
std::string number_text(const Target& target, const PlanPoint& point) {
  const auto value = value_of(point.summary, target.key);
  int more = 0;
  while (value && more < 6 && shortfall(target, point.summary) > 0 &&
         number_text(target.key, value, more) == number_text(target.key, target.bound, more)) {
    ++more;
  }
  return number_text(target.key, value, more);
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
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", target.key, number_text(target, point));
  }
  return text;
}

std::string range_text(const PlanAxis& axis) {
  return fmt::format("{} values of {} from {} to {}", axis.values.size(), axis.path,
                     axis.values.front().pretty(), axis.values.back().pretty());
}

// The target that the point falls short of by most.
const Target& worst_target(const Plan& plan, const PlanPoint& point) {
  return *std::max_element(plan.targets.begin(), plan.targets.end(), [&](const Target& a, const Target& b) {
    return shortfall(a, point.summary) < shortfall(b, point.summary);
  });
}

// What forbids the target at the point that came nearest, where a bound of the whole run does: first what
// holds whatever is loaded when. Empty: nothing is known.
std::string bound_text(const Plan& plan, const PlanPoint& best) {
  const Target& target = worst_target(plan, best);
  const bool speed = target.key == "tokens_per_second" && target.at_least;
  const bool time =
      (target.key == "makespan_s" || target.key == "time_per_output_token_s") && !target.at_least;
  if (best.summary.empty() || !(speed || time)) return {};
  const auto resident = value_of(best.summary, "tokens_per_second_if_resident");
  const double wanted = speed ? target.bound : target.key == "time_per_output_token_s" ? 1 / target.bound : 0;
  if (resident && *resident < wanted) {
    return fmt::format(
        "Compute forbids it there: with every expert in DRAM and nothing to wait for, this device decodes "
        "{:.2f} tokens/s (simulated).",
        *resident);
  }
  const auto bound = value_of(best.summary, "bound_s"), makespan = value_of(best.summary, "makespan_s");
  std::string by = "busiest part";
  for (const auto& [key, value] : best.summary) {
    if (key == "bound_by" && value.is_string()) by = value.get<std::string>();
  }
  std::string text;
  if (bound && makespan && *bound > 0) {
    text = fmt::format(
        "The bound of the whole run there is the {}: no order of the same work takes less than {:.3f} s, and "
        "it "
        "takes {:.3f} s.",
        by, *bound, *makespan);
  }
  if (resident)
    text += fmt::format(" With every expert in DRAM it would decode {:.2f} tokens/s at most (compute alone).",
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
      cells.push_back(point.error.empty() ? number_text(target, point) : "failed");
    const auto hits = value_of(point.summary, "hit_rate_decode");
    cells.push_back(hits ? percent(*hits) : "-");
    cells.emplace_back(plan.answer == i ? "<- the answer" : point.shortfall <= 0 ? "reaches" : "");
    table.row(std::move(cells));
  }
  return table.text(look);
}

// "+3.28 %"; what rounds to nothing has no sign.
std::string percent_text(double share) {
  const double hundredths = std::round(share * 1e4);
  return hundredths == 0 ? "0.00 %" : fmt::format("{:+.2f} %", hundredths / 100);
}

std::string sensitivity_text(const Plan& plan, const Look& look) {
  if (plan.sensitivity.empty()) return {};
  Table table({{"", Align::left}, {"now"}, {"10 % better"}, {plan.targets[0].key}, {"better by"}});
  for (const SensitivityRow& row : plan.sensitivity) {
    table.row({row.name, row.before, row.after,
               row.error.empty() ? number_text(plan.targets[0].key, row.value) : "failed",
               row.better ? percent_text(*row.better) : "-"});
  }
  return fmt::format(
      "\nSensitivity  each device parameter 10 % better at the answer, the others as they are; simulated\n{}",
      table.text(look));
}

std::string cost_text(const Plan& plan) {
  if (plan.cost) return fmt::format(" It costs {:.2f} by --price.", *plan.cost);
  if (plan.axes.size() == 1) return {};
  return " Cheapest: the least way into both ranges taken together; --price says otherwise.";
}

std::string nothing_reaches(const Plan& plan) {
  const PlanPoint& best = plan.seen[plan.best];
  const std::string who = plan.unseen > 0
                              ? fmt::format("None of the {} values that were simulated", plan.seen.size())
                              : "No value";
  std::string text = fmt::format("{} reaches {}.", who, targets_text(plan));
  if (plan.failed == static_cast<std::int64_t>(plan.seen.size()))
    return text + fmt::format(" None could be simulated, for example: {}", best.error);
  const Target& target = worst_target(plan, best);
  if (!value_of(best.summary, target.key))
    return text +
           fmt::format(
               " {} has no value in these runs: nothing was decoded, or the device file lacks what it is "
               "made of.",
               target.key);
  text +=
      fmt::format(" The nearest is {}: {} (simulated).", values_text(plan, best), reached_text(plan, best));
  const std::string bound = bound_text(plan, best);
  return bound.empty() ? text : text + " " + bound;
}

std::string verdict(const Plan& plan) {
  if (!plan.answer) return nothing_reaches(plan);
  const PlanPoint& point = plan.seen[*plan.answer];
  const std::string found = plan.unseen > 0
                                ? fmt::format("the cheapest of {} simulated values", plan.seen.size())
                                : "the cheapest value";
  return fmt::format("{} is {} that reaches {}: {} (simulated).{}", values_text(plan, point), found,
                     targets_text(plan), reached_text(plan, point), cost_text(plan));
}

std::string seen_text(const Plan& plan) {
  std::string ranges;
  for (const PlanAxis& axis : plan.axes) ranges += (ranges.empty() ? "" : ", ") + range_text(axis);
  std::string text =
      fmt::format("Searched {}: {} simulated, {:.1f} s (measured).", ranges, plan.seen.size(), plan.wall_s);
  if (plan.failed > 0) text += fmt::format(" {} of them failed.", plan.failed);
  if (static_cast<std::int64_t>(plan.seen.size()) - plan.failed > 2) {
    text += plan.monotone
                ? " No dearer value that was seen was further from the target."
                : " What was seen was not monotone: a dearer value was further from the target somewhere.";
  }
  if (plan.unseen > 0) {
    text += fmt::format(
        " {} {} not simulated, as their neighbours fall short by more than they differ; --all leaves none "
        "out.",
        plan.unseen, plan.answer ? "cheaper ones were" : "were");
  }
  return text;
}

Json values_json(const Plan& plan, const PlanPoint& point) {
  Json out = Json::object();
  for (std::size_t a = 0; a < plan.axes.size(); ++a) out[plan.axes[a].path] = json_of(plan.value(point, a));
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
  const std::string bound = plan.answer ? std::string() : bound_text(plan, plan.seen[plan.best]);
  out["forbidden_by"] = bound.empty() ? Json() : Json(bound);
  out["frontier"] = Json::array();
  for (const std::size_t i : plan.frontier) out["frontier"].push_back(point_json(plan, plan.seen[i]));
  out["seen"] = Json::array();
  for (const PlanPoint& point : plan.seen) out["seen"].push_back(point_json(plan, point));
  out["candidates"] = plan.candidates;
  out["failed"] = plan.failed;
  out["unseen"] = plan.unseen;
  out["monotone"] = plan.monotone;
  out["sensitivity"] = Json::array();
  for (const SensitivityRow& row : plan.sensitivity) {
    out["sensitivity"].push_back({{"path", row.path},
                                  {"name", row.name},
                                  {"before", row.before},
                                  {"after", row.after},
                                  {"value", row.value ? Json(*row.value) : Json()},
                                  {"better", row.better ? Json(*row.better) : Json()},
                                  {"error", row.error.empty() ? Json() : Json(row.error)}});
  }
  out["wall_s"] = plan.wall_s;
  return out;
}

}  // namespace pregate
