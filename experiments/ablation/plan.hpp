// SPDX-License-Identifier: Apache-2.0
// What `pregate ablate` compares, decided before anything is trained: variants of one small model that differ
// in one thing each, a few passages of text that all of them route, and the devices and budgets on which that
// routing is simulated.
//
// (a) n = 1, 2, 3, 4 layers share a bank, at lookahead d = 1: the experts that a token passes are as many in
//     each, so activated parameters are equal and stored ones are not.
// (b) d = 0 (a router reads its own layer's state), 1, 2, 3 at n = 3.
//
// The simulated device does not run the small model but its routing in the width of a published one: hidden
// size, heads, expert width, vocabulary and bits are that model's, the number of layers and experts, top-k, n
// and d the trained one's, so that every layer and every expert stands for one. Times are therefore those of
// a model with as many layers as the trained one has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/catalogue.hpp"
#include "experiments/trainer/recipe.hpp"
#include "traces/model_spec.hpp"

namespace pregate {

struct AblationRequest {
  std::string text, validation, tokenizer;  // files
  std::string out;                          // folder: one folder a variant, and what is made of them
  std::string config;                       // a config.json; empty: the shipped one
  // As written: "1,2", names, and sizes or shares of the experts at n = 3 ("25%", "500MiB").
  std::string seeds = "1,2";
  std::string devices = "oneplus-15r,snapdragon-x-elite";
  std::string budgets = "25%,50%,75%,100%";
  std::string width = "megrez2-3x7b-a3b";  // the published model
  TrainingRecipe recipe{
      .steps = 150, .warmup = 20, .batch = 16, .context = 256, .learning_rate = 0.004, .balance_rate = 0.002};
  // Of routing: evenly spaced passages of the validation text, a prompt and then tokens one by one.
  std::int64_t passages = 4, prompt_tokens = 64, decode_tokens = 192;
};

struct Variant {
  std::int64_t group = 3, lookahead = 1;  // n and d
  std::uint64_t seed = 1;
  nlohmann::ordered_json config;  // as it is trained
  nlohmann::ordered_json recipe;  // that a finished training must have, in so many steps:
  std::int64_t steps = 0;
  ModelSpec spec;            // of the trained model
  ModelSpec wide;            // as it is simulated
  std::string name, folder;  // "n3-d1-seed1"

  [[nodiscard]] bool same_model(const Variant& other) const {
    return group == other.group && lookahead == other.lookahead;
  }
};

struct Budget {
  Bytes bytes;
  double share = 0;  // of the experts at n = 3
};

struct AblationPlan {
  AblationRequest request;
  std::string config_file;                                    // that trainings are started with
  std::vector<Variant> variants;                              // seed after seed
  std::vector<std::string> devices;                           // as given: names or files
  std::vector<std::string> device_ids;                        // what their files call them
  std::vector<Budget> budgets;                                // rising
  Bytes base_experts;                                         // all routed experts at n = 3
  std::vector<std::vector<std::int32_t>> passages;            // prompt, decoded tokens, and one more
  std::string text_print, validation_print, tokenizer_print;  // fingerprints
};

inline constexpr std::int64_t kBaseGroup = 3;

// Reads and checks everything but the trainings; writes nothing. Errors: of the files; empty seeds; an
// unknown device; a budget that a prompt does not fit; a text that is shorter than its passages.
Result<AblationPlan> plan_ablation(const ShippedCatalogue& catalogue, const AblationRequest& request);

// The shipped config.json, beside an installed program or in the source tree.
Result<std::string> shipped_ablation_config();

}  // namespace pregate
