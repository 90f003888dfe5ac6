// SPDX-License-Identifier: Apache-2.0
// A setup (run_setup.hpp) through the simulator, with a line of progress and the time it took here. Leaves
// out live runs' forward pass: verb_run.cpp makes that source.
#pragma once

#include "experiments/run_setup.hpp"
#include "traces/routing_source.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct TimedRun {
  RunRecord run;
  double wall_s = 0;  // measured: of simulate() alone
};

struct Simulated {
  const RunSetup& setup;
  const Scenario& scenario;  // the setup's, or a variant of it
  bool keep_details = true;
  std::string what = "simulating";  // on the progress line
  std::int64_t steps = 0;           // that are coming, for the progress line
};

// Errors name the setup's scenario file.
Result<TimedRun> simulate_source(const Simulated& of, RoutingSource& source);
// Replays the setup's trace, which is there unless the setup is live.
Result<TimedRun> simulate_setup(Simulated of);

}  // namespace pregate
