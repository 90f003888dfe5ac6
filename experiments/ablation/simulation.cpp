// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>

#include "experiments/ablation/kept.hpp"
#include "experiments/ablation/measure.hpp"
#include "experiments/table.hpp"
#include "sim/simulator.hpp"
#include "traces/replay.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

// What of a run is no field of its scenario.
constexpr const char* kFormat = "run 1: lru";

// The replay scenario, whose other values are those of every plain run.
Result<Scenario> scenario_of(const ShippedCatalogue& catalogue, const AblationPlan& plan,
                             const Variant& variant, const SimulatedRun& run) {
  const Result<NamedText> base = catalogue.scenario("replay");
  if (!base) return base.error();
  Result<ScenarioDocument> document = ScenarioDocument::parse(*base);
  if (!document) return document.error();
  std::vector<std::string> assignments = {
      fmt::format("device.id={}", plan.devices[run.device]),
      fmt::format("dram.expert_budget={}", plan.budgets[run.budget].bytes.count()), "policy.eviction=lru",
      fmt::format("policy.prefetch={}", run.pregate ? "pregate" : "none")};
  if (run.pregate) assignments.push_back(fmt::format("policy.lookahead={}", variant.lookahead));
  for (const std::string& assignment : assignments) {
    if (Status set = document->set(assignment); !set) return set.error().at("--devices");
  }
  return document->resolve(catalogue);
}

// The shape that is simulated, as far as it costs anything.
std::string text_of(const ModelShape& shape) {
  std::string text = fmt::format("{};{};{};{};{};", shape.top_k, shape.kv_bytes.count(),
                                 shape.kv_macs.count(), shape.head_bytes.count(), shape.head_macs.count());
  for (const LayerShape& layer : shape.layers) {
    text += fmt::format("{},{},{},{},{};", layer.bank.valid() ? std::int64_t{layer.bank.value()} : -1,
                        layer.attention_bytes.count(), layer.attention_macs.count(),
                        layer.feed_forward_bytes.count(), layer.feed_forward_macs.count());
  }
  for (const BankShape& bank : shape.banks)
    text += fmt::format("{},{},{};", bank.experts, bank.expert_bytes.count(), bank.expert_macs.count());
  return text;
}

RunFigures figures_of(const RunSummary& summary, double simulation_s) {
  const PhaseSummary& decode = summary.decode;
  const auto ms = [&](Duration d) { return seconds(per_token(d, decode.tokens)) * 1e3; };
  const double tokens = static_cast<double>(std::max<std::int64_t>(decode.tokens, 1));
  return {.hit_rate = hit_rate(decode),
          .lru_hit_rate = summary.policy_hit_rate_decode,
          .opt_hit_rate = summary.opt_hit_rate_decode,
          .tokens_per_second = tokens_per_second(decode),
          .ms_per_token = ms(decode.makespan),
          .stall_ms_per_token = ms(decode.stall),
          .read_mib_per_token = static_cast<double>(decode.bytes_read.count()) / tokens / (1 << 20),
          .reload_share = summary.thrash_share,
          .simulation_s = simulation_s};
}

Result<RunFigures> simulate_run(const Scenario& scenario, const VariantRouting& routing) {
  Replay source(routing.trace);
  const auto begin = std::chrono::steady_clock::now();
  const Result<RunRecord> run = simulate(scenario, source, {.keep_details = false});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (!run) return run.error();
  return figures_of(run->summary, took.count());
}

}  // namespace

std::int64_t runs_of(const AblationPlan& plan, const Variant& variant) {
  return static_cast<std::int64_t>(plan.devices.size() * plan.budgets.size()) *
         (variant.lookahead > 0 ? 2 : 1);
}

Result<SimulatedVariant> simulate_variant(const ShippedCatalogue& catalogue, const AblationPlan& plan,
                                          const Variant& variant, const VariantRouting& routing,
                                          const std::function<void()>& progress) {
  Result<KeptFigures> kept = KeptFigures::open(variant.folder);
  if (!kept) return kept.error();
  const std::string shape = text_of(routing.trace->header.model);
  SimulatedVariant out;
  for (std::size_t device = 0; device < plan.devices.size(); ++device) {
    for (std::size_t budget = 0; budget < plan.budgets.size(); ++budget) {
      for (const bool pregate : {false, true}) {
        // At d = 0 nothing is known ahead: there is no other run to make.
        if (pregate && variant.lookahead == 0) continue;
        SimulatedRun run{.device = device, .budget = budget, .pregate = pregate};
        const Result<Scenario> scenario = scenario_of(catalogue, plan, variant, run);
        if (!scenario) return scenario.error();
        const std::string key = fingerprint(
            fmt::format("{};{};{};{};{}", kFormat, pregate_version(), routing.key, shape, scenario->text));
        if (const std::optional<RunFigures> known = kept->find(key)) {
          run.figures = *known;
        } else {
          const Result<RunFigures> figures = simulate_run(*scenario, routing);
          if (!figures) return figures.error().at(variant.name);
          run.figures = *figures;
          const std::string what = fmt::format("{}, {} bytes, pregate {}", plan.device_ids[device],
                                               plan.budgets[budget].bytes.count(), pregate ? "on" : "off");
          if (Status added = kept->add(key, what, *figures); !added) return added.error();
          ++out.simulated;
        }
        out.runs.push_back(run);
        if (progress) progress();
      }
    }
  }
  return out;
}

}  // namespace pregate
