// SPDX-License-Identifier: Apache-2.0
// What would make this run faster, and what cannot: its counterfactuals (what_if_list.hpp), each simulated on
// the same routing, one after another. All numbers are simulated; a single change each, so gains do not add
// up.
#pragma once

#include "experiments/what_if_list.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct WhatIfRow {
  std::string name, change;
  std::vector<std::string> set;
  bool itself = false;  // the scenario as it is
  std::string error;    // why it could not be simulated; then there are no numbers
  PhaseSummary phase;   // decode, or what there is where nothing was decoded
  double gain = 0;      // tokens in the same time: 0.5 is half as many again
  Duration saved;       // per token; negative: it takes longer
};

struct WhatIf {
  bool decoded = true;  // rows are of decode, else of the prompt
  std::vector<WhatIfRow>
      rows;  // most gain first, ties by name, failed ones last; the scenario itself among them
  std::vector<LeftOut> left_out;
  std::string verdict;  // what would help most, and what cannot, in a sentence or two
};

// `run` is what simulating setup.scenario gave. A counterfactual that fails is a row with its error.
Result<WhatIf> what_if(const RunSetup& setup, const RunSummary& run);

}  // namespace pregate
