// SPDX-License-Identifier: Apache-2.0
// The report of `pregate trace reuse` for programs: JSON and CSV.
#include <fmt/format.h>

#include "experiments/reuse_view.hpp"
#include "experiments/table.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

Json quantile_or_null(const SortedValues& values, double share) {
  return values.empty() ? Json() : Json(values.quantile(share));
}

void add_quantiles(Json& out, const ReuseSummary& s) {
  out["lookups"] = s.lookups;
  out["first_uses"] = s.first_uses;
  const std::pair<const char*, const SortedValues*> measures[] = {
      {"bytes", &s.bytes}, {"events", &s.events}, {"steps", &s.steps}};
  for (const auto& [name, values] : measures) {
    out[fmt::format("p50_{}", name)] = quantile_or_null(*values, 0.5);
    out[fmt::format("p90_{}", name)] = quantile_or_null(*values, 0.9);
    out[fmt::format("max_{}", name)] = quantile_or_null(*values, 1);
  }
}

Json histogram(const ReuseReport& report) {
  Json out = Json::array();
  for (const ReuseBin& bin : byte_bins(report)) {
    const bool has_cycle = report.cycle > Bytes();
    out.push_back({{"up_to_bytes", bin.up_to.count()},
                   {"up_to_cycles", has_cycle ? Json(static_cast<double>(bin.quarters) / 4) : Json()},
                   {"lookups", bin.lookups},
                   {"share", ratio(bin.lookups, report.summary.lookups)},
                   {"lru_hit_rate", ratio(bin.lru_hits, report.summary.lookups)}});
  }
  return out;
}

Json histogram(const SortedValues& values, const char* unit, std::int64_t lookups) {
  Json out = Json::array();
  for (const CountBin& bin : count_bins(values)) {
    out.push_back({{fmt::format("from_{}", unit), bin.from},
                   {fmt::format("to_{}", unit), bin.to},
                   {"lookups", bin.lookups},
                   {"share", ratio(bin.lookups, lookups)}});
  }
  return out;
}

Json json_of(const WorkingSet& set) {
  return {{"steps", set.window},
          {"windows", set.windows},
          {"mean_experts", set.mean_experts},
          {"max_experts", set.max_experts},
          {"chance_experts", set.chance_experts},
          {"mean_bytes", set.mean_bytes},
          {"max_bytes", set.max_bytes.count()},
          {"chance_bytes", set.chance_bytes}};
}

Json json_of(const ReuseGroup& group) {
  Json out = Json::object();
  if (group.layer) out["layer"] = group.layer->value();
  if (group.bank) out["bank"] = group.bank->value();
  if (group.expert) out["expert"] = *group.expert;
  add_quantiles(out, group.summary);
  return out;
}

Json advice_json(const ReuseReport& report) {
  Json out = {{"sentence", advice_text(report)}};
  const std::optional<LruAdvice> advice = lru_advice(report);
  const auto bytes = [&advice](Bytes LruAdvice::*field) {
    return advice ? Json((*advice.*field).count()) : Json();
  };
  out["max_hit_rate"] = advice ? ratio(advice->most_hits, report.summary.lookups) : 0.0;
  out["first_hit_budget_bytes"] = bytes(&LruAdvice::first);
  out["half_budget_bytes"] = bytes(&LruAdvice::half);
  out["ninety_percent_budget_bytes"] = bytes(&LruAdvice::ninety);
  out["max_budget_bytes"] = bytes(&LruAdvice::all);
  out["hit_rate_at_cycle"] =
      advice && report.cycle > Bytes() ? Json(ratio(advice->hits_at_cycle, report.summary.lookups)) : Json();
  return out;
}

std::string cell(const SortedValues& values, double share) {
  return values.empty() ? std::string() : std::to_string(values.quantile(share));
}

}  // namespace

Json json_of(const ReuseReport& report) {
  Json out = {{"model", report.model},
              {"origin", to_text(report.origin)},
              {"costs_note", report.note},
              {"phase", report.phases == Phases::decode ? "decode" : "all"},
              {"steps", report.steps},
              {"token_cycle_bytes", report.cycle.count()},
              {"all_experts_bytes", report.all_experts.count()}};
  add_quantiles(out, report.summary);
  out["histogram"] = histogram(report);
  out["histogram_events"] = histogram(report.summary.events, "events", report.summary.lookups);
  out["histogram_steps"] = histogram(report.summary.steps, "steps", report.summary.lookups);
  out["working_set"] = Json::array();
  for (const WorkingSet& set : report.sets) out["working_set"].push_back(json_of(set));
  out["lru"] = advice_json(report);
  if (report.by.empty()) return out;
  Json& groups = out[fmt::format("by_{}", report.by)] = Json::array();
  for (const ReuseGroup& group : report.groups) groups.push_back(json_of(group));
  return out;
}

std::string bins_csv(const ReuseReport& report) {
  std::string out = "up_to_bytes,up_to_cycles,lookups,share,lru_hit_rate\n";
  const std::int64_t lookups = report.summary.lookups;
  for (const ReuseBin& bin : byte_bins(report)) {
    const bool has_cycle = report.cycle > Bytes();
    out += fmt::format("{},{},{},{:.6f},{:.6f}\n", bin.up_to.count(),
                       has_cycle ? fmt::format("{:g}", static_cast<double>(bin.quarters) / 4) : "",
                       bin.lookups, ratio(bin.lookups, lookups), ratio(bin.lru_hits, lookups));
  }
  return out + fmt::format("first_use,,{},{:.6f},\n", report.summary.first_uses,
                           ratio(report.summary.first_uses, lookups));
}

std::string sets_csv(const ReuseReport& report) {
  std::string out =
      "steps,windows,mean_experts,max_experts,chance_experts,mean_bytes,max_bytes,chance_bytes\n";
  for (const WorkingSet& set : report.sets) {
    out += fmt::format("{},{},{:.3f},{},{:.3f},{:.0f},{},{:.0f}\n", set.window, set.windows, set.mean_experts,
                       set.max_experts, set.chance_experts, set.mean_bytes, set.max_bytes.count(),
                       set.chance_bytes);
  }
  return out;
}

std::string groups_csv(const ReuseReport& report) {
  std::string out = "layer,bank,expert,lookups,first_uses,p50_bytes,p90_bytes,p50_steps,p90_steps\n";
  for (const ReuseGroup& group : report.groups) {
    const ReuseSummary& s = group.summary;
    out +=
        fmt::format("{},{},{},{},{},{},{},{},{}\n", group.layer ? std::to_string(group.layer->value()) : "",
                    group.bank ? std::to_string(group.bank->value()) : "",
                    group.expert ? std::to_string(*group.expert) : "", s.lookups, s.first_uses,
                    cell(s.bytes, 0.5), cell(s.bytes, 0.9), cell(s.steps, 0.5), cell(s.steps, 0.9));
  }
  return out;
}

}  // namespace pregate
