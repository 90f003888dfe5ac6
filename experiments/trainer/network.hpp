// SPDX-License-Identifier: Apache-2.0
// The network of docs/design.md section 4 as a libtorch module: what models/decoder.cpp computes, with
// gradients. Weights are kept in f32; products run in f32 or bf16. Routers always decide in f32.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "experiments/trainer/learner.hpp"

namespace pregate {

// What the routers of one MoE layer did in a forward pass.
struct LayerChoice {
  torch::Tensor experts;    // int64 [tokens, top_k], best first
  torch::Tensor selection;  // f32 [tokens, experts]: score plus correction
  std::vector<std::int64_t> load;
};

struct ForwardResult {
  torch::Tensor logits;  // f32 [tokens, vocabulary]
  std::vector<LayerChoice> choices;
};

class Network : public torch::nn::Module {
 public:
  Network(const NetworkShape& shape, std::uint64_t seed);

  // tokens: int64 [rows, length]; each row is a sequence from position 0.
  ForwardResult forward(const torch::Tensor& tokens, torch::ScalarType products);

  // Calls `visit` with every tensor of a checkpoint under its name; a view into the weights.
  using Visitor = std::function<void(const std::string& name, torch::Tensor tensor)>;
  void visit_tensors(const Visitor& visit);
  // e_score_correction_bias of MoE layer `index` (0 is the first), f32 [experts]; not a parameter.
  torch::Tensor& correction(std::size_t index) { return layers_[first_moe() + index].correction; }
  // Parameters that AdamW decays: matrices; norms are left alone.
  [[nodiscard]] std::vector<torch::Tensor> matrices() const { return matrices_; }
  [[nodiscard]] std::vector<torch::Tensor> norms() const { return norms_; }

 private:
  struct Layer {
    torch::Tensor attention_norm, ffn_norm;  // [hidden]
    torch::Tensor qkv;                       // [(heads + 2 kv_heads) * head_dim, hidden]
    torch::Tensor output;                    // [hidden, heads * head_dim]
    torch::Tensor gate_up, down;             // [2 width, hidden], [hidden, width]
    torch::Tensor router, correction;        // [experts, hidden], [experts]
  };
  struct Bank {
    torch::Tensor gate_up, down;  // [experts, 2 width, hidden], [experts, hidden, width]
  };

  [[nodiscard]] std::size_t first_moe() const { return static_cast<std::size_t>(shape_.dense_layers); }
  torch::Tensor matrix(const std::string& name, std::vector<std::int64_t> sizes, double deviation);
  torch::Tensor norm(const std::string& name);
  torch::Tensor attend(const Layer& layer, const torch::Tensor& x, std::int64_t rows,
                       torch::ScalarType products) const;
  LayerChoice choose(const Layer& layer, const torch::Tensor& state, torch::Tensor& weights) const;
  torch::Tensor run_experts(const Bank& bank, const torch::Tensor& x, const torch::Tensor& weights,
                            LayerChoice& choice, torch::ScalarType products) const;
  void prepare_positions(std::int64_t length);

  NetworkShape shape_;
  torch::Tensor embedding_, head_, final_norm_;
  std::vector<Layer> layers_;
  std::vector<Bank> banks_;
  std::vector<torch::Tensor> matrices_, norms_;
  torch::Tensor cosines_, sines_;  // [length, head_dim / 2]
  at::Generator generator_;
};

}  // namespace pregate
