// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "experiments/compare.hpp"
#include "experiments/json_text.hpp"
#include "experiments/table.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const TimeBins& bins) {
  Json out = Json::object();
  for (std::size_t i = 0; i < kTimeBins; ++i)
    out[std::string(to_text(static_cast<TimeBin>(i)))] = bins.time[i].count_ps();
  return out;
}

Json json_of(const PhaseSummary& phase) {
  Json outcomes = Json::object();
  for (std::size_t o = 0; o < phase.outcomes.size(); ++o)
    outcomes[std::string(to_text(static_cast<Outcome>(o)))] = phase.outcomes[o];
  return {{"tokens", phase.tokens},
          {"makespan_ps", phase.makespan.count_ps()},
          {"stall_ps", phase.stall.count_ps()},
          {"hit_rate", phase.lookups > 0 ? Json(hit_rate(phase)) : Json()},
          {"lookups", phase.lookups},
          {"outcomes", std::move(outcomes)},
          {"loads", phase.loads},
          {"reloads", phase.reloads},
          {"evictions", phase.evictions},
          {"bytes_read", phase.bytes_read.count()},
          {"energy_j", phase.energy ? Json(phase.energy->total()) : Json()}};
}

Json json_of(const ComparedRun& compared) {
  const RunHeader& header = compared.run->header;
  const RunSummary& s = compared.summary();
  const bool decoded = s.decode.tokens > 0;
  return {{"run", std::string(1, compared.letter)},
          {"given", compared.given},
          {"scenario", header.scenario_name},
          {"model", header.model},
          {"device", header.device},
          {"policy", header.policy},
          {"origin", to_text(header.origin)},
          {"pregate_version", header.pregate_version},
          {"tokens_per_second", decoded ? Json(tokens_per_second(s.decode)) : Json()},
          {"time_per_output_token_s",
           decoded ? Json(seconds(s.decode.makespan) / static_cast<double>(s.decode.tokens)) : Json()},
          {"ttft_s", seconds(s.ttft)},
          {"opt_hit_rate_decode", decoded ? Json(s.opt_hit_rate_decode) : Json()},
          {"expert_budget_bytes", s.expert_budget.count()},
          {"all", json_of(s.all)},
          {"prefill", json_of(s.prefill)},
          {"decode", json_of(s.decode)}};
}

Json json_of(const PhaseDiff& phase) {
  const Waterfall fall = phase.waterfall();
  return {{"makespan_a_ps", fall.from.count_ps()},
          {"makespan_b_ps", fall.to.count_ps()},
          {"difference_ps", (fall.to - fall.from).count_ps()},
          {"change_ps", json_of(fall.change)},
          {"only_in_a_ps", -fall.dropped.count_ps()},
          {"only_in_b_ps", fall.added.count_ps()},
          {"steps_in_both", phase.steps_in_both},
          {"tokens_in_both", phase.tokens_a},
          {"tokens_in_both_b", phase.tokens_b},
          {"time_in_both_a_ps", phase.sum.a.bins.total().count_ps()},
          {"time_in_both_b_ps", phase.sum.b.bins.total().count_ps()},
          {"unequal_steps", phase.unequal_steps},
          {"steps_only_in_a", phase.steps_only_in_a},
          {"steps_only_in_b", phase.steps_only_in_b},
          {"events_in_both", phase.sum.events},
          {"rerouted_events", phase.sum.rerouted}};
}

Json json_of(const Mover& mover, const ComparedPair& pair) {
  Json out = Json::object();
  if (mover.step != nullptr) {
    out["phase"] = to_text(mover.step->phase);
    out["index"] = mover.step->index;
  } else {
    out["layer"] = mover.layer == pair.diff.layers() ? Json("head") : Json(mover.layer);
  }
  out["a_ps"] = mover.a.count_ps();
  out["b_ps"] = mover.b.count_ps();
  out["difference_ps"] = mover.change.total().count_ps();
  out["main_cause"] = to_text(main_cause(mover.change));
  out["change_ps"] = json_of(mover.change);
  return out;
}

Json json_of(const Movers& movers, const ComparedPair& pair) {
  Json out = {{"faster", Json::array()}, {"slower", Json::array()}};
  for (const Mover& mover : movers.gained) out["faster"].push_back(json_of(mover, pair));
  for (const Mover& mover : movers.lost) out["slower"].push_back(json_of(mover, pair));
  return out;
}

Json json_of(const Comparison& comparison, const ComparedPair& pair) {
  const RunSummary &a = comparison.runs.front().summary(), &b = comparison.runs[pair.other].summary();
  const double rate_a = tokens_per_second(a.decode), rate_b = tokens_per_second(b.decode);
  Json changes = Json::array();
  for (const ScenarioChange& change : pair.changes)
    changes.push_back({{"path", change.path}, {"a", change.a}, {"b", change.b}});
  Json out = {{"a", "A"}, {"b", std::string(1, comparison.runs[pair.other].letter)}};
  out["tokens_per_second_difference"] = comparison.decoded() ? Json(rate_b - rate_a) : Json();
  out["tokens_per_second_change"] = comparison.decoded() ? Json(rate_b / rate_a - 1) : Json();
  const SharedRates shared = shared_rates(pair.diff.of(Phase::decode));
  const auto of_shared = [&](double value) { return comparison.decoded() ? Json(value) : Json(); };
  out["tokens_per_second_in_both_a"] = of_shared(shared.a);
  out["tokens_per_second_in_both_b"] = of_shared(shared.b);
  out["tokens_per_second_in_both_change"] = of_shared(shared.b / shared.a - 1);
  out["scenario_changes"] = std::move(changes);
  out["remarks"] = pair.remarks;
  out["all"] = json_of(pair.diff.all());
  out["prefill"] = json_of(pair.diff.of(Phase::prefill));
  out["decode"] = json_of(pair.diff.of(Phase::decode));
  out["steps"] = json_of(moved_steps(comparison, pair), pair);
  out["layers"] = json_of(moved_layers(comparison, pair), pair);
  return out;
}

}  // namespace

std::string compare_json(const Comparison& comparison) {
  Json out = {{"runs", Json::array()}, {"comparisons", Json::array()}};
  for (const ComparedRun& run : comparison.runs) out["runs"].push_back(json_of(run));
  for (const ComparedPair& pair : comparison.pairs) out["comparisons"].push_back(json_of(comparison, pair));
  out["labels"] = {{"simulated", "all times, rates, counts and bytes"}, {"estimated", "energy_j"}};
  return json_text(out);
}

}  // namespace pregate
