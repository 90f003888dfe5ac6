// SPDX-License-Identifier: Apache-2.0
// `pregate stream`: a model run for real with its routed experts on this machine's disk. What it reports is
// measured; what `run` reports of the same routing on a calibrated device is the prediction.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "experiments/interrupts.hpp"
#include "experiments/live_source.hpp"
#include "experiments/report.hpp"
#include "experiments/scenario_options.hpp"
#include "experiments/stream/stream_options.hpp"
#include "experiments/stream/streamed_model.hpp"
#include "experiments/verbs.hpp"
#include "traces/route_file.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

struct StreamVerbOptions {
  StreamRequest stream;
  std::string device = "host";
  std::vector<std::string> assignments;
  std::string budget;
  std::string out, route_out;
  bool json = false, per_token = false;
};

Result<Scenario> scenario_of(const ShippedCatalogue& catalogue, const StreamVerbOptions& options,
                             const ExpertPack& pack) {
  ScenarioDocument document;
  // What is known before what the user says.
  for (const std::string& assignment :
       {fmt::format("device.id={}", options.device), std::string("runtime.room=request")}) {
    if (Status set = document.set(assignment); !set) return set.error();
  }
  const Result<Bytes> budget = parse_expert_budget(options.budget, pack);
  if (!budget) return budget.error().at("--budget");
  if (Status set = document.set(fmt::format("dram.expert_budget={}B", budget->count()), "--budget"); !set)
    return set.error();
  for (const std::string& assignment : options.assignments) {
    if (Status set = document.set(assignment); !set) return set.error();
  }
  Result<Scenario> scenario = document.resolve(catalogue);
  if (scenario && scenario->runtime.room != RoomAt::request) {
    return bad_input("request, as the stream takes room", "start", "runtime.room").at("--set");
  }
  return scenario;
}

std::string text_of(const OpenedStream& stream, const StreamResult& result) {
  return fmt::format("{}\n\n{} tokens, generated on this machine with {} and {} in {}\n{}\n\n",
                     decode(stream.model, result.tokens), result.tokens.size(),
                     to_text(result.run.summary.expert_budget), to_text(result.engine), stream.file,
                     stream.provenance);
}

// Which of the two set the budget last.
const char* budget_option(const StreamVerbOptions& options) {
  const auto sets = [](const std::string& text) { return text.starts_with("dram.expert_budget"); };
  return std::any_of(options.assignments.begin(), options.assignments.end(), sets) ? "--set" : "--budget";
}

Status stream_model(Session& session, const StreamVerbOptions& options) {
  const StreamRequest& request = options.stream;
  const Status fine = check_outputs({{"--out", options.out}, {"--record", options.route_out}},
                                    {{"--experts", request.experts}, {"--prompt-file", request.prompt.file}});
  if (!fine) return fine;
  if (request.experts.empty())
    return bad_input("a file of experts that `pregate pack` wrote", "none").at("--experts");
  if (Status known = check_device(session.catalogue, options.device); !known) return known;
  const Result<std::unique_ptr<OpenedStream>> stream =
      open_stream(session.catalogue, request.model, request.experts);
  if (!stream) return stream.error();
  const Result<Scenario> scenario = scenario_of(session.catalogue, options, (*stream)->pack);
  if (!scenario) return scenario.error();
  const Result<LiveOptions> live = stream_live_options(session.catalogue, **stream, request);
  if (!live) return live.error();
  const Interrupts interrupts;
  Progress progress("generating: token");
  const auto begin = std::chrono::steady_clock::now();
  const Result<StreamResult> result = stream_run((*stream)->streamed(), *scenario, *live,
                                                 {.open_disk = {},
                                                  .engine = engine_of(request),
                                                  .verify = !request.no_verify,
                                                  .future = nullptr,
                                                  .provenance = (*stream)->provenance,
                                                  .prompt = request.prompt.text,
                                                  .progress = [&](std::int64_t done) {
                                                    progress.update(done, live->max_tokens);
                                                    return !interrupts.any();
                                                  }});
  if (!result)
    return of_option(
        result.error(),
        {{"dram.expert_budget", budget_option(options)}, {"model", "--choices"}, {"routing", "--choices"}});
  progress.clear();
  if (!options.out.empty()) {
    if (Status written = write_run(options.out, result->run); !written) return written;
  }
  if (!options.route_out.empty()) {
    if (Status written = write_route(options.route_out, *result->routing); !written) return written;
  }
  const RunReport report{
      .run = result->run,
      .scenario = *scenario,
      .costs_note = fmt::format("costs: {}", result->run.model.costs_from),
      .baseline = {},
      .wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
      .run_file = options.out,
      .per_token = options.per_token,
      .device_text = {},
      .what_if = nullptr,
      .forward = nullptr,
      .dressed = {},
      .routing = result->routing.get()};
  session.out =
      options.json ? json_report(report) : text_of(**stream, *result) + text_report(report, session.look);
  return {};
}

}  // namespace

void add_stream_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<StreamVerbOptions>();
  CLI::App* verb = app.add_subcommand(
      "stream", "Run a model for real with its routed experts on this machine's disk, and measure it");
  add_stream_options(*verb, options->stream);
  verb->add_option("--budget", options->budget,
                   "memory for routed experts: a share of all of them (25%) or bytes (2GiB)")
      ->default_str("25%");
  options->budget = "25%";
  verb->add_option("--device", options->device,
                   "this machine as a device file, as `pregate calibrate --out` writes it: for the bound of "
                   "the report")
      ->capture_default_str();
  add_repeated(*verb, "--set", options->assignments,
               "change a scenario field: policy.eviction, policy.prefetch, runtime.io_lanes ...")
      ->type_name("PATH=VALUE");
  verb->add_option("--out", options->out, "write the measured run to this .run file");
  verb->add_option("--record", options->route_out,
                   "write its routing to this .route file, for `pregate run`");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->add_flag("--per-token", options->per_token, "add a row a step");
  verb->footer(
      "Examples:\n"
      "  pregate pack --model megrez2-nano --precision int8 --out nano.experts\n"
      "  pregate stream --model megrez2-nano --precision int8 --experts nano.experts --prompt \"Once upon a "
      "time\" --set policy.prefetch=pregate");
  verb->callback([options, &session] {
    session.action = [options, &session] { return stream_model(session, *options); };
  });
}

}  // namespace pregate
