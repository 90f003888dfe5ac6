// SPDX-License-Identifier: Apache-2.0
// The one door to the simulator: a scenario and a source of routing in, a record of the run out.
//
// One run at a time in a process: the SystemC kernel is a process-wide object. Runs may follow each other;
// parallel runs are processes (fork before any thread exists).
#pragma once

#include <functional>

#include "traces/routing_source.hpp"
#include "traces/run_record.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct SimulateOptions {
  // Keep every operator, load, lookup and counter, for .run files and the viewer. Off: the summary only
  // (steps, events, lookups, loads and stalls are still held while the run lasts, for its labels, and then
  // dropped but for the steps).
  bool keep_details = true;
  // Called at the end of each step; returning false stops the run with an error. May be empty.
  std::function<bool(std::int64_t steps_done, SimTime now)> progress;
};

// Errors: bad_input for a scenario that cannot run (budget below one event, a policy without its future, more
// lanes than the queue is deep); run_failed when the source fails or the simulated time overflows.
Result<RunRecord> simulate(const Scenario& scenario, RoutingSource& source,
                           const SimulateOptions& options = {});

std::string_view pregate_version();

}  // namespace pregate
