// SPDX-License-Identifier: Apache-2.0
#include "experiments/live_routing.hpp"

#include <fmt/format.h>

#include "experiments/live_source.hpp"

namespace pregate {

Status check_live_scenario(const Scenario& scenario) {
  const WorkloadSpec& workload = scenario.workload;
  if (workload.decode_only || workload.max_steps > 0) {
    return bad_input(
        "workload.phase all and no max_steps: a forward pass starts with its prompt, and --tokens "
        "ends it",
        workload.decode_only ? "phase decode" : "max_steps", "workload");
  }
  if (scenario.shape_as && workload.forward->prefer_resident != 0) {
    return bad_input("0 beside model.shape_as, which leaves open which of its experts a choice would prefer",
                     fmt::format("{}", workload.forward->prefer_resident),
                     "workload.forward.prefer_resident");
  }
  const PolicySpec& policy = scenario.policy;
  if (policy.prefetch == PrefetchKind::pregate && policy.lookahead > known_ahead(scenario)) {
    return bad_input(fmt::format("at most {}, the layers ahead of which this model's routers answer",
                                 known_ahead(scenario)),
                     fmt::format("prefetch pregate with lookahead {}", policy.lookahead), "policy.lookahead");
  }
  return {};
}

Status check_live_replay(const Scenario& scenario) {
  if (Status possible = check_live_scenario(scenario); !possible) return possible;
  const ForwardSpec& forward = *scenario.workload.forward;
  if (forward.prefer_resident == 0) return {};
  return bad_input("0, as one routing is recorded and replayed", fmt::format("{}", forward.prefer_resident),
                   "workload.forward.prefer_resident");
}

ForwardRequest forward_request(const std::string& model, const ForwardSpec& forward, int threads) {
  return {
      .model = model,
      .random_weights = forward.random_weights ? fmt::format("{}", *forward.random_weights) : std::string(),
      .precision = forward.precision,
      .threads = threads};
}

PromptRequest prompt_request(const ForwardSpec& forward) {
  return {.text = forward.prompt,
          .file = forward.prompt_file,
          .tokens = forward.tokens,
          .temperature = forward.temperature,
          .top_p = forward.top_p,
          .seed = fmt::format("{}", forward.sampling_seed),
          .prefer_resident = forward.prefer_resident};
}

Status run_to_end(LiveForward& source, const std::function<void(std::int64_t)>& progress) {
  for (std::int64_t done = 0;; ++done) {
    if (progress) progress(done);
    const Result<std::optional<StepInfo>> step = source.next_step();
    if (!step) return step.error();
    if (!step->has_value()) return {};
  }
}

Result<std::shared_ptr<const RouteTrace>> route_live(const ShippedCatalogue& catalogue,
                                                     const ResolvedRun& run, int threads) {
  const Scenario& scenario = run.scenario;
  if (Status possible = check_live_replay(scenario); !possible) return possible.error().at(run.scenario_file);
  const ForwardSpec& forward = *scenario.workload.forward;
  const Result<ForwardModel> model =
      open_forward_model(catalogue, forward_request(run.model, forward, threads));
  if (!model) return model.error();
  const Result<std::unique_ptr<LiveForward>> source =
      make_live_source(*model, prompt_request(forward), *scenario.model);
  if (!source) return source.error();
  if (Status ended = run_to_end(**source, {}); !ended) return ended.error();
  return (*source)->recorded();
}

}  // namespace pregate
