// SPDX-License-Identifier: Apache-2.0
// `pregate models [NAME]`: the shapes that routing can be costed with, and those that are shipped with
// weights.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/table.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct ModelsOptions {
  std::string name;
  bool json = false;
};

// What a shape says of parameters: one multiply-accumulate of a token is one weight. Norms (no MACs) and
// embeddings and head are left out, as in design.md section 4.
struct ModelFacts {
  std::int64_t stored = 0, activated = 0;
  Bytes expert, cycle;  // of the largest bank; the most a token can touch
  std::int32_t experts = 0;
};

ModelFacts facts_of(const ModelShape& model) {
  ModelFacts facts;
  std::vector<std::int64_t> layers_of_bank(model.banks.size(), 0);
  for (const LayerShape& layer : model.layers) {
    const std::int64_t dense = layer.attention_macs.count() + layer.feed_forward_macs.count();
    facts.stored += dense;
    facts.activated += dense;
    if (!layer.is_moe()) continue;
    ++layers_of_bank[layer.bank.value()];
    facts.activated += model.banks[layer.bank.value()].expert_macs.count() * model.top_k;
  }
  for (std::size_t b = 0; b < model.banks.size(); ++b) {
    const BankShape& bank = model.banks[b];
    facts.stored += bank.expert_macs.count() * bank.experts;
    const std::int64_t touched = std::min<std::int64_t>(bank.experts, layers_of_bank[b] * model.top_k);
    facts.cycle += bank.expert_bytes * touched;
    facts.expert = std::max(facts.expert, bank.expert_bytes);
    facts.experts = std::max(facts.experts, bank.experts);
  }
  return facts;
}

// `folder`: of its weights; empty: a shape alone.
Json json_of(const ModelShape& model, const std::string& folder) {
  const ModelFacts facts = facts_of(model);
  return {{"name", model.name},
          {"layers", model.layers.size()},
          {"moe_layers", model.moe_layers()},
          {"banks", model.banks.size()},
          {"experts", facts.experts},
          {"top_k", model.top_k},
          {"stored_parameters", facts.stored},
          {"activated_parameters", facts.activated},
          {"expert_bytes", facts.expert.count()},
          {"all_experts_bytes", model.all_experts_bytes().count()},
          {"dense_bytes", model.dense_bytes().count()},
          {"kv_bytes_per_token_layer", model.kv_bytes.count()},
          {"token_cycle_bytes_at_most", facts.cycle.count()},
          {"costs_from", model.costs_from},
          {"weights", folder.empty() ? Json() : Json(folder)}};
}

std::string billions(std::int64_t parameters) {
  const double value = static_cast<double>(parameters);
  return value >= 1e9 ? fmt::format("{:.1f} B", value / 1e9) : fmt::format("{:.1f} M", value / 1e6);
}

std::vector<std::string> row_of(const ModelShape& model, bool trained) {
  const ModelFacts facts = facts_of(model);
  return {model.name,
          billions(facts.stored),
          billions(facts.activated),
          fmt::format("{}/{}", model.moe_layers(), model.layers.size()),
          fmt::format("{} x {}", model.banks.size(), facts.experts),
          std::to_string(model.top_k),
          to_text(facts.expert),
          to_text(model.all_experts_bytes()),
          to_text(facts.cycle),
          trained ? "trained, shipped" : ""};
}

constexpr const char* kFootnote = R"(
Parameters without embeddings and head. T: bytes of experts that a token touches at most (with shared banks
and with overlap between their layers it is less). The file of one: pregate models NAME
)";

struct Listed {
  ModelShape shape;
  std::string folder;  // of its weights, if they are shipped
};

// Shipped shapes, with weights or without, by name.
Result<std::vector<Listed>> all_models(const ShippedCatalogue& catalogue) {
  std::vector<std::pair<std::string, std::string>> names;
  for (const TrainedModel& model : catalogue.trained()) names.emplace_back(model.name, model.folder);
  for (const EmbeddedFile& file : ShippedCatalogue::list("model")) {
    const bool known =
        std::any_of(names.begin(), names.end(), [&](const auto& n) { return n.first == file.name; });
    if (!known) names.emplace_back(file.name, "");
  }
  std::sort(names.begin(), names.end());
  std::vector<Listed> out;
  for (const auto& [name, folder] : names) {
    const Result<NamedText> source = catalogue.model(folder.empty() ? name : folder);
    if (!source) return source.error();
    const Result<ModelShape> shape = parse_model(*source);
    if (!shape) return shape.error();
    out.push_back({*shape, folder});
  }
  return out;
}

Status list_models(Session& session, bool json) {
  const Result<std::vector<Listed>> models = all_models(session.catalogue);
  if (!models) return models.error();
  Table table({{"name", Align::left},
               {"stored"},
               {"activated"},
               {"MoE/layers"},
               {"banks x experts"},
               {"top-k"},
               {"an expert"},
               {"all experts"},
               {"T"},
               {"weights", Align::left}});
  Json all = Json::array();
  for (const Listed& model : *models) {
    table.row(row_of(model.shape, !model.folder.empty()));
    all.push_back(json_of(model.shape, model.folder));
  }
  session.out = json ? json_text(all) : table.text(session.look) + kFootnote;
  return {};
}

Status show_model(Session& session, const ModelsOptions& options) {
  const Result<NamedText> source = session.catalogue.model(options.name);
  if (!source) return source.error();
  const Result<ModelShape> model = parse_model(*source);
  if (!model) return model.error();
  const ModelFacts facts = facts_of(*model);
  if (options.json) {
    Json out = json_of(*model, session.catalogue.checkpoint(options.name).value_or(""));
    out["text"] = source->text;
    session.out = json_text(out);
    return {};
  }
  if (const auto folder = session.catalogue.checkpoint(options.name)) {
    session.out = fmt::format("# What {} says; its weights are beside it.\n", source->path);
  }
  session.out += source->text;
  if (!session.out.empty() && session.out.back() != '\n') session.out += '\n';
  const Result<ModelSpec> spec = parse_model_spec(*source);
  if (!spec) return spec.error();
  const ParameterCounts parts = count_parameters(*spec);
  session.out += fmt::format(
      "# Derived: {} parameters stored: routed experts {}, shared experts {}, dense FFN {}, attention {}, "
      "routers {},\n"
      "# embedding {}, head {}; {} activated in the layers, for one token. An expert is {} ({} parameters), "
      "all of them\n"
      "# {}; what stays resident beside them {}; a token touches at most {} of experts (T).\n",
      billions(parts.stored()), billions(parts.routed_stored), billions(parts.shared_experts),
      billions(parts.dense_ffn), billions(parts.attention), billions(parts.routers),
      billions(parts.embedding), billions(parts.head), billions(parts.activated()), to_text(facts.expert),
      with_commas(parts.expert), to_text(model->all_experts_bytes()), to_text(model->dense_bytes()),
      to_text(facts.cycle));
  return {};
}

}  // namespace

void add_models_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<ModelsOptions>();
  CLI::App* verb = app.add_subcommand("models", "List the shipped model shapes, or show one");
  verb->add_option("NAME", options->name,
                   "a shipped model, a .model.textproto file or a checkpoint's folder");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer("Examples:\n  pregate models\n  pregate models megrez2-3x7b-a3b\n  pregate models --json");
  verb->callback([options, &session] {
    session.action = [options, &session] {
      return options->name.empty() ? list_models(session, options->json) : show_model(session, *options);
    };
  });
}

}  // namespace pregate
