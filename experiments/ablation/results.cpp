// SPDX-License-Identifier: Apache-2.0
#include "experiments/ablation/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "experiments/json_text.hpp"
#include "experiments/table.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

// What a variant has beside its runs: a column of the CSV and a key of the JSON each, with its unit.
struct VariantColumn {
  const char* name;
  double (*value)(const VariantResult&);
};
constexpr VariantColumn kVariantColumns[] = {
    {"stored_parameters", [](const VariantResult& v) { return static_cast<double>(v.parameters.stored()); }},
    {"activated_parameters",
     [](const VariantResult& v) { return static_cast<double>(v.parameters.activated()); }},
    {"validation_bits_per_byte", [](const VariantResult& v) { return v.trained.bits_per_byte; }},
    {"training_loss_nats_per_token", [](const VariantResult& v) { return v.trained.loss; }},
    {"training_wall_s", [](const VariantResult& v) { return v.trained.seconds; }},
    {"lag1_overlap_share", [](const VariantResult& v) { return v.routing.locality.lag1_overlap; }},
    {"lag1_overlap_chance_share",
     [](const VariantResult& v) { return v.routing.locality.lag1_overlap_chance; }},
    {"top8_share", [](const VariantResult& v) { return v.routing.locality.top8_share; }},
    {"top8_chance_share", [](const VariantResult& v) { return v.routing.locality.top8_share_chance; }},
    {"token_cycle_bytes",
     [](const VariantResult& v) { return static_cast<double>(v.routing.locality.token_cycle.count()); }},
    {"all_experts_bytes", [](const VariantResult& v) { return static_cast<double>(v.experts.count()); }}};

std::string number(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value)) ? fmt::format("{:.0f}", value)
                                                                        : fmt::format("{:.6g}", value);
}

std::string head_of(const VariantResult& v) {
  return fmt::format("{},{},{},{}", v.variant->name, v.variant->group, v.variant->lookahead, v.variant->seed);
}

Json variant_json(const AblationPlan& plan, const VariantResult& v) {
  Json out = {{"variant", v.variant->name},
              {"group", v.variant->group},
              {"lookahead", v.variant->lookahead},
              {"seed", v.variant->seed}};
  for (const VariantColumn& column : kVariantColumns) out[column.name] = column.value(v);
  out["runs"] = Json::array();
  for (const SimulatedRun& run : v.runs) {
    Json row = {{"device", plan.device_ids[run.device]},
                {"budget_bytes", plan.budgets[run.budget].bytes.count()},
                {"budget_share", plan.budgets[run.budget].share},
                {"pregate", run.pregate}};
    for (const FigureColumn& column : kFigureColumns) row[column.name] = run.figures.*column.value;
    out["runs"].push_back(std::move(row));
  }
  return out;
}

double sum(const std::vector<VariantResult>& variants, double (*value)(const VariantResult&)) {
  return std::accumulate(variants.begin(), variants.end(), 0.0,
                         [&](double total, const VariantResult& v) { return total + value(v); });
}

std::string short_cell(const Spread& spread, int decimals) {
  return spread.seeds < 2 ? fmt::format("{:.{}f}", spread.mean, decimals)
                          : fmt::format("{:.{}f} +/- {:.{}f}", spread.mean, decimals,
                                        (spread.high - spread.low) / 2, decimals);
}

}  // namespace

double AblationResult::training_seconds() const {
  return sum(variants, [](const VariantResult& v) { return v.trained.seconds; });
}
double AblationResult::recording_seconds() const {
  return sum(variants, [](const VariantResult& v) { return v.routing.seconds; });
}
double AblationResult::simulation_seconds() const {
  return sum(variants, [](const VariantResult& v) {
    return std::accumulate(v.runs.begin(), v.runs.end(), 0.0, [](double total, const SimulatedRun& run) {
      return total + run.figures.simulation_s;
    });
  });
}

Spread spread_of(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  return {
      .mean = total / static_cast<double>(values.size()), .low = *low, .high = *high, .seeds = values.size()};
}

std::vector<std::vector<const VariantResult*>> by_model(const AblationResult& result) {
  std::vector<std::vector<const VariantResult*>> models;
  for (const VariantResult& one : result.variants) {
    const auto known = std::find_if(models.begin(), models.end(), [&](const auto& model) {
      return model.front()->variant->same_model(*one.variant);
    });
    if (known != models.end()) {
      known->push_back(&one);
    } else {
      models.push_back({&one});
    }
  }
  std::stable_sort(models.begin(), models.end(), [](const auto& a, const auto& b) {
    const Variant &left = *a.front()->variant, &right = *b.front()->variant;
    // The group sizes first, then the distances; both rise.
    const auto rank = [](const Variant& v) {
      const bool distance = v.group == kBaseGroup && v.lookahead != 1;
      return std::tuple(distance, v.group, v.lookahead);
    };
    return rank(left) < rank(right);
  });
  return models;
}

const SimulatedRun* find_run(const VariantResult& variant, std::size_t device, std::size_t budget,
                             bool pregate) {
  const auto run = std::find_if(variant.runs.begin(), variant.runs.end(), [&](const SimulatedRun& one) {
    return one.device == device && one.budget == budget && one.pregate == pregate;
  });
  return run == variant.runs.end() ? nullptr : &*run;
}

std::string csv_of(const AblationResult& result) {
  std::string out = "variant,group_n,lookahead_d,seed";
  for (const VariantColumn& column : kVariantColumns) out += fmt::format(",{}", column.name);
  out += ",device,budget_bytes,budget_share_of_n3_experts,pregate";
  for (const FigureColumn& column : kFigureColumns) out += fmt::format(",{}", column.name);
  out += "\n";
  for (const VariantResult& v : result.variants) {
    for (const SimulatedRun& run : v.runs) {
      out += head_of(v);
      for (const VariantColumn& column : kVariantColumns) out += "," + number(column.value(v));
      const Budget& budget = result.plan->budgets[run.budget];
      out += fmt::format(",{},{},{},{}", result.plan->device_ids[run.device], budget.bytes.count(),
                         number(budget.share), run.pregate ? "on" : "off");
      for (const FigureColumn& column : kFigureColumns) out += "," + number(run.figures.*column.value);
      out += "\n";
    }
  }
  return out;
}

std::string json_of(const AblationResult& result, const std::vector<std::string>& files) {
  const AblationPlan& plan = *result.plan;
  Json out = {{"variants", Json::array()}, {"missing", result.missing}};
  for (const VariantResult& v : result.variants) out["variants"].push_back(variant_json(plan, v));
  out["base_experts_bytes"] = plan.base_experts.count();
  out["passages"] = plan.request.passages;
  out["prompt_tokens"] = plan.request.prompt_tokens;
  out["decode_tokens"] = plan.request.decode_tokens;
  out["text_fnv1a"] = plan.text_print;
  out["validation_fnv1a"] = plan.validation_print;
  out["tokenizer_fnv1a"] = plan.tokenizer_print;
  out["training_s"] = result.training_seconds();
  out["recording_s"] = result.recording_seconds();
  out["simulation_s"] = result.simulation_seconds();
  out["processors"] = result.processors;
  out["made_now"] = {
      {"trainings", result.trained}, {"routings", result.recorded}, {"runs", result.simulated}};
  out["files"] = files;
  return json_text(out);
}

std::string text_of(const AblationResult& result, const std::vector<std::string>& files, const Look& look) {
  Table table({{"n"},
               {"d"},
               {"seeds"},
               {"stored"},
               {"activated"},
               {"bits a byte\n(measured)"},
               {"T, MiB"},
               {"overlap\nlag 1, %"}});
  for (const auto& model : by_model(result)) {
    const auto cell = [&](int decimals, auto value) {
      std::vector<double> values;
      for (const VariantResult* v : model) values.push_back(value(*v));
      return short_cell(spread_of(values), decimals);
    };
    const VariantResult& first = *model.front();
    table.row({fmt::format("{}", first.variant->group), fmt::format("{}", first.variant->lookahead),
               fmt::format("{}", model.size()), with_commas(first.parameters.stored()),
               with_commas(first.parameters.activated()),
               cell(4, [](const VariantResult& v) { return v.trained.bits_per_byte; }),
               cell(1,
                    [](const VariantResult& v) {
                      return static_cast<double>(v.routing.locality.token_cycle.count()) / (1 << 20);
                    }),
               cell(1, [](const VariantResult& v) { return v.routing.locality.lag1_overlap * 100; })});
  }
  std::string out = table.text(look);
  out += fmt::format(
      "\n  {} trainings, {} routings and {} runs made now; in all {:.0f} s of training, {:.1f} s of routing, "
      "{:.1f} s of simulation\n",
      result.trained, result.recorded, result.simulated, result.training_seconds(),
      result.recording_seconds(), result.simulation_seconds());
  for (const std::string& missing : result.missing) out += fmt::format("  not trained: {}\n", missing);
  for (const std::string& file : files) out += fmt::format("  {}\n", file);
  return out;
}

}  // namespace pregate
