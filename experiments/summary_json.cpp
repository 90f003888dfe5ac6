// SPDX-License-Identifier: Apache-2.0
#include "experiments/summary_json.hpp"

#include "experiments/table.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

Json causes_of(const PhaseSummary& phase) {
  Json out = Json::object();
  for (std::size_t c = 0; c < kStallCauses; ++c) {
    out[std::string(to_text(static_cast<StallCause>(c)))] = seconds(phase.stall_by_cause[c]);
  }
  return out;
}

Json outcomes_of(const PhaseSummary& phase) {
  Json out = Json::object();
  for (std::size_t o = 0; o < phase.outcomes.size(); ++o) {
    out[std::string(to_text(static_cast<Outcome>(o)))] = phase.outcomes[o];
  }
  return out;
}

Json bins_of(const PhaseSummary& phase) {
  return {{"compute", phase.compute.count_ps()},
          {"dram_contention", phase.dram_contention.count_ps()},
          {"management", phase.management.count_ps()},
          {"stall", phase.stall.count_ps()}};
}

Json json_of(const PhaseSummary& phase) {
  return {{"tokens", phase.tokens},
          {"makespan_s", seconds(phase.makespan)},
          {"makespan_ps", phase.makespan.count_ps()},
          {"bins_ps", bins_of(phase)},
          {"stall_by_cause", causes_of(phase)},
          {"lookups", phase.lookups},
          {"hit_rate", hit_rate(phase)},
          {"outcomes", outcomes_of(phase)},
          {"loads", phase.loads},
          {"reloads", phase.reloads},
          {"evictions", phase.evictions},
          {"bytes_read", phase.bytes_read.count()},
          {"dram_bytes_read", phase.dram_read.count()},
          {"macs", phase.macs.count()}};
}

Json json_of(const PrefetchSummary& prefetch) {
  return {{"issued", prefetch.issued},       {"useful", prefetch.useful},
          {"late", prefetch.late},           {"useless", prefetch.useless},
          {"accuracy", prefetch.accuracy},   {"coverage", prefetch.coverage},
          {"redundant", prefetch.redundant}, {"cancelled", prefetch.cancelled}};
}

void flatten(const Json& object, const std::string& prefix, SummaryRow& row) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      flatten(value, prefix + key + ".", row);
    } else {
      row.emplace_back(prefix + key, value);
    }
  }
}

// Joules of the whole run by level, null where the device file has no coefficients.
Json energy_of(const PhaseSummary& phase) {
  const auto level = [&phase](double EnergySummary::*field) {
    return phase.energy ? Json((*phase.energy).*field) : Json();
  };
  return {{"flash", level(&EnergySummary::flash)}, {"link", level(&EnergySummary::link)},
          {"dram", level(&EnergySummary::dram)},   {"mac", level(&EnergySummary::mac)},
          {"sram", level(&EnergySummary::sram)},   {"idle", level(&EnergySummary::idle)}};
}

}  // namespace

void add_stable_keys(Json& out, const RunSummary& s) {
  const bool decoded = s.decode.tokens > 0;
  out["tokens"] = s.decode.tokens;
  out["makespan_s"] = seconds(s.all.makespan);
  out["tokens_per_second"] = decoded ? Json(tokens_per_second(s.decode)) : Json();
  out["ttft_s"] = seconds(s.ttft);
  out["time_per_output_token_s"] =
      decoded ? Json(seconds(s.decode.makespan) / static_cast<double>(s.decode.tokens)) : Json();
  out["compute_s"] = seconds(s.all.compute);
  out["stall_s"] = seconds(s.all.stall);
  out["dram_contention_s"] = seconds(s.all.dram_contention);
  out["management_s"] = seconds(s.all.management);
  out["stall_by_cause"] = causes_of(s.all);
  out["lookups"] = s.all.lookups;
  out["hit_rate"] = hit_rate(s.all);
  out["hit_rate_decode"] = decoded ? Json(hit_rate(s.decode)) : Json();
  out["prefetch"] = json_of(s.prefetch);
  out["loads"] = s.all.loads;
  out["reloads"] = s.all.reloads;
  out["evictions"] = s.all.evictions;
  out["bytes_read"] = s.all.bytes_read.count();
  out["thrash_share"] = s.thrash_share;
  out["opt_hit_rate_decode"] = decoded ? Json(s.opt_hit_rate_decode) : Json();
  out["recoverable_gap"] = decoded ? Json(s.recoverable_gap) : Json();
  out["bound_s"] = seconds(s.bound);
  out["energy_j"] = s.energy_j ? Json(*s.energy_j) : Json();
  out["events"] = s.events;
}

void add_detail_keys(Json& out, const RunSummary& s) {
  out["makespan_ps"] = s.all.makespan.count_ps();
  out["bins_ps"] = bins_of(s.all);
  out["prefill_tokens"] = s.prefill.tokens;
  out["outcomes"] = outcomes_of(s.all);
  Json misses = Json::object();
  for (std::size_t c = 1; c < s.misses_by_class.size(); ++c) {
    misses[std::string(to_text(static_cast<MissClass>(c)))] = s.misses_by_class[c];
  }
  out["misses_by_class"] = std::move(misses);
  out["policy_hit_rate_decode"] = s.decode.tokens > 0 ? Json(s.policy_hit_rate_decode) : Json();
  out["bound_by"] = s.bound_by;
  out["thrash_step"] = s.thrash_step < 0 ? Json() : Json(s.thrash_step);
  out["token_cycle_bytes"] = s.token_cycle.count();
  out["expert_budget_bytes"] = s.expert_budget.count();
  out["peak_resident_bytes"] = s.peak_resident.count();
  out["kernel_events"] = s.kernel_events;
  out["tokens_per_second_if_resident"] =
      s.decode.tokens > 0 ? Json(tokens_per_second_if_resident(s.decode)) : Json();
  out["prefill"] = json_of(s.prefill);
  out["decode"] = json_of(s.decode);
}

SummaryRow summary_row(const RunSummary& summary) {
  Json all = Json::object();
  add_stable_keys(all, summary);
  add_detail_keys(all, summary);
  const bool known = summary.decode.energy && summary.decode.tokens > 0;
  all["energy_per_token_j"] =
      known ? Json(summary.decode.energy->total() / static_cast<double>(summary.decode.tokens)) : Json();
  all["energy_by_level_j"] = energy_of(summary.all);
  SummaryRow row;
  flatten(all, "", row);
  return row;
}

const std::vector<std::string>& summary_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys;
    for (const auto& [key, value] : summary_row(RunSummary())) keys.push_back(key);
    return keys;
  }();
  return kKeys;
}

}  // namespace pregate
