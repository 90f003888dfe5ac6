// SPDX-License-Identifier: Apache-2.0
// `pregate run`: one scenario simulated, and what it says.
#include <fmt/format.h>

#include <array>
#include <memory>

#include "experiments/live_routing.hpp"
#include "experiments/live_source.hpp"
#include "experiments/report.hpp"
#include "experiments/scenario_options.hpp"
#include "experiments/simulate_setup.hpp"
#include "experiments/verbs.hpp"
#include "experiments/what_if.hpp"
#include "sim/simulator.hpp"
#include "traces/dressed_source.hpp"
#include "traces/route_file.hpp"
#include "traces/run_facts.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

struct ForwardOption {
  const char *option, *field, *help;
};

// Each stands for a field of workload.forward; its value is checked there.
constexpr std::array<ForwardOption, 9> kForwardOptions = {{
    {"--prompt", "prompt", "the text to go on from"},
    {"--prompt-file", "prompt_file", "the same, from a file"},
    {"--tokens", "tokens", "tokens to generate; default 64"},
    {"--temperature", "temperature", "of sampling; default 0: always the likeliest token"},
    {"--top-p", "top_p", "sample among the likeliest tokens that together have this probability; default 1"},
    {"--sampling-seed", "sampling_seed", "of sampling; default 1"},
    {"--prefer-resident", "prefer_resident",
     "added to the score of an expert that is resident when its router chooses; default 0"},
    {"--random-weights", "random_weights",
     "draw the weights from this seed: any preset's shapes without a checkpoint"},
    {"--precision", "precision", "of the forward pass: f32, bf16 or int8; default bf16"},
}};

struct RunOptions {
  RunRequest request;
  std::array<std::string, kForwardOptions.size()> forward;  // as written
  int threads = 0;
  std::string out, route_out;
  bool json = false, per_token = false, no_baseline = false, what_if = false;
};

// What pre-gating changes can only be said beside the same routing without it.
Result<Baseline> run_without_prefetch(const RunSetup& setup) {
  Scenario scenario = setup.scenario;
  scenario.policy.prefetch = PrefetchKind::none;
  const Result<TimedRun> plain = simulate_setup(
      {.setup = setup, .scenario = scenario, .keep_details = false, .what = "simulating without prefetch"});
  if (!plain) return plain.error();
  const PhaseSummary& decode = plain->run.summary.decode;
  return Baseline{.tokens_per_second = tokens_per_second(decode),
                  .stall_per_token = per_token(decode.stall, decode.tokens),
                  .hit_rate_decode = hit_rate(decode)};
}

// Where the coefficients of energy come from. A device that the scenario spells out has no file.
std::string text_of_device(const ShippedCatalogue& catalogue, const RunRequest& request,
                           const Scenario& scenario) {
  const Result<NamedText> file =
      catalogue.device(request.device.empty() ? scenario.device.id : request.device);
  return file ? file->text : std::string();
}

struct Outcomes {
  const RunSetup& setup;
  const TimedRun& timed;
  const ForwardReport* forward;
};

Status report_run(Session& session, const RunOptions& options, const Outcomes& of) {
  if (!options.out.empty()) {
    if (Status written = write_run(options.out, of.timed.run); !written) return written;
  }
  RunReport report{.run = of.timed.run,
                   .scenario = of.setup.scenario,
                   .costs_note = of.setup.costs_note,
                   .baseline = {},
                   .wall_s = of.timed.wall_s,
                   .run_file = options.out,
                   .per_token = options.per_token,
                   .device_text = text_of_device(session.catalogue, options.request, of.setup.scenario),
                   .forward = of.forward,
                   .dressed = of.setup.dressed,
                   .routing = of.setup.trace.get()};
  const bool pregated = of.setup.scenario.policy.prefetch == PrefetchKind::pregate;
  if (pregated && !options.no_baseline && of.timed.run.summary.decode.tokens > 0) {
    Result<Baseline> baseline = run_without_prefetch(of.setup);
    if (!baseline) return baseline.error();
    report.baseline = *baseline;
  }
  std::optional<WhatIf> counterfactuals;
  if (options.what_if) {
    Result<WhatIf> simulated = what_if(of.setup, of.timed.run.summary);
    if (!simulated) return simulated.error();
    report.what_if = &counterfactuals.emplace(std::move(*simulated));
  }
  session.out = options.json ? json_report(report) : text_report(report, session.look);
  return {};
}

// Of the forward pass nothing but its record and its report is left: the weights go before the report is
// written.
struct LiveRun {
  RunSetup setup;
  TimedRun timed;
  ForwardReport forward;
};

Result<TimedRun> simulate_live(const RunSetup& setup, LiveForward& live,
                               const std::optional<Dressing>& dressing) {
  const Simulated of{.setup = setup,
                     .scenario = setup.scenario,
                     .what = "simulating the live forward pass",
                     .steps = setup.scenario.workload.forward->tokens};
  if (!dressing) return simulate_source(of, live);
  const Result<std::unique_ptr<DressedSource>> source = DressedSource::create(live, *dressing);
  if (!source) return source.error();
  return simulate_source(of, **source);
}

// What the forward pass chose, as the simulated device saw it: further runs replay it.
Status keep_routing(RunSetup& setup, std::shared_ptr<const RouteTrace> recorded,
                    const std::optional<Dressing>& dressing) {
  setup.trace = std::move(recorded);
  if (!dressing) return {};
  Result<RouteTrace> dressed = dress(*setup.trace, *dressing);
  if (!dressed) return dressed.error();
  setup.trace = std::make_shared<const RouteTrace>(std::move(*dressed));
  setup.dressed = dressing->facts();
  return {};
}

Result<LiveRun> run_live(Session& session, const RunOptions& options, RunSetup setup) {
  const Scenario& scenario = setup.scenario;
  const PromptRequest prompt = prompt_request(*scenario.workload.forward);
  if (const Result<std::string> text = read_prompt(prompt); !text) return text.error();
  const ForwardRequest request = forward_request(setup.model, *scenario.workload.forward, options.threads);
  const Result<ModelSpec> spec = forward_spec(session.catalogue, request);
  if (!spec) return spec.error();
  if (Status possible = check_live_scenario(scenario); !possible)
    return possible.error().at(setup.scenario_file);
  const Result<std::optional<Dressing>> dressing = dressing_of(scenario, *scenario.model);
  if (!dressing) return dressing.error().at(setup.scenario_file);
  const Result<ForwardModel> model = open_forward_model(session.catalogue, request);
  if (!model) return model.error();
  const ModelShape& shape = *dressing ? (*dressing)->shape() : *scenario.model;
  setup.costs_note = fmt::format("costs: {}", shape.costs_from);
  const Result<std::unique_ptr<LiveForward>> source = make_live_source(*model, prompt, *scenario.model);
  if (!source) return source.error();
  Result<TimedRun> timed = simulate_live(setup, **source, *dressing);
  if (!timed) return timed.error();
  if (!options.route_out.empty()) {
    if (Status written = write_route(options.route_out, *(*source)->recorded()); !written)
      return written.error();
  }
  if (Status kept = keep_routing(setup, (*source)->recorded(), *dressing); !kept) return kept.error();
  return LiveRun{std::move(setup), std::move(*timed), forward_report(*model, **source)};
}

Status run_scenario(Session& session, const RunOptions& options) {
  const Status fine =
      check_outputs({{"--out", options.out}, {"--record", options.route_out}}, input_files(options.request));
  if (!fine) return fine;
  Result<RunSetup> setup = set_up_run(session.catalogue, options.request);
  if (!setup) return setup.error();
  if (setup->scenario.workload.live()) {
    const Result<LiveRun> live = run_live(session, options, std::move(*setup));
    if (!live) return live.error();
    return report_run(session, options, {live->setup, live->timed, &live->forward});
  }
  const Result<TimedRun> timed = simulate_setup({.setup = *setup, .scenario = setup->scenario});
  if (!timed) return timed.error();
  return report_run(session, options, {*setup, *timed, nullptr});
}

constexpr const char* kExamples = R"(Examples:
  pregate run                                             the shipped demo
  pregate run --device a18-pro --set dram.expert_budget=2GiB
  pregate run synthetic --what-if                         what would make it faster, and what cannot
  pregate run --trace small.route --shape-as megrez2-3x7b-a3b
  pregate run --trace phone.route.csv --set dram.expert_budget=4000MiB --set policy.prefetch=pregate
  pregate run my.scenario.textproto --out my.run --json
  pregate run --model ./checkpoint --prompt "Once upon a time" --tokens 64 --device a18-pro
--set reaches every field of a scenario: model, device, workload, dram, runtime, policy, sim. For example
  dram.expert_budget=4000MiB   runtime.overlap=false   runtime.io_lanes=2   workload.phase=decode
  policy.eviction=lfu          policy.prefetch=pregate policy.lookahead=2   device.dram.efficiency=0.8)";

void add_forward_fields(CLI::App& verb, RunOptions& options) {
  for (std::size_t i = 0; i < kForwardOptions.size(); ++i) {
    verb.add_option(kForwardOptions[i].option, options.forward[i], kForwardOptions[i].help);
  }
  verb.add_option("--threads", options.threads, "of the forward pass; 0: all")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
}

void note_forward_fields(const CLI::App& verb, RunOptions& options) {
  RunRequest& request = options.request;
  for (std::size_t i = 0; i < kForwardOptions.size(); ++i) {
    const ForwardOption& option = kForwardOptions[i];
    if (verb.count(option.option) == 0) continue;
    request.live_option = option.option;
    request.forward.push_back(
        {option.option, fmt::format("workload.forward.{}", option.field), options.forward[i]});
  }
  for (const char* option : {"--threads", "--record"}) {
    if (verb.count(option) > 0) request.live_option = option;
  }
}

}  // namespace

void add_run_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* verb =
      app.add_subcommand("run", "Simulate a scenario and say where each nanosecond of a token goes");
  RunRequest& request = options->request;
  verb->add_option("SCENARIO", request.scenario,
                   "a shipped scenario or a .scenario.textproto file; default: demo; with --trace or with "
                   "--model and --prompt: replay; with --model alone: synthetic");
  add_scenario_options(*verb, request);
  add_forward_fields(*verb, *options);
  verb->add_option("--record", options->route_out,
                   "with --prompt: write the routing to this .route file; a replay with the same scenario "
                   "and policy has the "
                   "same times (of a pre-gated model: --set policy.prefetch=pregate)");
  verb->add_option("--npu", request.npu,
                   "compute times: device (its roofline), or measured (what the forward pass took on the "
                   "machine that ran it)");
  verb->add_option("--out", options->out, "write the run to this .run file");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->add_flag("--per-token", options->per_token, "add a row a step");
  verb->add_flag("--no-baseline", options->no_baseline,
                 "skip the second run, without prefetch, that pre-gating is compared with");
  verb->add_flag(
      "--what-if", options->what_if,
      "simulate what would make it faster (everything resident, OPT, perfect prefetch, parts of the "
      "device twice as fast ...) and sort by gain");
  verb->footer(kExamples);
  verb->callback([options, verb, &session] {
    note_forward_fields(*verb, *options);
    session.action = [options, &session] { return run_scenario(session, *options); };
  });
}

}  // namespace pregate
