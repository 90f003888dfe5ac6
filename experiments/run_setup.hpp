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

// An option that stands for a scenario field: the option is named where its value is wrong.
struct OptionField {
  std::string option, path, value;
};

// PATH=VALUE, and what errors name as the place that it comes from.
struct PlacedAssignment {
  std::string text, from;
};

struct RunRequest {
  std::string scenario;  // a shipped name or a file; empty: what the other options ask for
  std::string model, device, trace, shape_as;
  std::string npu;                                 // device or measured; empty: the scenario's own
  std::vector<OptionField> forward;                // fields of workload.forward
  std::string live_option;                         // an option that only a live run has, if one was given
  std::string seed;                                // as written; empty: the scenario's own
  std::vector<PlacedAssignment> file_assignments;  // of a sweep's file: set before those of --set
  std::vector<std::string> assignments;            // of --set, in order
  std::vector<OptionField> point;                  // fields of one point of a sweep: set after all others
};

// The files that the options name, for check_outputs(). A file that the scenario's text names is not among
// them.
std::vector<NamedPath> input_files(const RunRequest& request);

// A scenario that is resolved and may run; its routing is not there yet.
struct ResolvedRun {
  Scenario scenario;
  std::string model;          // of a live run, as it was given: what finds its weights
  std::string scenario_file;  // for errors that simulate() finds
};

struct RunSetup {
  Scenario scenario;
  std::string model, scenario_file;         // as in ResolvedRun
  std::shared_ptr<const RouteTrace> trace;  // dressed, if it is; null when live (scenario.workload.live())
  std::string costs_note;                   // which costs and why, in words
  std::optional<DressingFacts> dressed;     // of model.shape_as; a live run adds it at its end
};

// How the scenario's shape_as wears what `routed` chooses; nothing without shape_as. Refuses measured compute
// times, which would be those of the routed model.
Result<std::optional<Dressing>> dressing_of(const Scenario& scenario, const ModelShape& routed);

// How many layers ahead of its router a choice is known in a live run: as far as the model that is run says,
// and the shape that it is dressed in says as well.
std::int64_t known_ahead(const Scenario& scenario);

Result<ResolvedRun> resolve_run(const ShippedCatalogue& catalogue, const RunRequest& request);

// What a run replays. Runs of one request whose scenarios have the same routing_text have the same.
struct Workload {
  std::shared_ptr<const RouteTrace> trace;  // dressed, if the scenario says so
  std::string costs_note;                   // which costs and why, in words
  std::optional<DressingFacts> dressed;
};
// Loads, or draws, and dresses the routing of a scenario that is not live.
Result<Workload> load_workload(const ShippedCatalogue& catalogue, const RunRequest& request,
                               const ResolvedRun& run);

// The same from a trace of the scenario's routed model that is at hand: dressed, if the scenario says so.
Result<Workload> dressed_workload(const ResolvedRun& run, std::shared_ptr<const RouteTrace> trace);

// Both.
Result<RunSetup> set_up_run(const ShippedCatalogue& catalogue, const RunRequest& request);

}  // namespace pregate
