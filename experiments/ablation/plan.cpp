// SPDX-License-Identifier: Apache-2.0
#include "experiments/ablation/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "experiments/sibling_program.hpp"
#include "experiments/verbs.hpp"
#include "models/config.hpp"
#include "models/tokenizer.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr Bytes kMostText = Bytes::gib(1);

struct Point {
  std::int64_t group, lookahead;
};
// The model that stands in both comparisons comes first: a run that is cut short has it.
constexpr Point kPoints[] = {{3, 1}, {1, 1}, {2, 1}, {4, 1}, {3, 0}, {3, 2}, {3, 3}};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<std::vector<std::uint64_t>> parse_seeds(const std::string& list) {
  std::vector<std::uint64_t> seeds;
  for (const std::string& part : split(list)) {
    const Result<std::uint64_t> seed = parse_seed(part);
    if (!seed) return seed.error().at("--seeds");
    if (std::find(seeds.begin(), seeds.end(), *seed) != seeds.end())
      return bad_input("each seed once", fmt::format("{} twice", *seed)).at("--seeds");
    seeds.push_back(*seed);
  }
  if (seeds.empty()) return bad_input("at least one seed, such as 1,2", "none").at("--seeds");
  return seeds;
}

Status add_devices(const ShippedCatalogue& catalogue, AblationPlan& plan) {
  for (const std::string& name : split(plan.request.devices)) {
    const Result<NamedText> source = catalogue.device(name);
    if (!source) return source.error().at("--devices");
    const Result<DeviceSpec> device = parse_device(*source);
    if (!device) return device.error();
    if (std::find(plan.device_ids.begin(), plan.device_ids.end(), device->id) != plan.device_ids.end())
      return bad_input("each device once", fmt::format("{} twice", device->id)).at("--devices");
    plan.devices.push_back(name);
    plan.device_ids.push_back(device->id);
  }
  if (!plan.devices.empty()) return {};
  return bad_input("at least one device, such as oneplus-15r", "none").at("--devices");
}

Result<Bytes> parse_budget(const std::string& text, Bytes all) {
  if (!text.ends_with('%')) return parse_bytes(text);
  char* end = nullptr;
  const double share = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() - 1 || !(share > 0 && share <= 1000))
    return bad_input("a share such as 50% or a size such as 500MiB", fmt::format("\"{}\"", text));
  return Bytes(std::llround(static_cast<double>(all.count()) * share / 100));
}

// In one layer a prompt may touch as many experts as it makes choices, and all of those must fit.
Bytes least_budget(const AblationPlan& plan) {
  const ModelSpec& wide = plan.variants.front().wide;
  const ModelShape shape = shape_of(wide);
  return shape.banks.front().expert_bytes * std::min(wide.experts, plan.request.prompt_tokens * wide.top_k);
}

Status add_budgets(AblationPlan& plan) {
  plan.base_experts = shape_of(plan.variants.front().wide).all_experts_bytes();
  const Bytes least = least_budget(plan);
  for (const std::string& part : split(plan.request.budgets)) {
    const Result<Bytes> bytes = parse_budget(part, plan.base_experts);
    if (!bytes) return bytes.error().at("--budgets");
    if (*bytes < least) {
      return bad_input(
                 fmt::format("at least {} ({} bytes), the experts that a prompt of {} tokens may touch in a "
                             "layer",
                             to_text(least), least.count(), plan.request.prompt_tokens),
                 fmt::format("\"{}\"", part))
          .at("--budgets");
    }
    plan.budgets.push_back(
        {.bytes = *bytes,
         .share = static_cast<double>(bytes->count()) / static_cast<double>(plan.base_experts.count())});
  }
  if (plan.budgets.empty()) return bad_input("at least one budget, such as 50%", "none").at("--budgets");
  const auto less = [](const Budget& a, const Budget& b) { return a.bytes < b.bytes; };
  const auto same = [](const Budget& a, const Budget& b) { return a.bytes == b.bytes; };
  std::sort(plan.budgets.begin(), plan.budgets.end(), less);
  if (std::adjacent_find(plan.budgets.begin(), plan.budgets.end(), same) != plan.budgets.end())
    return bad_input("each budget once", fmt::format("\"{}\"", plan.request.budgets)).at("--budgets");
  return {};
}

// Width and bits of the published model, counts of the trained one.
ModelSpec widened(const ModelSpec& published, const ModelSpec& trained) {
  ModelSpec wide = published;
  wide.layers = trained.layers;
  wide.dense_layers = trained.dense_layers;
  wide.group = trained.group;
  wide.experts = trained.experts;
  wide.top_k = trained.top_k;
  wide.pre_gate = trained.pre_gate;
  wide.lookahead = trained.lookahead;
  wide.name = fmt::format("{} cut to {} layers with n = {}", published.name, trained.layers, trained.group);
  return wide;
}

struct Sources {
  Json config;
  std::string text, validation, tokenizer;
  ModelSpec published;
};

Result<Sources> read_sources(const ShippedCatalogue& catalogue, const AblationPlan& plan) {
  Sources sources;
  const AblationRequest& request = plan.request;
  const Result<std::string> config = read_text_file(plan.config_file, Bytes::mib(1));
  if (!config) return config.error();
  sources.config = Json::parse(*config, nullptr, false);
  if (!sources.config.is_object()) return bad_input("a JSON object", "something else").at(plan.config_file);
  const auto read = [](const std::string& path, const char* option, std::string& into) -> Status {
    if (path.empty()) return bad_input("a file", "none").at(option);
    Result<std::string> text = read_text_file(path, kMostText);
    if (!text) return text.error();
    into = std::move(*text);
    return {};
  };
  if (Status done = read(request.text, "--text", sources.text); !done) return done.error();
  if (Status done = read(request.validation, "--validation", sources.validation); !done) return done.error();
  if (Status done = read(request.tokenizer, "--tokenizer", sources.tokenizer); !done) return done.error();
  const Result<NamedText> published = catalogue.model(request.width);
  if (!published) return published.error().at("--width");
  const Result<ModelSpec> spec = parse_model_spec(*published);
  if (!spec) return spec.error();
  sources.published = *spec;
  return sources;
}

Result<Variant> variant_of(const AblationPlan& plan, const Sources& sources, Point point,
                           std::uint64_t seed) {
  Variant variant{.group = point.group, .lookahead = point.lookahead, .seed = seed, .config = sources.config};
  // In the order and the form in which --set of the trainer makes them.
  variant.config["experts_shared_frequency"] = point.group;
  if (point.lookahead == 0) {
    variant.config["pre_gate"] = false;
  } else {
    variant.config["pre_gate_lookahead"] = point.lookahead;
  }
  const Result<ModelConfig> config = parse_config({plan.config_file, variant.config.dump(2)});
  if (!config) return config.error();
  variant.spec = config->spec;
  variant.wide = widened(sources.published, variant.spec);
  TrainingRecipe recipe = plan.request.recipe;
  variant.steps = recipe.steps;
  recipe.seed = seed;
  variant.recipe = describe_recipe(variant.config, sources.text, sources.tokenizer, recipe);
  variant.name = fmt::format("n{}-d{}-seed{}", point.group, point.lookahead, seed);
  variant.folder = (fs::path(plan.request.out) / variant.name).string();
  return variant;
}

Status add_variants(AblationPlan& plan, const Sources& sources) {
  const Result<std::vector<std::uint64_t>> seeds = parse_seeds(plan.request.seeds);
  if (!seeds) return seeds.error();
  for (const std::uint64_t seed : *seeds) {
    for (const Point point : kPoints) {
      Result<Variant> variant = variant_of(plan, sources, point, seed);
      if (!variant) return variant.error();
      plan.variants.push_back(std::move(*variant));
    }
  }
  const ModelSpec& spec = plan.variants.front().spec;
  if (!spec.pre_gate)
    return bad_input("true, as lookahead is compared with none", "false", "pre_gate").at(plan.config_file);
  return {};
}

Status add_passages(AblationPlan& plan, const Sources& sources) {
  const AblationRequest& request = plan.request;
  const Result<Tokenizer> tokenizer = Tokenizer::parse({request.tokenizer, sources.tokenizer});
  if (!tokenizer) return tokenizer.error();
  const ModelSpec& spec = plan.variants.front().spec;
  if (tokenizer->vocabulary() > spec.vocabulary) {
    return bad_input(fmt::format("at least the {} tokens of the tokenizer", tokenizer->vocabulary()),
                     fmt::format("{}", spec.vocabulary), "vocab_size")
        .at(plan.config_file);
  }
  const Result<std::vector<std::int32_t>> tokens = tokenizer->encode(sources.validation);
  if (!tokens) return tokens.error().at(request.validation);
  // The last token is never read: it only ends the passage.
  const std::int64_t length = request.prompt_tokens + request.decode_tokens + 1;
  const auto all = static_cast<std::int64_t>(tokens->size());
  if (all < length * request.passages) {
    return bad_input(fmt::format("a text of at least {} tokens for {} passages", length * request.passages,
                                 request.passages),
                     fmt::format("{}", all))
        .at(request.validation);
  }
  if (length > spec.context) {
    return bad_input(fmt::format("passages of at most {} tokens, the model's context", spec.context),
                     fmt::format("{}", length))
        .at("--decode-tokens");
  }
  for (std::int64_t p = 1; p <= request.passages; ++p) {
    const auto begin = tokens->begin() + (all - length) * p / (request.passages + 1);
    plan.passages.emplace_back(begin, begin + length);
  }
  return {};
}

}  // namespace

Result<std::string> shipped_ablation_config() {
  std::vector<fs::path> tried;
  if (const Result<std::string> folder = program_folder())
    tried.push_back(fs::path(*folder).parent_path() / "share/pregate/ablation/config.json");
  tried.emplace_back(PREGATE_ABLATION_DIR "/config.json");
  std::error_code error;
  for (const fs::path& path : tried) {
    if (fs::is_regular_file(path, error)) return path.string();
  }
  return bad_input("the shipped config.json beside the program, or --config FILE",
                   fmt::format("none at {}", tried.front().string()))
      .at("--config");
}

Result<AblationPlan> plan_ablation(const ShippedCatalogue& catalogue, const AblationRequest& request) {
  AblationPlan plan{.request = request, .config_file = request.config};
  if (plan.config_file.empty()) {
    Result<std::string> shipped = shipped_ablation_config();
    if (!shipped) return shipped.error();
    plan.config_file = std::move(*shipped);
  }
  if (Status done = add_devices(catalogue, plan); !done) return done.error();
  const Result<Sources> sources = read_sources(catalogue, plan);
  if (!sources) return sources.error();
  if (Status done = add_variants(plan, *sources); !done) return done.error();
  if (Status done = add_budgets(plan); !done) return done.error();
  if (Status done = add_passages(plan, *sources); !done) return done.error();
  plan.text_print = fingerprint(sources->text);
  plan.validation_print = fingerprint(sources->validation);
  plan.tokenizer_print = fingerprint(sources->tokenizer);
  return plan;
}

}  // namespace pregate
