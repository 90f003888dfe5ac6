// SPDX-License-Identifier: Apache-2.0
// The counterfactuals of a run: the same routing on the same device with one thing changed, as scenarios to
// simulate. Names and scenarios only, so that whoever shows or runs them (the command, the viewer) has the
// same list.
#pragma once

#include <string>
#include <vector>

#include "experiments/run_setup.hpp"

namespace pregate {

struct Counterfactual {
  std::string name;              // "OPT eviction"
  std::string change;            // in words, what it changes
  std::vector<std::string> set;  // --set assignments that say the same; empty: no scenario field does alone
  Scenario scenario;
};

// What is not tried, and why: it is the scenario itself, or cannot be had with it.
struct LeftOut {
  std::string name, why;
};

struct Counterfactuals {
  std::vector<Counterfactual> tried;
  std::vector<LeftOut> left_out;
};

// `setup.trace` is the routing (of a live run: what it recorded); `expert_budget` what the run's experts may
// take, as its summary says. An error is that of costed_shape(): the model does not fit the routing.
Result<Counterfactuals> counterfactuals(const RunSetup& setup, Bytes expert_budget);

}  // namespace pregate
