// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/recipe.hpp"

#include <fmt/format.h>

namespace pregate {

using Json = nlohmann::ordered_json;

std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return fmt::format("{:016x}", hash);
}

Json describe_recipe(const Json& config, std::string_view text, std::string_view tokenizer,
                     const TrainingRecipe& r) {
  Json json;
  json["config"] = config;
  json["text_fnv1a"] = fingerprint(text);
  json["tokenizer_fnv1a"] = fingerprint(tokenizer);
  json["warmup"] = r.warmup;
  json["batch"] = r.batch;
  json["context"] = r.context;
  json["learning_rate"] = r.learning_rate;
  json["final_fraction"] = r.final_fraction;
  json["betas"] = {r.beta1, r.beta2};
  json["weight_decay"] = r.weight_decay;
  json["clip"] = r.clip;
  json["balance_rate"] = r.balance_rate;
  json["seed"] = r.seed;
  json["precision"] = r.bf16 ? "bf16" : "f32";
  return json;
}

std::optional<std::string> difference_of(const Json& expected, const Json& found) {
  for (const auto& [key, value] : expected.items()) {
    if (!found.is_object() || !found.contains(key) || found[key] != value)
      return fmt::format("another \"{}\"", key);
  }
  return std::nullopt;
}

}  // namespace pregate
