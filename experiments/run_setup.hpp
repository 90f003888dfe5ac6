// SPDX-License-Identifier: Apache-2.0
// From the arguments of `run` to what simulate() takes: which scenario, whose routing, which costs.
// Everything that can be wrong with the input is found here, before time starts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/catalogue.hpp"
#include "traces/dressing.hpp"
#include "traces/route_trace.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct RunRequest {
  std::string scenario;  // a shipped name or a file; empty: demo, or replay when a trace is given
  std::string model, device, trace, shape_as;
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
  std::shared_ptr<const RouteTrace> trace;  // dressed, if it is; null when live
  std::string costs_note;                   // which costs and why, in words
  std::optional<DressingFacts> dressed;     // of model.shape_as; a live run adds it when its model is known
};

// How the scenario's shape_as wears what `routed` chooses; nothing without shape_as. Refuses measured compute
// times, which would be those of the routed model.
Result<std::optional<Dressing>> dressing_of(const Scenario& scenario, const ModelShape& routed);

Result<RunSetup> set_up_run(const ShippedCatalogue& catalogue, const RunRequest& request);

}  // namespace pregate
