// SPDX-License-Identifier: Apache-2.0
// What `compare` compares: a .run file, told by its content, or a scenario, which is simulated on the spot.
//
//   demo.run                             a file
//   synthetic                            a shipped scenario, or a .scenario.textproto file
//   synthetic:policy.prefetch=none,dram.expert_budget=2GiB      the same with some fields set
//   :policy.prefetch=none                the scenario that --trace, --model and their like ask for
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/catalogue.hpp"
#include "experiments/run_setup.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct CompareOperand {
  std::string given;                     // as on the command line
  std::string name;                      // a file or a scenario; empty: what the options ask for
  bool is_run = false;                   // a .run file
  std::vector<std::string> assignments;  // of a scenario
};

// Errors: a trace, a damaged or missing file, an assignment to a field that no scenario has.
Result<CompareOperand> parse_operand(const ShippedCatalogue& catalogue, const std::string& text);

// An operand with everything that can be wrong with it behind it: a run that is read, or a setup to simulate.
struct ReadyOperand {
  std::optional<RunRecord> run;
  std::optional<RunSetup> setup;
};

// `options` are those that hold for every scenario. Errors: beside those of reading and setting up, a
// scenario that needs a forward pass.
Result<ReadyOperand> prepare_operand(const ShippedCatalogue& catalogue, const CompareOperand& operand,
                                     const RunRequest& options);
// `letter` names it on the progress line.
Result<RunRecord> run_operand(ReadyOperand ready, char letter);

}  // namespace pregate
