// SPDX-License-Identifier: Apache-2.0
#include "experiments/run_setup.hpp"

#include <fmt/format.h>

#include "experiments/forward_model.hpp"
#include "experiments/trace_input.hpp"
#include "traces/import.hpp"
#include "traces/synthetic.hpp"

namespace pregate {
namespace {

// An assignment that an option made: the option is at fault, not --set.
Status set(ScenarioDocument& document, std::string_view path, std::string_view value,
           std::string_view option) {
  const Status done = document.set(fmt::format("{}={}", path, value));
  if (done) return done;
  Error error = done.error();
  error.file = option;
  return error;
}

// A scenario file means traces beside itself; a trace on the command line is where the command stands.
Status anchor_trace(ScenarioDocument& document, const NamedText& source, const std::string& scenario) {
  const std::string trace = document.trace_path();
  const std::size_t slash = source.path.rfind('/');
  const bool from_disk = source.path == scenario;
  if (trace.empty() || trace.front() == '/' || !from_disk || slash == std::string::npos) return {};
  return set(document, "workload.trace", source.path.substr(0, slash + 1) + trace, source.path);
}

// One seed for everything that is drawn: a run with another seed is another draw of its routing too.
Status apply_seed(ScenarioDocument& document, const std::string& seed) {
  if (Status done = set(document, "sim.seed", seed, "--seed"); !done) return done;
  if (!document.trace_path().empty()) return {};
  return set(document, "workload.synthetic.seed", seed, "--seed");
}

// A checkpoint folder is no preset: its shape comes with its forward pass.
bool names_preset(const RunRequest& request) {
  return !request.model.empty() && request.model != "none" && !(request.live && is_checkpoint(request.model));
}

// Names that options give are looked up at once, so that the message names the option.
Status check_names(const ShippedCatalogue& catalogue, const RunRequest& request) {
  if (!request.device.empty()) {
    if (const Result<NamedText> device = catalogue.device(request.device); !device) {
      return device.error().at("--device");
    }
  }
  if (names_preset(request)) {
    if (const Result<NamedText> model = catalogue.model(request.model); !model) {
      return model.error().at("--model");
    }
  }
  if (!request.shape_as.empty()) {
    if (const Result<NamedText> model = catalogue.model(request.shape_as); !model) {
      return model.error().at("--shape-as");
    }
  }
  return {};
}

Status apply(ScenarioDocument& document, const RunRequest& request) {
  Status done;
  if (names_preset(request)) done = set(document, "model.preset", request.model, "--model");
  if (done.ok() && !request.shape_as.empty()) {
    done = set(document, "model.shape_as", request.shape_as, "--shape-as");
  }
  if (done.ok() && request.pre_gated) {
    done = set(document, "policy.prefetch", "pregate", "--model");
    if (done.ok()) done = set(document, "policy.lookahead", fmt::format("{}", request.lookahead), "--model");
  }
  if (done.ok() && !request.npu.empty()) {
    if (request.npu != "device" && request.npu != "measured") {
      return bad_input("device or measured", fmt::format("\"{}\"", request.npu)).at("--npu");
    }
    done = set(document, "runtime.npu", request.npu, "--npu");
  }
  if (done.ok() && !request.device.empty()) done = set(document, "device.id", request.device, "--device");
  if (done.ok() && !request.trace.empty()) done = set(document, "workload.trace", request.trace, "--trace");
  if (done.ok() && !request.seed.empty()) done = apply_seed(document, request.seed);
  for (const std::string& assignment : request.assignments) {
    if (!done) break;
    done = document.set(assignment);
    if (!done) done = done.error().at("--set");
  }
  return done;
}

Result<LoadedTrace> load_workload(const ShippedCatalogue& catalogue, const Scenario& scenario,
                                  const RunRequest& request) {
  const std::string& path = scenario.workload.trace;
  if (!scenario.model || request.model == "none") return load_costed_trace(catalogue, path, request.model);
  Result<RouteTrace> trace = load_trace(path, {.model = scenario.model, .provenance = {}});
  if (!trace) return trace.error();
  return LoadedTrace{.trace = std::make_shared<const RouteTrace>(std::move(*trace)),
                     .note = fmt::format("costs: {}, as the scenario says", scenario.model->costs_from)};
}

Result<LoadedTrace> draw_workload(const Scenario& scenario, const std::string& file) {
  if (!scenario.workload.synthetic) {
    return bad_input("a trace (workload.trace or --trace) or parameters to draw one (workload.synthetic)",
                     "neither", "workload")
        .at(file);
  }
  if (!scenario.model) {
    return bad_input("a model to draw routing for (model.preset or --model)", "none", "model.preset")
        .at(file);
  }
  return LoadedTrace{
      .trace = std::make_shared<const RouteTrace>(synthesize(*scenario.model, *scenario.workload.synthetic)),
      .note = fmt::format("costs: {}", scenario.model->costs_from)};
}

// Puts the trace into the shape that the scenario names, if it names one.
Status dress_workload(const Scenario& scenario, RunSetup& setup) {
  const Result<std::optional<Dressing>> dressing = dressing_of(scenario, setup.trace->header.model);
  if (!dressing) return dressing.error();
  if (!*dressing) return {};
  Result<RouteTrace> dressed = dress(*setup.trace, **dressing);
  if (!dressed) return dressed.error();
  setup.trace = std::make_shared<const RouteTrace>(std::move(*dressed));
  setup.costs_note = fmt::format("costs: {}, as model.shape_as says", scenario.shape_as->costs_from);
  setup.dressed = (*dressing)->facts();
  return {};
}

}  // namespace

Result<std::optional<Dressing>> dressing_of(const Scenario& scenario, const ModelShape& routed) {
  if (!scenario.shape_as) return std::optional<Dressing>();
  if (scenario.runtime.measured_npu) {
    return bad_input("device, as the measured operators are those of the model that is routed",
                     "measured beside model.shape_as", "runtime.npu");
  }
  Result<Dressing> dressing = Dressing::make(routed, *scenario.shape_as, scenario.policy.seed);
  if (!dressing) return dressing.error();
  return std::optional<Dressing>(std::move(*dressing));
}

Result<RunSetup> set_up_run(const ShippedCatalogue& catalogue, const RunRequest& request) {
  if (Status known = check_names(catalogue, request); !known) return known.error();
  const std::string base = !request.scenario.empty()                ? request.scenario
                           : request.trace.empty() && !request.live ? "demo"
                                                                    : "replay";
  const Result<NamedText> source = catalogue.scenario(base);
  if (!source) return source.error();
  Result<ScenarioDocument> document = ScenarioDocument::parse(*source);
  if (!document) return document.error();
  if (Status done = anchor_trace(*document, *source, base); !done) return done.error();
  if (Status done = apply(*document, request); !done) return done.error();
  Result<Scenario> scenario = document->resolve(catalogue);
  if (!scenario) return scenario.error();
  if (request.model == "none") scenario->model.reset();
  if (request.live) {
    return RunSetup{.scenario = std::move(*scenario),
                    .scenario_file = source->path,
                    .trace = nullptr,
                    .costs_note = {},
                    .dressed = {}};
  }
  const Result<LoadedTrace> workload = scenario->workload.trace.empty()
                                           ? draw_workload(*scenario, source->path)
                                           : load_workload(catalogue, *scenario, request);
  if (!workload) return workload.error();
  RunSetup setup{.scenario = std::move(*scenario),
                 .scenario_file = source->path,
                 .trace = workload->trace,
                 .costs_note = workload->note,
                 .dressed = {}};
  if (Status done = dress_workload(setup.scenario, setup); !done) return done.error().at(source->path);
  return setup;
}

}  // namespace pregate
