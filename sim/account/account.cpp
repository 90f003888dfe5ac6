// SPDX-License-Identifier: Apache-2.0
#include "sim/account/account.hpp"

#include <fmt/format.h>

#include "sim/account/attribution.hpp"
#include "sim/account/summary.hpp"
#include "sim/residency/curve.hpp"

namespace pregate {
namespace {

// The events of a run whose source had no future, as they were recorded.
EventSequence recorded_sequence(const RunRecord& run, const ModelShape& model) {
  EventSequence sequence;
  std::vector<ExpertId> experts;
  for (std::size_t e = 0; e < run.events.size(); ++e) {
    const EventRecord& event = run.events[e];
    const std::size_t end = e + 1 < run.events.size() ? run.events[e + 1].first_lookup : run.lookups.size();
    experts.clear();
    for (std::size_t i = event.first_lookup; i < end; ++i) experts.push_back(run.lookups[i].expert);
    sequence.append({.step = event.step,
                     .layer = event.layer,
                     .bank = model.layers[event.layer.value()].bank,
                     .phase = run.steps[static_cast<std::size_t>(event.step)].phase},
                    experts);
  }
  return sequence;
}

std::string policy_text(const PolicySpec& policy) {
  std::string text(to_text(policy.eviction));
  text += ", prefetch ";
  text += to_text(policy.prefetch);
  if (policy.prefetch == PrefetchKind::pregate || policy.prefetch == PrefetchKind::stale_gate) {
    text += fmt::format(" {} layer{} ahead", policy.lookahead, policy.lookahead == 1 ? "" : "s");
  }
  if (policy.prefetch == PrefetchKind::stale_gate)
    text += fmt::format(", right {:.0f} %", 100 * policy.stale_gate_accuracy);
  return text;
}

RunHeader header_of(std::string_view version, const Scenario& scenario, const RouteHeader& route,
                    const ModelShape& model) {
  return {.pregate_version = std::string(version),
          .scenario_text = scenario.text,
          .scenario_name = scenario.name,
          .device = scenario.device.id,
          .model = model.name,
          .policy = policy_text(scenario.policy),
          .origin = route.origin,
          .provenance = route.provenance,
          .costs_from = model.costs_from};
}

}  // namespace

RunRecord account_run(Recorder& recorder, const AccountInputs& inputs) {
  RunRecord run = recorder.take();
  std::optional<EventSequence> own_sequence;
  std::optional<FutureUses> own_uses;
  if (inputs.sequence == nullptr) {
    own_sequence.emplace(recorded_sequence(run, inputs.model));
    own_uses.emplace(*own_sequence, inputs.table.size());
  }
  const EventSequence& sequence = own_sequence ? *own_sequence : *inputs.sequence;
  const FutureUses& uses = own_uses ? *own_uses : *inputs.uses;
  const Scenario& scenario = inputs.scenario;
  const auto layers = static_cast<std::int32_t>(inputs.model.layers.size());
  const bool preload = scenario.preload == Preload::all;
  const std::vector<bool> opt =
      opt_hits(sequence, uses, inputs.table, layers, inputs.budget, {.preload = preload});
  label_misses_and_stalls(run, {sequence, uses, opt}, recorder.stall_lacked_room());

  SummaryInputs sums{.device = scenario.device,
                     .opt_hits = opt,
                     .expert_budget = inputs.budget,
                     .peak_resident = inputs.peak_resident,
                     .token_cycle = mean_token_cycle(sequence, inputs.table),
                     .kernel_events = inputs.kernel_events};
  if (scenario.policy.prefetch == PrefetchKind::none) {
    for (const LookupRecord& lookup : run.lookups) {
      if (lookup.outcome != Outcome::miss) continue;
      ++sums.plain_misses;
      const std::int32_t step = run.events[lookup.event.value()].step;
      sums.plain_misses_decode += run.steps[static_cast<std::size_t>(step)].phase == Phase::decode ? 1 : 0;
    }
  } else {
    const CurvePoint plain =
        replay_at(sequence, uses, inputs.table, layers, scenario.policy.eviction, inputs.budget,
                  {.lfu_half_life = scenario.policy.lfu_half_life,
                   .seed = scenario.policy.seed,
                   .largest_event = sequence.largest_event(inputs.table),
                   .preload = preload});
    sums.plain_misses = plain.lookups - plain.hits;
    sums.plain_misses_decode = plain.lookups_decode - plain.hits_decode;
  }
  run.summary = summarize(run, recorder, sums);
  run.header = header_of(inputs.version, scenario, inputs.route, inputs.model);
  run.header.measured = inputs.measured;
  run.model = inputs.model;
  if (!inputs.keep_details) {
    run.lookups = {};
    run.events = {};
    run.loads = {};
    run.evictions = {};
    run.stalls = {};
  }
  return run;
}

}  // namespace pregate
