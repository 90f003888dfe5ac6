// SPDX-License-Identifier: Apache-2.0
// `pregate run`: one scenario simulated, and what it says.
#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "experiments/analysis.hpp"
#include "experiments/live_source.hpp"
#include "experiments/report.hpp"
#include "experiments/run_setup.hpp"
#include "experiments/verbs.hpp"
#include "sim/simulator.hpp"
#include "traces/dressed_source.hpp"
#include "traces/replay.hpp"
#include "traces/route_file.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

struct RunOptions {
  RunRequest request;
  ForwardRequest forward;
  PromptRequest prompt;
  std::string out, route_out;
  bool prompt_given = false;
  std::string live_option;  // one that only a live run has, if any was given
  bool json = false, per_token = false, no_baseline = false;
};

struct TimedRun {
  RunRecord run;
  double wall_s = 0;
};

ReplayOptions replay_options(const WorkloadSpec& workload) {
  return {.skip_prefill = workload.decode_only, .max_steps = workload.max_steps};
}

struct Simulated {
  const RunSetup& setup;
  const Scenario& scenario;
  bool keep_details = true;
  const char* what = "simulating";
  std::int64_t steps = 0;  // that are coming, for the progress line
};

Result<TimedRun> simulate_source(const Simulated& of, RoutingSource& source) {
  Progress progress(fmt::format("{}: step", of.what));
  SimulateOptions options{.keep_details = of.keep_details, .progress = [&](std::int64_t done, SimTime) {
                            progress.update(done, of.steps);
                            return true;
                          }};
  const auto begin = std::chrono::steady_clock::now();
  Result<RunRecord> run = simulate(of.scenario, source, options);
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!run) return run.error().at(of.setup.scenario_file);
  return TimedRun{std::move(*run), wall_s};
}

Result<TimedRun> simulate_setup(const RunSetup& setup, const Scenario& scenario, bool keep_details,
                                const char* what) {
  Replay source(setup.trace, replay_options(scenario.workload));
  const auto steps = static_cast<std::int64_t>(source.whole_trace()->steps.size());
  return simulate_source({setup, scenario, keep_details, what, steps}, source);
}

// What pre-gating changes can only be said beside the same routing without it.
Result<Baseline> run_without_prefetch(const RunSetup& setup) {
  Scenario scenario = setup.scenario;
  scenario.policy.prefetch = PrefetchKind::none;
  const Result<TimedRun> plain = simulate_setup(setup, scenario, false, "simulating without prefetch");
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
                   .dressed = of.setup.dressed};
  const bool pregated = of.setup.scenario.policy.prefetch == PrefetchKind::pregate;
  if (pregated && !options.no_baseline && of.timed.run.summary.decode.tokens > 0) {
    Result<Baseline> baseline = run_without_prefetch(of.setup);
    if (!baseline) return baseline.error();
    report.baseline = *baseline;
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
                               const std::optional<Dressing>& dressing, const PromptRequest& prompt) {
  const Simulated of{.setup = setup,
                     .scenario = setup.scenario,
                     .what = "simulating the live forward pass",
                     .steps = prompt.tokens};
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

Result<LiveRun> run_live(Session& session, RunOptions& options) {
  options.forward.model = options.request.model;
  if (const Result<std::string> prompt = read_prompt(options.prompt); !prompt) return prompt.error();
  const Result<ModelSpec> spec = forward_spec(session.catalogue, options.forward);
  if (!spec) return spec.error();
  options.request.live = true;
  options.request.pre_gated = spec->pre_gate && spec->lookahead > 0;
  options.request.lookahead = static_cast<std::int32_t>(spec->lookahead);
  Result<RunSetup> setup = set_up_run(session.catalogue, options.request);
  if (!setup) return setup.error();
  if (setup->scenario.workload.decode_only || setup->scenario.workload.max_steps > 0) {
    return bad_input(
               "workload.phase all and no max_steps: a forward pass starts with its prompt, and --tokens "
               "ends it",
               setup->scenario.workload.decode_only ? "phase decode" : "max_steps", "workload")
        .at(setup->scenario_file);
  }
  // A checkpoint is simulated as what it is, whatever model the scenario was written for.
  if (is_checkpoint(options.forward.model)) setup->scenario.model.reset();
  const PolicySpec& policy = setup->scenario.policy;
  const std::int64_t known_ahead = spec->pre_gate ? spec->lookahead : 0;
  if (policy.prefetch == PrefetchKind::pregate && policy.lookahead > known_ahead) {
    return bad_input(
               fmt::format("at most {}, the layers ahead of which this model's routers answer", known_ahead),
               fmt::format("prefetch pregate with lookahead {}", policy.lookahead), "policy.lookahead")
        .at(setup->scenario_file);
  }
  const ModelShape shape = setup->scenario.model ? *setup->scenario.model : shape_of(*spec);
  const Result<std::optional<Dressing>> dressing = dressing_of(setup->scenario, shape);
  if (!dressing) return dressing.error().at(setup->scenario_file);
  if (*dressing && options.prompt.prefer_resident != 0) {
    return bad_input("no model.shape_as, which leaves open which of its experts a choice would prefer",
                     (*dressing)->shape().name)
        .at("--prefer-resident");
  }
  setup->costs_note =
      fmt::format("costs: {}", *dressing ? (*dressing)->shape().costs_from : shape.costs_from);
  const Result<ForwardModel> model = open_forward_model(session.catalogue, options.forward);
  if (!model) return model.error();
  const Result<std::unique_ptr<LiveForward>> source = make_live_source(*model, options.prompt, shape);
  if (!source) return source.error();
  Result<TimedRun> timed = simulate_live(*setup, **source, *dressing, options.prompt);
  if (!timed) return timed.error();
  if (!options.route_out.empty()) {
    if (Status written = write_route(options.route_out, *(*source)->recorded()); !written)
      return written.error();
  }
  if (Status kept = keep_routing(*setup, (*source)->recorded(), *dressing); !kept) return kept.error();
  return LiveRun{std::move(*setup), std::move(*timed), forward_report(*model, **source)};
}

Status run_scenario(Session& session, RunOptions& options) {
  for (const std::string& out : {options.out, options.route_out}) {
    if (out.empty()) continue;
    if (Status writable = check_writable(out); !writable) return writable;
  }
  if (!options.out.empty() && options.out == options.route_out) {
    return bad_input("another file than --out", options.route_out).at("--record");
  }
  const bool live = options.prompt_given;
  if (live && !options.request.trace.empty()) {
    return bad_input("routing from a trace or from a prompt", "both").at("--prompt");
  }
  if (!live && !options.live_option.empty()) {
    return bad_input("--prompt, which runs a model", "none").at(options.live_option);
  }
  std::optional<ForwardReport> forward;
  std::optional<RunSetup> setup;
  std::optional<TimedRun> timed;
  if (live) {
    Result<LiveRun> run = run_live(session, options);
    if (!run) return run.error();
    forward.emplace(std::move(run->forward));
    setup.emplace(std::move(run->setup));
    timed.emplace(std::move(run->timed));
  } else {
    Result<RunSetup> set_up = set_up_run(session.catalogue, options.request);
    if (!set_up) return set_up.error();
    setup.emplace(std::move(*set_up));
    Result<TimedRun> run = simulate_setup(*setup, setup->scenario, true, "simulating");
    if (!run) return run.error();
    timed.emplace(std::move(*run));
  }
  return report_run(session, options, {*setup, *timed, forward ? &*forward : nullptr});
}

constexpr const char* kExamples = R"(Examples:
  pregate run                                             the shipped demo
  pregate run --device a18-pro --set dram.expert_budget=2GiB
  pregate run --trace phone.route.csv --set dram.expert_budget=4000MiB --set policy.prefetch=pregate
  pregate run my.scenario.textproto --out my.run --json
  pregate run --model ./checkpoint --prompt "Once upon a time" --tokens 64 --device a18-pro
--set reaches every field of a scenario: model, device, workload, dram, runtime, policy, sim. For example
  dram.expert_budget=4000MiB   runtime.overlap=false   runtime.io_lanes=2   workload.phase=decode
  policy.eviction=lfu          policy.prefetch=pregate policy.lookahead=2   device.dram.efficiency=0.8)";

}  // namespace

void add_run_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* verb =
      app.add_subcommand("run", "Simulate a scenario and say where each nanosecond of a token goes");
  RunRequest& request = options->request;
  verb->add_option("SCENARIO", request.scenario,
                   "a shipped scenario or a .scenario.textproto file; default: demo (with --trace: replay)");
  verb->add_option("--model", request.model,
                   "a shipped model or a .model.textproto file; none: the trace's own costs");
  verb->add_option("--device", request.device, "a shipped device or a .device.textproto file");
  verb->add_option("--trace", request.trace, "a routing trace: .route, route_trace v1 CSV or JSON Lines");
  verb->add_option("--shape-as", request.shape_as,
                   "dress the routing in the layers, bytes and MACs of this model: a shipped model or a "
                   ".model.textproto file");
  add_prompt_options(*verb, options->prompt);
  verb->add_option("--prefer-resident", options->prompt.prefer_resident,
                   "with --prompt: added to the score of an expert that is resident when its router chooses")
      ->check(finite_between(0, 1000));
  add_forward_options(*verb, options->forward);
  verb->add_option("--record", options->route_out,
                   "with --prompt: write the routing to this .route file; a replay with the same scenario "
                   "and policy has the "
                   "same times (of a pre-gated model: --set policy.prefetch=pregate)");
  verb->add_option("--npu", request.npu,
                   "compute times: device (its roofline), or measured (what the forward pass took on the "
                   "machine that ran it)");
  verb->add_option("--set", request.assignments, "change a scenario field: PATH=VALUE; may be repeated")
      ->type_name("PATH=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--seed", request.seed, "of everything random: policies and synthetic routing");
  verb->add_option("--out", options->out, "write the run to this .run file");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->add_flag("--per-token", options->per_token, "add a row a step");
  verb->add_flag("--no-baseline", options->no_baseline,
                 "skip the second run, without prefetch, that pre-gating is compared with");
  verb->footer(kExamples);
  verb->callback([options, verb, &session] {
    options->prompt_given = verb->count("--prompt") + verb->count("--prompt-file") > 0;
    for (const char* option : {"--tokens", "--temperature", "--top-p", "--sampling-seed", "--prefer-resident",
                               "--random-weights", "--precision", "--threads", "--record"}) {
      if (verb->count(option) > 0) options->live_option = option;
    }
    session.action = [options, &session] { return run_scenario(session, *options); };
  });
}

}  // namespace pregate
