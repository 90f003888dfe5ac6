// SPDX-License-Identifier: Apache-2.0
// From the arguments of `run` to what simulate() takes: which scenario, whose routing, which costs.
// Everything that can be wrong with the input is found here, before time starts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/catalogue.hpp"
#include "traces/route_trace.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct RunRequest {
  std::string scenario;  // a shipped name or a file; empty: demo, or replay when a trace is given
  std::string model, device, trace;
  std::string npu;    // device or measured; empty: the scenario's own
  bool live = false;  // routing comes from a forward pass of `model`, which may be a checkpoint folder
  bool pre_gated =
      false;  // that model's routers answer ahead: prefetch is pregate unless something else is said
  std::int32_t lookahead = 1;
  std::string seed;                      // as written; empty: the scenario's own
  std::vector<std::string> assignments;  // of --set, in order
};

struct RunSetup {
  Scenario scenario;
  std::string scenario_file;                // for errors that simulate() finds
  std::shared_ptr<const RouteTrace> trace;  // null when live
  std::string costs_note;                   // which costs and why, in words
};

Result<RunSetup> set_up_run(const ShippedCatalogue& catalogue, const RunRequest& request);

}  // namespace pregate
