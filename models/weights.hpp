// SPDX-License-Identifier: Apache-2.0
// All weights of a model, packed for the kernels in one stretch of memory: from a checkpoint, tensor by
// tensor, so that hardly more than the packed form is ever in memory; or drawn from a seed, for shapes
// without a checkpoint (routing is then near uniform, and says nothing about a trained model).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/feed_forward.hpp"
#include "models/config.hpp"
#include "traces/base/units.hpp"

namespace pregate {

struct WeightsOptions {
  Precision precision = Precision::bf16;
  // Called now and then with packed bytes; may be empty.
  std::function<void(Bytes done, Bytes total)> progress;
  // false: routed experts are neither asked for nor held, and expert() must not be called: whoever runs the
  // model brings them from elsewhere (expert_pack.hpp). All else is the same to the bit.
  bool routed_experts = true;
};

struct LayerWeights {
  std::vector<float> attention_norm, feed_forward_norm;  // [hidden]
  PackedMatrix qkv;                   // [(heads + 2 kv_heads) * head_dim, hidden]: q, then k, then v
  PackedMatrix output;                // [hidden, heads * head_dim]
  std::vector<float> qkv_bias;        // empty: none
  std::vector<float> q_norm, k_norm;  // empty: none
  PackedMatrix router;                // [experts, hidden], always f32; MoE layers only
  std::vector<float> correction;      // [experts]; empty: none
  SwigluWeights feed_forward;         // dense FFN or shared experts
  bool has_feed_forward = false;
  std::vector<float> shared_gate;  // [hidden]; empty: none
};

class Weights {
 public:
  // Errors: what config and checkpoint lack or contradict, a number that is not finite where a scale is made
  // (file, tensor and row), too little memory (before anything is read).
  static Result<Weights> load(const ModelConfig& config, const std::string& folder,
                              const WeightsOptions& options);
  static Result<Weights> random(const ModelSpec& spec, std::uint64_t seed, const WeightsOptions& options);
  ~Weights();
  Weights(Weights&&) noexcept;
  Weights& operator=(Weights&&) noexcept;

  [[nodiscard]] const ModelSpec& spec() const;
  [[nodiscard]] Precision precision() const;
  [[nodiscard]] const LayerWeights& layer(std::int64_t i) const;
  [[nodiscard]] bool has_experts() const;  // WeightsOptions::routed_experts
  [[nodiscard]] SwigluWeights expert(std::int64_t bank, std::int64_t expert) const;
  // The embedding of a token, [hidden].
  void embed(std::int32_t token, float* out) const;
  [[nodiscard]] const std::vector<float>& final_norm() const;
  [[nodiscard]] const PackedMatrix& head() const;  // [vocabulary, hidden]

  [[nodiscard]] Bytes packed_bytes() const;
  [[nodiscard]] std::span<const std::byte> packed() const;  // all of it
  [[nodiscard]] Bytes expert_bytes() const;                 // one routed expert, held or not

 private:
  friend class WeightsBuilder;
  struct State;
  explicit Weights(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether the decoder computes this architecture; the error names what it does not (latent attention).
Status check_runnable(const ModelSpec& spec);

}  // namespace pregate
