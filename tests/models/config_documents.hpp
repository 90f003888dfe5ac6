// SPDX-License-Identifier: Apache-2.0
// config.json of the five families, with the numbers that were published (Hugging Face, main branch of each),
// and edits of them.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "models/config.hpp"

namespace pregate::fixtures {

using Json = nlohmann::ordered_json;

inline Json megrez_config() {
  return Json::parse(R"({
    "architectures": ["MegrezMoeForCausalLM"], "model_type": "megrez_moe", "attention_bias": false,
    "hidden_size": 2048, "num_hidden_layers": 31, "num_attention_heads": 16, "num_key_value_heads": 4,
    "intermediate_size": 10944, "moe_intermediate_size": 1408, "n_routed_experts": 64, "num_experts_per_tok": 6,
    "n_shared_experts": 4, "first_k_dense_replace": 1, "moe_layer_freq": 1, "experts_shared_frequency": 3,
    "pre_gate": true, "norm_topk_prob": true, "routed_scaling_factor": 2.5, "n_group": 1, "topk_group": 1,
    "scoring_func": "sigmoid", "topk_method": "noaux_tc", "rope_theta": 5000000, "rope_scaling": null,
    "rms_norm_eps": 1e-06, "vocab_size": 128880, "max_position_embeddings": 32768, "hidden_act": "silu",
    "tie_word_embeddings": false})");
}

inline Json qwen2_config() {
  return Json::parse(R"({
    "architectures": ["Qwen2MoeForCausalLM"], "model_type": "qwen2_moe", "decoder_sparse_step": 1,
    "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 5632, "max_position_embeddings": 8192,
    "moe_intermediate_size": 1408, "norm_topk_prob": false, "num_attention_heads": 16, "num_experts": 60,
    "num_experts_per_tok": 4, "num_hidden_layers": 24, "num_key_value_heads": 16, "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0, "shared_expert_intermediate_size": 5632, "sliding_window": 32768,
    "tie_word_embeddings": false, "use_sliding_window": false, "vocab_size": 151936})");
}

inline Json qwen3_config() {
  return Json::parse(R"({
    "architectures": ["Qwen3MoeForCausalLM"], "attention_bias": false, "decoder_sparse_step": 1, "head_dim": 128,
    "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 6144, "max_position_embeddings": 40960,
    "mlp_only_layers": [], "model_type": "qwen3_moe", "moe_intermediate_size": 768, "norm_topk_prob": true,
    "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 48,
    "num_key_value_heads": 4, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000.0,
    "sliding_window": null, "tie_word_embeddings": false, "use_sliding_window": false, "vocab_size": 151936})");
}

inline Json olmoe_config() {
  return Json::parse(R"({
    "architectures": ["OlmoeForCausalLM"], "attention_bias": false, "clip_qkv": null, "hidden_act": "silu",
    "hidden_size": 2048, "intermediate_size": 1024, "max_position_embeddings": 4096, "model_type": "olmoe",
    "norm_topk_prob": false, "num_attention_heads": 16, "num_experts": 64, "num_experts_per_tok": 8,
    "num_hidden_layers": 16, "num_key_value_heads": 16, "rope_scaling": null, "rope_theta": 10000.0,
    "tie_word_embeddings": false, "vocab_size": 50304})");
}

inline Json mixtral_config() {
  return Json::parse(R"({
    "architectures": ["MixtralForCausalLM"], "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336,
    "max_position_embeddings": 32768, "model_type": "mixtral", "num_attention_heads": 32, "num_experts_per_tok": 2,
    "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8, "rms_norm_eps": 1e-05,
    "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false, "vocab_size": 32000})");
}

inline Json with(Json document, const std::string& key, Json value) {
  document[key] = std::move(value);
  return document;
}

inline Json without(Json document, const std::string& key) {
  document.erase(key);
  return document;
}

}  // namespace pregate::fixtures
