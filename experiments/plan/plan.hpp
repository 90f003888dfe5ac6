// SPDX-License-Identifier: Apache-2.0
// The cheapest value of one or two scenario fields with which a scenario reaches its targets, found by
// simulating (search.hpp says where), with what forbids it where there is none, and what each device
// parameter 10 % better would bring at the answer.
//
// A parameter's values stand from the cheapest to the dearest: a range from its low end (or from its high
// end, where that is the cheap one), a list as it was given. Of two parameters every pair is found that
// nothing cheaper in one and no dearer in the other reaches as well; prices choose among them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/plan/search.hpp"
#include "experiments/plan/target.hpp"
#include "experiments/run_setup.hpp"
#include "traces/sweep_axes.hpp"

namespace pregate {

struct PlanAxis {
  std::string path;
  std::vector<Quantity> values;        // from the cheapest to the dearest
  std::optional<double> price;         // of one of `price_unit`
  std::optional<Quantity> price_unit;  // 1GiB, 1GB/s
};

struct PlanRequest {
  RunRequest base;
  std::vector<Target> targets;
  std::vector<std::string> over;  // PATH=LO..HI, PATH=LO..HI:N[:log], PATH=V1,V2,..; dram.expert_budget alone
  std::vector<std::string> high_first;  // paths whose high end is the cheap one
  std::vector<std::string> prices;      // PATH=AMOUNT/UNIT
  bool all = false;                     // simulate every candidate
  bool sensitivity = true;
  std::size_t jobs = 1;
  int threads = 0;
};

// A simulated point: one value an axis.
struct PlanPoint {
  std::vector<std::size_t> at;  // into the axes' values
  std::string error;            // empty: it ran
  SummaryRow summary;
  double shortfall = 0;
};

struct SensitivityRow {
  std::string name;           // "flash bandwidth"
  std::string before, after;  // "2.44 GB/s", "2.68 GB/s"
  std::string path;
  std::optional<double> value;   // of the first target's key, with the parameter 10 % better
  std::optional<double> better;  // by how much of the answer's; below 0: worse; none: it cannot be told
  std::string error;
};

struct Plan {
  std::vector<PlanAxis> axes;
  std::vector<Target> targets;
  std::vector<PlanPoint> seen;  // all that were simulated, cheapest first (the second axis changes slowest)
  std::vector<std::size_t>
      frontier;  // into seen: pairs that no other reaching one undercuts; of one axis: the answer
  std::optional<std::size_t> answer;  // into seen
  std::optional<double> cost;         // of the answer; where prices were given
  std::size_t best = 0;               // into seen: nearest to the targets
  std::int64_t candidates = 0,
               unseen = 0;  // unseen: cheaper ones than the answer, or any where there is none
  std::int64_t failed = 0;  // of seen
  bool monotone = true;
  std::vector<SensitivityRow> sensitivity;  // largest change first
  double wall_s = 0;                        // measured

  [[nodiscard]] const Quantity& value(const PlanPoint& point, std::size_t axis) const {
    return axes[axis].values[point.at[axis]];
  }
};

Result<Plan> make_plan(const ShippedCatalogue& catalogue, const PlanRequest& request,
                       const std::function<void(std::int64_t done)>& progress);

// From `low` to `high`, or the list: what --over means. `all_experts` and `largest_event` are the ends for
// dram.expert_budget where no range is given.
struct BudgetRange {
  Bytes largest_event, all_experts;
};
Result<PlanAxis> plan_axis(const std::string& over, bool high_first, std::size_t steps,
                           const BudgetRange& budget);

std::string plan_text(const Plan& plan, const struct Look& look);
Json plan_json(const Plan& plan);

}  // namespace pregate
