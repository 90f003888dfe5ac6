// SPDX-License-Identifier: Apache-2.0
#include "experiments/what_if.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/simulate_setup.hpp"
#include "experiments/table.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

// Less than this, either way, is no help and no harm.
constexpr double kNoticeable = 0.01;

const PhaseSummary& phase_of(const RunSummary& summary, bool decoded) {
  return decoded ? summary.decode : summary.prefill;
}

Duration time_per_token(const PhaseSummary& phase) {
  return per_token(phase.makespan, phase.tokens);
}

Result<RunSummary> simulate_one(const RunSetup& setup, const Counterfactual& what) {
  Result<TimedRun> timed = simulate_setup({.setup = setup,
                                           .scenario = what.scenario,
                                           .keep_details = false,
                                           .what = fmt::format("what if {}", what.name)});
  if (!timed) {
    Error error = timed.error();
    error.file.clear();  // no file says what the counterfactual changes
    return error;
  }
  return std::move(timed->run.summary);
}

// Both ran the same tokens, so the gain is a ratio of two times.
void compare(const PhaseSummary& with, const PhaseSummary& itself, WhatIfRow& row) {
  row.phase = with;
  row.gain = ratio(itself.makespan, with.makespan) - 1;
  row.saved = time_per_token(itself) - time_per_token(with);
}

bool before(const WhatIfRow& a, const WhatIfRow& b) {
  if (a.error.empty() != b.error.empty()) return a.error.empty();
  if (a.error.empty() && a.phase.makespan != b.phase.makespan) return a.phase.makespan < b.phase.makespan;
  return a.name < b.name;
}

std::string gain_text(const WhatIfRow& row) {
  return fmt::format("{} ({})", row.name, signed_text(100 * row.gain, "%"));
}

// `rows` in order, most gain first.
std::string verdict_of(const std::vector<WhatIfRow>& rows, const PhaseSummary& itself) {
  std::vector<const WhatIfRow*> helpful;
  std::vector<std::string> useless, harmful, failed;
  for (const WhatIfRow& row : rows) {
    if (row.itself) continue;
    if (!row.error.empty()) {
      failed.push_back(row.name);
    } else if (row.gain >= kNoticeable) {
      helpful.push_back(&row);
    } else if (row.gain > -kNoticeable) {
      useless.push_back(row.name);
    } else {
      harmful.push_back(gain_text(row));
    }
  }
  std::string out = "Nothing here makes a token faster by 1 %.";
  if (!helpful.empty()) {
    const WhatIfRow& best = *helpful.front();
    out = fmt::format("Most would come from {}: {:.2f} -> {:.2f} tokens/s ({})", best.name,
                      tokens_per_second(itself), tokens_per_second(best.phase),
                      signed_text(100 * best.gain, "%"));
    out += helpful.size() > 1 ? fmt::format("; then from {}.", gain_text(*helpful[1])) : ".";
  }
  if (!useless.empty()) out += fmt::format(" Less than 1 %, either way: {}.", fmt::join(useless, ", "));
  if (!harmful.empty()) out += fmt::format(" Slower: {}.", fmt::join(harmful, ", "));
  if (!failed.empty()) out += fmt::format(" Not simulated: {}.", fmt::join(failed, ", "));
  return out;
}

}  // namespace

Result<WhatIf> what_if(const RunSetup& setup, const RunSummary& run) {
  Result<Counterfactuals> list = counterfactuals(setup, run.expert_budget);
  if (!list) return list.error().at(setup.scenario_file);
  WhatIf out{
      .decoded = run.decode.tokens > 0, .rows = {}, .left_out = std::move(list->left_out), .verdict = {}};
  const PhaseSummary& itself = phase_of(run, out.decoded);
  out.rows.push_back({.name = "the scenario itself", .change = "nothing", .itself = true});
  compare(itself, itself, out.rows.back());
  for (Counterfactual& what : list->tried) {
    WhatIfRow row{.name = what.name, .change = what.change, .set = what.set};
    const Result<RunSummary> simulated = simulate_one(setup, what);
    if (simulated) {
      compare(phase_of(*simulated, out.decoded), itself, row);
    } else {
      row.error = simulated.error().message();
    }
    out.rows.push_back(std::move(row));
  }
  std::sort(out.rows.begin(), out.rows.end(), before);
  out.verdict = verdict_of(out.rows, itself);
  return out;
}

}  // namespace pregate
