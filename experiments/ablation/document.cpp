// SPDX-License-Identifier: Apache-2.0
// ablation.md: the figures as tables, with what they are and are not. What they say is written by hand, in
// the README.md beside it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "experiments/ablation/results.hpp"
#include "experiments/table.hpp"
#include "sim/simulator.hpp"

namespace pregate {
namespace {

using Model = std::vector<const VariantResult*>;

std::string cell(const std::vector<double>& values, int decimals) {
  if (values.empty()) return "-";
  const Spread s = spread_of(values);
  if (s.seeds < 2) return fmt::format("{:.{}f}", s.mean, decimals);
  return fmt::format("{:.{}f} ± {:.{}f}", s.mean, decimals, (s.high - s.low) / 2, decimals);
}

template <typename Value>
std::string of_seeds(const Model& model, int decimals, Value value) {
  std::vector<double> values;
  for (const VariantResult* v : model) values.push_back(value(*v));
  return cell(values, decimals);
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

// As it can be typed again: the values that are not the defaults' business, files by their names alone.
std::string command_of(const AblationPlan& plan) {
  const AblationRequest& r = plan.request;
  const TrainingRecipe& t = r.recipe;
  std::string out = fmt::format(
      "pregate ablate --text {} --validation {} --tokenizer {} --out OUT --seeds {} --devices {} "
      "--budgets {} --steps {} --warmup {} --batch {} --context {} --learning-rate {} --balance-rate {} "
      "--threads {} --passages {} --prompt-tokens {} --decode-tokens {}",
      file_name(r.text), file_name(r.validation), file_name(r.tokenizer), r.seeds,
      fmt::join(plan.device_ids, ","), r.budgets, t.steps, t.warmup, t.batch, t.context, t.learning_rate,
      t.balance_rate, t.threads, r.passages, r.prompt_tokens, r.decode_tokens);
  if (!r.config.empty()) out += fmt::format(" --config {}", file_name(r.config));
  if (r.width != AblationRequest().width) out += fmt::format(" --width {}", file_name(r.width));
  return out;
}

std::string introduction(const AblationResult& result) {
  const AblationPlan& plan = *result.plan;
  const ModelSpec& spec = plan.variants.front().spec;
  const TrainingRecipe& t = plan.request.recipe;
  const std::int64_t tokens = t.steps * t.batch * t.context;
  std::string out =
      "# Group size and lookahead, trained and simulated\n\n"
      "Written by `pregate ablate`, never by hand. What the figures say is in [README.md](README.md); every "
      "run is a row of\n[ablation.csv](ablation.csv).\n\n";
  out += fmt::format(
      "* **Trained**: {} layers, {} of them MoE with {} experts a bank and top-{}, hidden size {}; {} steps "
      "of "
      "{} x {} tokens ({:.2f} M tokens)\n  of a text with fingerprint {}. These are short trainings: they "
      "compare variants with each other, and none is a good model.\n",
      spec.layers, spec.moe_layers(), spec.experts, spec.top_k, spec.hidden, t.steps, t.batch, t.context,
      static_cast<double>(tokens) * 1e-6, plan.text_print);
  out += fmt::format(
      "* **n**: MoE layers that share a bank. **d**: layers before its own whose state a router reads; 0 is "
      "an "
      "ordinary MoE.\n* **Bits a byte** of the whole validation text (fingerprint {}), after training: "
      "measured.\n",
      plan.validation_print);
  out += fmt::format(
      "* **Routing**: {} passages of the validation text, evenly spaced, each {} tokens of prompt and {} "
      "decoded one by one. Teacher-forced: all\n  variants route the very same text. Computed in f32 by the "
      "oneDNN forward pass; the passages are turns of one conversation, so\n  that the cache goes on.\n",
      plan.request.passages, plan.request.prompt_tokens, plan.request.decode_tokens);
  out += fmt::format(
      "* **Simulated** in the width of {}: its hidden size, heads, expert width, vocabulary and bits, with "
      "the "
      "layers and experts of\n  the trained model, one for one. Tokens/s are of a model of {} layers. "
      "LRU, 4 lanes, demand paging (off) or pre-gating (on):\n  the choice of a layer is prefetched as soon "
      "as its router has spoken, d layers ahead. At d = 0 nothing is known ahead, so there is no *on*.\n",
      plan.request.width, spec.layers);
  out += fmt::format(
      "* **Budgets** are the same bytes for every n, as a device has the memory that it has: shares of the "
      "{} of "
      "experts at n = {}.\n  **T** is what the experts of one token take; a budget much below it keeps "
      "nothing "
      "from one token to the next.\n",
      to_text(plan.base_experts), kBaseGroup);
  return out + fmt::format(
                   "* A figure is the mean over seeds ({}), ± half of what lies between the lowest and the "
                   "highest.\n",
                   plan.request.seeds);
}

std::string models_table(const AblationResult& result) {
  std::string out =
      "\n## The models\n\n| n | d | seeds | stored | activated | bits a byte | stored in full width | "
      "experts "
      "in full width, MiB | T, MiB | overlap with the token before, % (chance) | top-8 share, % (chance) |\n"
      "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  const auto mib = [](Bytes bytes) { return static_cast<double>(bytes.count()) / (1 << 20); };
  for (const Model& model : by_model(result)) {
    const VariantResult& first = *model.front();
    out += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {:.2f} B | {:.0f} | {} | {} ({}) | {} ({}) |\n",
        first.variant->group, first.variant->lookahead, model.size(), with_commas(first.parameters.stored()),
        with_commas(first.parameters.activated()),
        of_seeds(model, 4, [](const VariantResult& v) { return v.trained.bits_per_byte; }),
        static_cast<double>(first.wide_parameters.stored()) * 1e-9, mib(first.experts),
        of_seeds(model, 1, [&](const VariantResult& v) { return mib(v.routing.locality.token_cycle); }),
        of_seeds(model, 1, [](const VariantResult& v) { return v.routing.locality.lag1_overlap * 100; }),
        of_seeds(model, 1,
                 [](const VariantResult& v) { return v.routing.locality.lag1_overlap_chance * 100; }),
        of_seeds(model, 1, [](const VariantResult& v) { return v.routing.locality.top8_share * 100; }),
        of_seeds(model, 1,
                 [](const VariantResult& v) { return v.routing.locality.top8_share_chance * 100; }));
  }
  return out +
         "\nActivated: in the layers, for one token; embedding and head are not in it. Stored: all of it.\n";
}

struct Place {
  std::size_t device, budget;
};

std::string run_cell(const Model& model, Place at, bool pregate, const FigureColumn& column, double scale,
                     int decimals) {
  std::vector<double> values;
  for (const VariantResult* v : model) {
    if (const SimulatedRun* run = find_run(*v, at.device, at.budget, pregate))
      values.push_back(run->figures.*column.value * scale);
  }
  return cell(values, decimals);
}

std::string device_row(const Model& model, Place at, const Budget& budget) {
  const auto off = [&](double RunFigures::*value, double scale, int decimals) {
    return run_cell(model, at, false, {"", value}, scale, decimals);
  };
  const auto on = [&](double RunFigures::*value, double scale, int decimals) {
    return run_cell(model, at, true, {"", value}, scale, decimals);
  };
  const Variant& variant = *model.front()->variant;
  const double cycle = static_cast<double>(model.front()->routing.locality.token_cycle.count()) /
                       static_cast<double>(budget.bytes.count());
  return fmt::format("| {} | {} | {:.0f} % ({:.0f} MiB) | {:.2f} | {} | {} | {} | {} | {} | {} | {} |\n",
                     variant.group, variant.lookahead, budget.share * 100,
                     static_cast<double>(budget.bytes.count()) / (1 << 20), cycle,
                     off(&RunFigures::hit_rate, 100, 1), on(&RunFigures::hit_rate, 100, 1),
                     off(&RunFigures::opt_hit_rate, 100, 1), off(&RunFigures::stall_ms_per_token, 1, 1),
                     on(&RunFigures::stall_ms_per_token, 1, 1), off(&RunFigures::tokens_per_second, 1, 2),
                     on(&RunFigures::tokens_per_second, 1, 2));
}

std::string device_tables(const AblationResult& result) {
  const AblationPlan& plan = *result.plan;
  std::string out;
  for (std::size_t device = 0; device < plan.devices.size(); ++device) {
    out += fmt::format(
        "\n## {}\n\nSimulated, but for OPT, which is counted. Hit rates are of decode; *on* counts what was "
        "prefetched in time as a hit.\n\n| n | d | budget | T / budget | hit, off, % | hit, on, % | OPT, % | "
        "stall, off, ms a token | stall, on | tokens/s, off | tokens/s, on |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        plan.device_ids[device]);
    for (const Model& model : by_model(result)) {
      for (std::size_t budget = 0; budget < plan.budgets.size(); ++budget)
        out += device_row(model, {device, budget}, plan.budgets[budget]);
    }
  }
  return out;
}

std::string closing(const AblationResult& result) {
  std::string out = "\n## Plots\n";
  for (const NamedFigure& figure : figures_of(result))
    out += fmt::format("\n{}\n\n![{}]({}.svg)\n", figure.what, figure.figure.title, figure.name);
  std::size_t runs = 0;
  for (const VariantResult& v : result.variants) runs += v.runs.size();
  out += fmt::format(
      "\n## Time and command\n\n{} training{} took {:.0f} s together (wall time, each with {} thread{}, on a "
      "machine with {} processors), recording their\nrouting {:.1f} s, and {} simulated runs {:.1f} s. "
      "Seeds: "
      "{}. pregate {}.\n\n```\n{}\n```\n",
      result.variants.size(), result.variants.size() == 1 ? "" : "s", result.training_seconds(),
      result.plan->request.recipe.threads, result.plan->request.recipe.threads == 1 ? "" : "s",
      result.processors, result.recording_seconds(), runs, result.simulation_seconds(),
      result.plan->request.seeds, pregate_version(), command_of(*result.plan));
  if (!result.missing.empty())
    out += fmt::format("\nNot trained when this was written, and not in it: {}.\n",
                       fmt::join(result.missing, ", "));
  return out;
}

}  // namespace

std::string document_of(const AblationResult& result) {
  return introduction(result) + models_table(result) + device_tables(result) + closing(result);
}

}  // namespace pregate
