// SPDX-License-Identifier: Apache-2.0
// A network that trains in seconds, with every part that the large one has.
#pragma once

#include <cmath>
#include <string>

#include "experiments/trainer/learner.hpp"

namespace pregate::test {

inline NetworkShape toy_shape() {
  NetworkShape shape;
  shape.hidden = 32;
  shape.layers = 5;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_dim = 8;
  shape.dense_layers = 1;
  shape.dense_width = 64;
  shape.group = 2;
  shape.experts = 8;
  shape.expert_width = 16;
  shape.top_k = 2;
  shape.shared_width = 32;
  shape.vocabulary = 288;
  return shape;
}

inline TrainingRecipe toy_recipe() {
  TrainingRecipe recipe;
  recipe.steps = 30;
  recipe.warmup = 3;
  recipe.batch = 4;
  recipe.context = 32;
  recipe.learning_rate = 1e-2;
  recipe.bf16 = false;
  return recipe;
}

// [batch, context + 1] in which a token says what the next will be.
inline std::vector<std::int64_t> toy_batch(const TrainingRecipe& recipe, std::int64_t step) {
  std::vector<std::int64_t> tokens;
  for (std::int64_t row = 0; row < recipe.batch; ++row) {
    std::int64_t token = (step * 31 + row * 7) % 97;
    for (std::int64_t i = 0; i <= recipe.context; ++i) {
      tokens.push_back(token);
      token = (token * 5 + 3) % 97;
    }
  }
  return tokens;
}

// The same as a config.json.
inline std::string toy_config() {
  return R"({
  "architectures": ["MegrezMoeForCausalLM"], "model_type": "megrez_moe",
  "hidden_size": 32, "num_hidden_layers": 5, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
  "intermediate_size": 64, "moe_intermediate_size": 16, "n_routed_experts": 8, "num_experts_per_tok": 2,
  "n_shared_experts": 2, "first_k_dense_replace": 1, "experts_shared_frequency": 2, "pre_gate": true,
  "norm_topk_prob": true, "scoring_func": "sigmoid", "topk_method": "noaux_tc", "hidden_act": "silu",
  "max_position_embeddings": 256, "vocab_size": 288
})";
}

}  // namespace pregate::test
