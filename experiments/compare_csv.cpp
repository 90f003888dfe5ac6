// SPDX-License-Identifier: Apache-2.0
// The rows behind a comparison.
#include <fmt/format.h>

#include "experiments/compare.hpp"

namespace pregate {
namespace {

std::string bin_titles() {
  std::string out;
  for (std::size_t i = 0; i < kTimeBins; ++i)
    out += fmt::format(",{}_change_ps", to_text(static_cast<TimeBin>(i)));
  return out;
}

std::string step_cells(const ComparedRun& other, const StepDiff& step) {
  const auto number = [](const std::optional<std::int32_t>& row) {
    return row ? fmt::format("{}", *row) : std::string();
  };
  return fmt::format("{},{},{},{},{}", other.letter, to_text(step.phase), step.index, number(step.a),
                     number(step.b));
}

std::int64_t count(const RunSide& side, Outcome outcome) {
  return side.outcomes[static_cast<std::size_t>(outcome)];
}

// Times, the change in all and by bin, lookups of both, events with other experts.
std::string row_cells(const RowDiff& row) {
  const TimeBins change = row.change();
  std::string out = fmt::format("{},{},{}", row.a.bins.total().count_ps(), row.b.bins.total().count_ps(),
                                change.total().count_ps());
  for (const Duration& time : change.time) out += fmt::format(",{}", time.count_ps());
  for (const RunSide* side : {&row.a, &row.b}) {
    out += fmt::format(",{},{},{}", side->hits(), count(*side, Outcome::late_prefetch),
                       count(*side, Outcome::miss));
  }
  return out + fmt::format(",{}\n", row.rerouted);
}

// `time` is what is compared: makespan or time.
std::string titles(const char* place, const char* time) {
  return fmt::format(
      "run,phase,index,step_a,step_b,{},{}_a_ps,{}_b_ps,change_ps{},hits_a,late_a,misses_a,"
      "hits_b,late_b,misses_b,rerouted_events\n",
      place, time, time, bin_titles());
}

}  // namespace

std::string compare_csv(const Comparison& comparison) {
  std::string out = titles("position", "makespan");
  for (const ComparedPair& pair : comparison.pairs) {
    const ComparedRun &base = comparison.runs.front(), &other = comparison.runs[pair.other];
    for (const StepDiff& step : pair.diff.steps()) {
      const std::int64_t position = step.a ? base.run->steps[static_cast<std::size_t>(*step.a)].position
                                           : other.run->steps[static_cast<std::size_t>(*step.b)].position;
      out += fmt::format("{},{},{}", step_cells(other, step), position, row_cells(step.sum));
    }
  }
  return out;
}

std::string compare_layers_csv(const Comparison& comparison) {
  std::string out = titles("layer", "time");
  for (const ComparedPair& pair : comparison.pairs) {
    for (const StepDiff& step : pair.diff.steps()) {
      const std::string cells = step_cells(comparison.runs[pair.other], step);
      for (std::size_t layer = 0; layer < pair.diff.layers(); ++layer)
        out += fmt::format("{},{},{}", cells, layer, row_cells(pair.diff.at(step, layer)));
      out += fmt::format("{},head,{}", cells, row_cells(pair.diff.head(step)));
    }
  }
  return out;
}

}  // namespace pregate
