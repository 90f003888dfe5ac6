// SPDX-License-Identifier: Apache-2.0
// `pregate run`: one scenario simulated, and what it says.
#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "experiments/analysis.hpp"
#include "experiments/report.hpp"
#include "experiments/run_setup.hpp"
#include "experiments/verbs.hpp"
#include "sim/simulator.hpp"
#include "traces/replay.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

struct RunOptions {
  RunRequest request;
  std::string out;
  bool json = false, per_token = false, no_baseline = false;
};

struct TimedRun {
  RunRecord run;
  double wall_s = 0;
};

ReplayOptions replay_options(const WorkloadSpec& workload) {
  return {.skip_prefill = workload.decode_only, .max_steps = workload.max_steps};
}

Result<TimedRun> simulate_setup(const RunSetup& setup, const Scenario& scenario, bool keep_details,
                                const char* what) {
  Replay source(setup.trace, replay_options(scenario.workload));
  const RouteTrace* replayed = source.whole_trace();
  const auto steps = static_cast<std::int64_t>(replayed == nullptr ? 0 : replayed->steps.size());
  Progress progress(fmt::format("{}: step", what));
  SimulateOptions options{.keep_details = keep_details, .progress = [&](std::int64_t done, SimTime) {
                            progress.update(done, steps);
                            return true;
                          }};
  const auto begin = std::chrono::steady_clock::now();
  Result<RunRecord> run = simulate(scenario, source, options);
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!run) return run.error().at(setup.scenario_file);
  return TimedRun{std::move(*run), wall_s};
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

Status run_scenario(Session& session, const RunOptions& options) {
  if (!options.out.empty()) {
    if (Status writable = check_writable(options.out); !writable) return writable;
  }
  const Result<RunSetup> setup = set_up_run(session.catalogue, options.request);
  if (!setup) return setup.error();
  const Result<TimedRun> timed = simulate_setup(*setup, setup->scenario, true, "simulating");
  if (!timed) return timed.error();
  if (!options.out.empty()) {
    if (Status written = write_run(options.out, timed->run); !written) return written;
  }
  RunReport report{.run = timed->run,
                   .scenario = setup->scenario,
                   .costs_note = setup->costs_note,
                   .baseline = {},
                   .wall_s = timed->wall_s,
                   .run_file = options.out,
                   .per_token = options.per_token,
                   .device_text = text_of_device(session.catalogue, options.request, setup->scenario)};
  const bool pregated = setup->scenario.policy.prefetch == PrefetchKind::pregate;
  if (pregated && !options.no_baseline && timed->run.summary.decode.tokens > 0) {
    Result<Baseline> baseline = run_without_prefetch(*setup);
    if (!baseline) return baseline.error();
    report.baseline = *baseline;
  }
  session.out = options.json ? json_report(report) : text_report(report, session.look);
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate run                                             the shipped demo
  pregate run --device a18-pro --set dram.expert_budget=2GiB
  pregate run --trace phone.route.csv --set dram.expert_budget=4000MiB --set policy.prefetch=pregate
  pregate run my.scenario.textproto --out my.run --json
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
  verb->callback([options, &session] {
    session.action = [options, &session] { return run_scenario(session, *options); };
  });
}

}  // namespace pregate
