// SPDX-License-Identifier: Apache-2.0
#include "experiments/energy.hpp"
#include "experiments/forward_report.hpp"
#include "experiments/json_text.hpp"
#include "experiments/report.hpp"
#include "experiments/signature_view.hpp"
#include "experiments/summary_json.hpp"
#include "experiments/table.hpp"
#include "experiments/what_if_view.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

Json json_of(const StepView& step, std::size_t index) {
  return {{"step", index},
          {"phase", to_text(step.phase)},
          {"position", step.position},
          {"tokens", step.tokens},
          {"makespan_s", seconds(step.makespan)},
          {"compute_s", seconds(step.compute)},
          {"dram_contention_s", seconds(step.dram_contention)},
          {"management_s", seconds(step.management)},
          {"stall_s", seconds(step.stall)},
          {"makespan_ps", step.makespan.count_ps()},
          {"bins_ps",
           {{"compute", step.compute.count_ps()},
            {"dram_contention", step.dram_contention.count_ps()},
            {"management", step.management.count_ps()},
            {"stall", step.stall.count_ps()}}},
          {"hits", step.hits},
          {"late", step.late},
          {"misses", step.misses},
          {"bytes_read", step.bytes.count()}};
}

void add_signatures(Json& out, const RunReport& report) {
  out["signatures"] = json_of(run_signatures(report.run, report.routing));
  out["thrashing"] = nullptr;
  if (const std::optional<Thrashing> t = measure_thrashing(report.run)) {
    out["thrashing"] = {{"first_step", t->first_step},
                        {"tokens", t->tokens},
                        {"bytes_used", t->used.count()},
                        {"bytes_read", t->read.count()},
                        {"bytes_read_again", t->read_again.count()},
                        {"read_again_of_used", t->of_used()},
                        {"read_again_of_read", t->of_read()}};
  }
}

// By level: of the run, of a decoded token, and what it was estimated with.
void add_energy(Json& out, const RunReport& report) {
  const RunSummary& s = report.run.summary;
  const bool known = s.decode.energy && s.decode.tokens > 0;
  out["energy_per_token_j"] =
      known ? Json(s.decode.energy->total() / static_cast<double>(s.decode.tokens)) : Json();
  out["energy"] = nullptr;
  if (!s.energy_j) return;
  out["energy"] = Json::object();
  for (const EnergyLevel& level : energy_levels(s, report.scenario.device, report.device_text)) {
    out["energy"][std::string(level.key)] = {{"run_j", level.run_j},
                                             {"per_token_j", known ? Json(level.token_j) : Json()},
                                             {"coefficient", level.coefficient},
                                             {"coefficient_unit", level.unit},
                                             {"source", level.source}};
  }
}

void add_lists(Json& out, const RunReport& report) {
  out["stalls"] = Json::array();
  for (const CauseView& cause : view_causes(report.run)) {
    out["stalls"].push_back(
        {{"cause", to_text(cause.cause)},
         {"time_s", seconds(cause.time)},
         {"count", cause.count},
         {"longest_s", seconds(cause.longest->end - cause.longest->begin)},
         {"longest", explain_stall(report.run, *cause.longest, report.scenario.policy.eviction)}});
  }
  out["worst_experts"] = Json::array();
  for (const ExpertView& expert : worst_experts(report.run, 10)) {
    out["worst_experts"].push_back({{"bank", expert.bank.value()},
                                    {"expert", expert.expert},
                                    {"stall_s", seconds(expert.stall)},
                                    {"misses", expert.misses},
                                    {"reloads", expert.reloads},
                                    {"bytes_read", expert.bytes.count()}});
  }
}

Json json_of(const DressingFacts& d) {
  return {{"routing_model", d.routed},
          {"shape", d.shape},
          {"moe_layers", d.moe_layers},
          {"routing_moe_layers", d.routed_moe_layers},
          {"routing_layers_taken", d.layers_taken},
          {"banks", d.banks},
          {"routing_banks", d.routed_banks},
          {"repetitions", d.repetitions},
          {"experts", d.experts},
          {"routing_experts", d.routed_experts},
          {"top_k", d.top_k},
          {"routing_top_k", d.routed_top_k},
          {"permutation_seed", d.repetitions > 1 ? Json(d.seed) : Json()},
          {"text", describe(d)}};
}

void add_provenance(Json& out, const RunReport& report) {
  const RunHeader& header = report.run.header;
  out["scenario"] = header.scenario_name;
  out["device"] = header.device;
  out["model"] = header.model;
  out["policy"] = header.policy;
  out["origin"] = to_text(header.origin);
  out["synthetic"] = header.origin == Origin::synthetic;
  out["provenance"] = header.provenance;
  out["dressed"] = report.dressed ? json_of(*report.dressed) : Json();
  out["costs_from"] = header.costs_from;
  out["costs_note"] = report.costs_note;
  out["seed"] = report.scenario.policy.seed;
  out["pregate_version"] = header.pregate_version;
  // A run on a real disk has measured times; its bound is a device file's all the same.
  out["times"] = header.times();
  out["labels"] = {{"simulated", header.measured ? "bound_s" : "all times, rates, counts and bytes"},
                   {"measured", header.measured ? "all times, rates, counts and bytes; wall_s" : "wall_s"},
                   {"estimated", "energy_j, energy_per_token_j, energy"}};
}

}  // namespace

std::string json_report(const RunReport& report) {
  Json out = Json::object();
  add_stable_keys(out, report.run.summary);
  out["wall_s"] = report.wall_s;
  if (report.per_token) {
    out["per_token"] = Json::array();
    const std::vector<StepView> steps = view_steps(report.run);
    for (std::size_t i = 0; i < steps.size(); ++i) out["per_token"].push_back(json_of(steps[i], i));
  }
  out["baseline"] = nullptr;
  if (report.baseline) {
    out["baseline"] = {{"tokens_per_second", report.baseline->tokens_per_second},
                       {"stall_per_token_s", seconds(report.baseline->stall_per_token)},
                       {"hit_rate_decode", report.baseline->hit_rate_decode}};
  }
  if (report.what_if != nullptr) add_what_if(out, *report.what_if);
  if (report.forward != nullptr) {
    const ForwardReport& f = *report.forward;
    out["forward"] = {{"model", f.model},
                      {"prompt", f.prompt},
                      {"text", f.text},
                      {"prompt_tokens", f.prompt_tokens},
                      {"generated_tokens", f.generated_tokens},
                      {"prefill_tokens_per_second_measured", f.prefill_rate()},
                      {"decode_tokens_per_second_measured", f.decode_rate()},
                      {"weights_bytes", f.weights.count()},
                      {"peak_memory_bytes", f.peak_memory.count()}};
  }
  add_detail_keys(out, report.run.summary);
  add_signatures(out, report);
  add_energy(out, report);
  add_lists(out, report);
  add_provenance(out, report);
  return json_text(out);
}

}  // namespace pregate
