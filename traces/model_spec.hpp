// SPDX-License-Identifier: Apache-2.0
// A model's architecture by its numbers: what a config.json or a .model.textproto says. From it come the
// bytes and MACs that a simulation costs (shape_of) and everything the forward pass in models/ must know.
// Leaves out weights and the names they have in a checkpoint (models/config.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "traces/model_shape.hpp"

namespace pregate {

enum class Scoring : std::uint8_t { softmax, sigmoid };
// RMS norm of queries and keys: of each head by itself (Qwen3), or of the whole projection (OLMoE).
enum class QkNorm : std::uint8_t { none, head, projection };
Result<Scoring> parse_scoring(std::string_view word);
Result<QkNorm> parse_qk_norm(std::string_view word);

// Multi-head latent attention (DeepSeek-V2): it replaces kv_heads and head_dim.
struct LatentAttention {
  std::int64_t kv_rank = 0, nope_dim = 0, rope_dim = 0, value_dim = 0;
  std::int64_t q_rank = 0;  // 0: queries are projected in one step
};

struct ModelSpec {
  std::string name;
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::optional<LatentAttention> latent;
  std::int64_t dense_layers = 0;  // leading layers without experts
  std::int64_t dense_width = 0;   // FFN width of those
  std::int64_t group = 1;         // n, the MoE layers that share a bank
  std::int64_t experts = 0;       // routed experts of a bank
  std::int64_t expert_width = 0;
  std::int64_t top_k = 0;
  std::int64_t shared_width = 0;  // FFN width of all shared experts of a layer together; 0: none
  std::int64_t vocabulary = 0;
  bool pre_gate = false;       // the router of a layer reads the state of a layer before
  std::int64_t lookahead = 1;  // how many layers before, where it is pre-gated

  // What only the forward pass needs.
  Scoring scoring = Scoring::softmax;
  bool correction_bias = false;    // selection by score + e_score_correction_bias
  std::int64_t expert_groups = 1;  // selection is limited to the best `top_groups` of these
  std::int64_t top_groups = 1;
  bool normalise_top_k = true;
  double routed_scale = 1;
  bool shared_gate = false;  // the shared experts' output is scaled by a sigmoid gate (Qwen2-MoE)
  bool qkv_bias = false;
  QkNorm qk_norm = QkNorm::none;
  double rope_theta = 10000;
  double norm_epsilon = 1e-6;
  std::int64_t context = 4096;  // most tokens of a sequence
  bool tied_head = false;       // the output head is the embedding

  // Precision of the *simulated* weights: bits a number occupies, scales included.
  double expert_bits = 4.5;
  double dense_bits = 8.5;
  std::int64_t kv_bits = 16;
  std::optional<std::int64_t> cached_numbers;  // a token a layer; default: what the attention needs

  [[nodiscard]] std::int64_t moe_layers() const { return layers - dense_layers; }
  [[nodiscard]] std::int64_t banks() const { return (moe_layers() + group - 1) / group; }
  // -1 for a dense layer.
  [[nodiscard]] std::int64_t bank_of(std::int64_t layer) const {
    return layer < dense_layers ? -1 : (layer - dense_layers) / group;
  }
};

// Whether the router's numbers fit each other: top-k within the experts, groups that divide them. The error's
// place is the config.json key.
Status check_router(const ModelSpec& spec);

// Parameters by part. A MAC is counted for each weight of a matrix that a token passes; norms have none.
struct ParameterCounts {
  std::int64_t attention = 0;       // all layers: projections and norms
  std::int64_t routers = 0;         // all MoE layers
  std::int64_t dense_ffn = 0;       // all dense layers
  std::int64_t shared_experts = 0;  // all MoE layers
  std::int64_t expert = 0;          // one routed expert
  std::int64_t routed_stored = 0;   // of all banks
  std::int64_t routed_active = 0;   // top-k in each MoE layer
  std::int64_t embedding = 0;
  std::int64_t head = 0;  // 0 where it is the embedding

  [[nodiscard]] std::int64_t stored() const {
    return attention + routers + dense_ffn + shared_experts + routed_stored + embedding + head;
  }
  // In the layers alone, as publications count it.
  [[nodiscard]] std::int64_t activated() const {
    return attention + routers + dense_ffn + shared_experts + routed_active;
  }
};
ParameterCounts count_parameters(const ModelSpec& spec);

// Bytes and MACs a layer (design.md section 4) of a spec whose numbers are consistent. Leaves out biases,
// rotary embedding and softmax: below one part in a thousand of either cost.
ModelShape shape_of(const ModelSpec& spec);

}  // namespace pregate
