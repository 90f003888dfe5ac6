// SPDX-License-Identifier: Apache-2.0
// `pregate plan`: the cheapest device or setting that is fast enough.
#include <fmt/format.h>

#include <memory>

#include "experiments/json_text.hpp"
#include "experiments/plan/plan.hpp"
#include "experiments/scenario_options.hpp"
#include "experiments/verbs.hpp"
#include "experiments/workers.hpp"

namespace pregate {
namespace {

struct PlanOptions {
  PlanRequest request;
  std::vector<std::string> targets;
  std::size_t jobs = 0;
  bool no_sensitivity = false, json = false;
};

Status plan_it(Session& session, PlanOptions& options) {
  PlanRequest& request = options.request;
  for (const std::string& text : options.targets) {
    const Result<Target> target = parse_target(text);
    if (!target) return target.error().at("--target");
    request.targets.push_back(*target);
  }
  request.jobs = options.jobs > 0 ? options.jobs : available_cores();
  request.sensitivity = !options.no_sensitivity;
  Progress progress("planning: scenario");
  const Result<Plan> plan =
      make_plan(session.catalogue, request, [&progress](std::int64_t done) { progress.update(done, 0); });
  progress.clear();
  if (!plan) return plan.error();
  session.found_wanting = !plan->answer;
  session.out = options.json ? json_text(plan_json(*plan)) : plan_text(*plan, session.look);
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate plan synthetic --target 4tok/s --over dram.expert_budget
  pregate plan --trace phone.route.csv --target "tokens_per_second>=8" --over dram.expert_budget=256MiB..16GiB
  pregate plan synthetic --target 6tok/s --over dram.expert_budget=1GiB..4GiB --over device.flash.read_bandwidth=1GB/s..8GB/s \
      --price dram.expert_budget=4/GiB --price device.flash.read_bandwidth=2/GB/s
  pregate plan synthetic --target "ttft_s<=2s" --over device.id=raspberry-pi-5,orin-nano-super,oneplus-15r
A target is a key of the summary (docs/json.md) with >= or <=. A range's low end is the cheap one; a list stands from the
cheapest to the dearest. Exit code 1: no value reaches the target, and what forbids it is said.)";

}  // namespace

void add_plan_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<PlanOptions>();
  PlanRequest& request = options->request;
  CLI::App* verb =
      app.add_subcommand("plan", "Find the cheapest value of a parameter or two that reaches a target");
  verb->add_option("SCENARIO", request.base.scenario,
                   "a shipped scenario or a file; default: as in pregate run");
  add_scenario_options(*verb, request.base);
  add_repeated(*verb, "--target", options->targets,
               "KEY>=NUMBER or KEY<=NUMBER, or 20tok/s; several: all of them")
      ->required();
  add_repeated(*verb, "--over", request.over,
               "what may be chosen: PATH=LO..HI[:N[:log]] or PATH=V1,V2,..; dram.expert_budget alone: from "
               "the largest event to "
               "all experts; twice: two parameters")
      ->type_name("PATH=VALUES")
      ->required();
  add_repeated(*verb, "--high-first", request.high_first, "of this parameter the high end is the cheap one")
      ->type_name("PATH");
  add_repeated(*verb, "--price", request.prices,
               "of a parameter: PATH=AMOUNT/UNIT, as in dram.expert_budget=4/GiB")
      ->type_name("PATH=AMOUNT/UNIT");
  verb->add_flag("--all", request.all, "simulate every value, instead of those that can matter");
  verb->add_flag("--no-sensitivity", options->no_sensitivity, "skip the table of device parameters");
  verb->add_option("--jobs", options->jobs, "scenarios at a time; default: one a core")
      ->check(CLI::Range(1, 4096));
  verb->add_option("--threads", request.threads, "of a forward pass; 0: all")->check(CLI::Range(0, 256));
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(kExamples);
  verb->callback(
      [options, &session] { session.action = [options, &session] { return plan_it(session, *options); }; });
}

}  // namespace pregate
