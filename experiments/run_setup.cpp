// SPDX-License-Identifier: Apache-2.0
#include "experiments/run_setup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/trace_input.hpp"
#include "traces/import.hpp"
#include "traces/synthetic.hpp"

namespace pregate {
namespace {

// An assignment that an option made: the option is at fault, not --set.
Status set(ScenarioDocument& document, std::string_view path, std::string_view value,
           std::string_view option) {
  return document.set(fmt::format("{}={}", path, value), option);
}

// What runs when nothing is named.
constexpr std::string_view kDefaultScenario = "demo";

// A scenario by its name, else what the other options ask for.
std::string base_scenario(const RunRequest& request) {
  if (!request.scenario.empty()) return request.scenario;
  if (!request.trace.empty()) return "replay";
  // A model that is named is run as it is, or, without a prompt, drawn for by its shape.
  if (!request.model.empty()) return request.forward.empty() ? "synthetic" : "replay";
  return std::string(kDefaultScenario);
}

// A scenario file means traces and prompts beside itself; a path on the command line is where the command
// stands.
Status anchor_paths(ScenarioDocument& document, const NamedText& source, const std::string& scenario) {
  const std::size_t slash = source.path.rfind('/');
  const bool from_disk = source.path == scenario;
  if (!from_disk || slash == std::string::npos) return {};
  for (const char* field : {"workload.trace", "workload.forward.prompt_file"}) {
    const std::string path = document.text_at(field);
    if (path.empty() || path.front() == '/') continue;
    if (Status done = set(document, field, source.path.substr(0, slash + 1) + path, source.path); !done)
      return done;
  }
  return {};
}

// One seed for everything that is drawn: a run with another seed is another draw of its routing too.
Status apply_seed(ScenarioDocument& document, const RunRequest& request) {
  if (Status done = set(document, "sim.seed", request.seed, "--seed"); !done) return done;
  if (!document.text_at("workload.trace").empty()) return {};
  const bool live = document.has("workload.forward") || !request.forward.empty();
  return set(document, live ? "workload.forward.sampling_seed" : "workload.synthetic.seed", request.seed,
             "--seed");
}

bool is_prompt(const OptionField& field) {
  return field.path == "workload.forward.prompt" || field.path == "workload.forward.prompt_file";
}

// Options of a forward pass. A prompt that is given replaces what the scenario has.
Status apply_forward(ScenarioDocument& document, const RunRequest& request) {
  if (std::any_of(request.forward.begin(), request.forward.end(), is_prompt)) {
    for (const char* field : {"workload.trace", "workload.forward.prompt", "workload.forward.prompt_file"}) {
      if (Status done = set(document, field, "", "--prompt"); !done) return done;
    }
  }
  for (const OptionField& field : request.forward) {
    if (Status done = set(document, field.path, field.value, field.option); !done) return done;
  }
  return {};
}

bool names_preset(const RunRequest& request) {
  return !request.model.empty() && request.model != "none";
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
  if (!request.shape_as.empty() && request.shape_as != "none") {
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
  if (done.ok() && !request.npu.empty()) {
    if (request.npu != "device" && request.npu != "measured") {
      return bad_input("device or measured", fmt::format("\"{}\"", request.npu)).at("--npu");
    }
    done = set(document, "runtime.npu", request.npu, "--npu");
  }
  if (done.ok() && !request.device.empty()) done = set(document, "device.id", request.device, "--device");
  if (done.ok() && !request.trace.empty()) done = set(document, "workload.trace", request.trace, "--trace");
  if (done.ok() && !request.seed.empty()) done = apply_seed(document, request);
  if (done.ok()) done = apply_forward(document, request);
  for (const PlacedAssignment& assignment : request.file_assignments) {
    if (done.ok()) done = document.set(assignment.text, assignment.from);
  }
  for (const std::string& assignment : request.assignments) {
    if (!done) break;
    done = document.set(assignment);
    if (!done) done = done.error().at("--set");
  }
  for (const OptionField& field : request.point) {
    if (done.ok()) done = set(document, field.path, field.value, field.option);
  }
  return done;
}

Result<LoadedTrace> load_recorded(const ShippedCatalogue& catalogue, const Scenario& scenario,
                                  const RunRequest& request) {
  const std::string& path = scenario.workload.trace;
  // Dressed, its costs do not matter, and it may be of any model.
  if (scenario.shape_as) return load_costed_trace(catalogue, path, "");
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

std::int64_t known_ahead(const Scenario& scenario) {
  std::int64_t layers = INT32_MAX;
  for (const std::optional<ModelSpec>* spec : {&scenario.model_spec, &scenario.shape_as_spec}) {
    if (*spec) layers = std::min(layers, (*spec)->pre_gate ? (*spec)->lookahead : 0);
  }
  return layers;
}

namespace {

// A model that is run without a scenario of its own is run with what its routers know ahead, unless --set
// says otherwise.
Result<Scenario> resolve(ScenarioDocument& document, const RunRequest& request,
                         const ShippedCatalogue& catalogue) {
  Result<Scenario> scenario = document.resolve(catalogue);
  if (!scenario || !scenario->workload.live() || !request.scenario.empty() || request.model.empty())
    return scenario;
  const std::int64_t ahead = known_ahead(*scenario);
  if (ahead == 0) return scenario;
  const auto said = [&request](const std::string& field) {
    return std::any_of(request.assignments.begin(), request.assignments.end(),
                       [&](const std::string& a) { return a.starts_with(field + "="); }) ||
           std::any_of(request.file_assignments.begin(), request.file_assignments.end(),
                       [&](const PlacedAssignment& a) { return a.text.starts_with(field + "="); }) ||
           std::any_of(request.point.begin(), request.point.end(),
                       [&](const OptionField& f) { return f.path == field; });
  };
  Status done;
  if (!said("policy.prefetch")) done = set(document, "policy.prefetch", "pregate", "--model");
  if (done.ok() && !said("policy.lookahead")) {
    done = set(document, "policy.lookahead", fmt::format("{}", ahead), "--model");
  }
  if (!done) return done.error();
  return document.resolve(catalogue);
}

// A prompt replaces a scenario's trace, and not one that was asked for beside it.
Status check_one_source(const RunRequest& request) {
  if (request.trace.empty()) return {};
  for (const OptionField& field : request.forward) {
    if (!is_prompt(field)) continue;
    return bad_input("routing from a trace or from a prompt", "both").at(field.option);
  }
  return {};
}

// What options of a live run ask of the scenario.
Status check_live(const Scenario& scenario, const RunRequest& request) {
  if (!scenario.workload.live()) {
    if (request.live_option.empty()) return {};
    return bad_input("--prompt, which runs a model", "none").at(request.live_option);
  }
  if (request.model == "none") return bad_input("a model to run", "\"none\"").at("--model");
  return {};
}

}  // namespace

Result<ResolvedRun> resolve_run(const ShippedCatalogue& catalogue, const RunRequest& request) {
  if (Status one = check_one_source(request); !one) return one.error();
  if (Status known = check_names(catalogue, request); !known) return known.error();
  const std::string base = base_scenario(request);
  const Result<NamedText> source = catalogue.scenario(base);
  if (!source) return source.error();
  Result<ScenarioDocument> document = ScenarioDocument::parse(*source);
  if (!document) return document.error();
  if (Status done = anchor_paths(*document, *source, base); !done) return done.error();
  if (Status done = apply(*document, request); !done) return done.error();
  Result<Scenario> scenario = resolve(*document, request, catalogue);
  if (!scenario) return scenario.error();
  if (Status fits = check_live(*scenario, request); !fits) return fits.error();
  if (request.model == "none" && !scenario->workload.live()) scenario->model.reset();
  return ResolvedRun{std::move(*scenario), document->text_at("model.preset"), source->path};
}

// Puts the trace into the shape that the scenario names, if it names one.
Result<Workload> dressed_workload(const ResolvedRun& run, std::shared_ptr<const RouteTrace> trace) {
  const Scenario& scenario = run.scenario;
  Workload workload{.trace = std::move(trace), .costs_note = {}, .dressed = {}};
  const Result<std::optional<Dressing>> dressing = dressing_of(scenario, workload.trace->header.model);
  if (!dressing) return dressing.error().at(run.scenario_file);
  if (!*dressing) return workload;
  Result<RouteTrace> dressed = dress(*workload.trace, **dressing);
  if (!dressed) return dressed.error().at(run.scenario_file);
  workload.trace = std::make_shared<const RouteTrace>(std::move(*dressed));
  workload.costs_note = fmt::format("costs: {}, as model.shape_as says", scenario.shape_as->costs_from);
  workload.dressed = (*dressing)->facts();
  return workload;
}

Result<Workload> load_workload(const ShippedCatalogue& catalogue, const RunRequest& request,
                               const ResolvedRun& run) {
  const Scenario& scenario = run.scenario;
  const Result<LoadedTrace> loaded = scenario.workload.trace.empty()
                                         ? draw_workload(scenario, run.scenario_file)
                                         : load_recorded(catalogue, scenario, request);
  if (!loaded) return loaded.error();
  Result<Workload> workload = dressed_workload(run, loaded->trace);
  if (workload && workload->costs_note.empty()) workload->costs_note = loaded->note;
  return workload;
}

std::vector<NamedPath> input_files(const RunRequest& request) {
  std::vector<NamedPath> out = {{"the scenario", request.scenario},
                                {"--trace", request.trace},
                                {"--model", request.model},
                                {"--device", request.device},
                                {"--shape-as", request.shape_as}};
  for (const OptionField& field : request.forward) {
    if (field.path == "workload.forward.prompt_file") out.push_back({field.option, field.value});
  }
  for (const std::string& assignment : request.assignments) {
    for (const std::string_view path : {"workload.trace=", "workload.forward.prompt_file="}) {
      if (assignment.starts_with(path)) out.push_back({"--set", assignment.substr(path.size())});
    }
  }
  return out;
}

Result<RunSetup> set_up_run(const ShippedCatalogue& catalogue, const RunRequest& request) {
  Result<ResolvedRun> run = resolve_run(catalogue, request);
  if (!run) return run.error();
  Workload workload;
  if (!run->scenario.workload.live()) {
    Result<Workload> loaded = load_workload(catalogue, request, *run);
    if (!loaded) return loaded.error();
    workload = std::move(*loaded);
  }
  return RunSetup{.scenario = std::move(run->scenario),
                  .model = std::move(run->model),
                  .scenario_file = std::move(run->scenario_file),
                  .trace = std::move(workload.trace),
                  .costs_note = std::move(workload.costs_note),
                  .dressed = std::move(workload.dressed)};
}

}  // namespace pregate
