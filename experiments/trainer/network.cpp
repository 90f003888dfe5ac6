// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/network.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "experiments/trainer/expert_rows.hpp"
#include "experiments/trainer/fused.hpp"

namespace pregate {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

// Queries attend in blocks, so that keys of the future are mostly not computed at all.
constexpr std::int64_t kQueryBlock = 128;

// x [.., in] times the transpose of w [out, in], in the type of the products.
Tensor product(const Tensor& x, const Tensor& w, torch::ScalarType type) {
  return x.to(type).matmul(w.to(type).t());
}

std::string layer_name(std::size_t layer, const char* rest) {
  return "model.layers." + std::to_string(layer) + "." + rest;
}

}  // namespace

Network::Network(const NetworkShape& shape, std::uint64_t seed)
    : shape_(shape), generator_(at::detail::createCPUGenerator(seed)) {
  const double fan_in = 1 / std::sqrt(static_cast<double>(shape.hidden));
  // What adds to the residual stream starts small, the more layers there are (GPT-2's rule).
  const double residual = 1 / std::sqrt(2.0 * static_cast<double>(shape.layers));
  const auto down_deviation = [&](std::int64_t width) {
    return residual / std::sqrt(static_cast<double>(width));
  };
  embedding_ = matrix("embedding", {shape.vocabulary, shape.hidden}, 0.3);
  head_ = matrix("head", {shape.vocabulary, shape.hidden}, fan_in / 2);
  final_norm_ = norm("norm");
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const std::string prefix = "layer" + std::to_string(i) + "_";
    const bool dense = i < shape.dense_layers;
    const std::int64_t attended = shape.heads * shape.head_dim;
    Layer layer;
    layer.attention_norm = norm(prefix + "attention_norm");
    layer.ffn_norm = norm(prefix + "ffn_norm");
    layer.qkv =
        matrix(prefix + "qkv", {attended + 2 * shape.kv_heads * shape.head_dim, shape.hidden}, fan_in);
    layer.output = matrix(prefix + "output", {shape.hidden, attended}, down_deviation(attended));
    const std::int64_t width = dense ? shape.dense_width : shape.shared_width;
    if (width > 0) {
      layer.gate_up = matrix(prefix + "gate_up", {2 * width, shape.hidden}, fan_in);
      layer.down = matrix(prefix + "down", {shape.hidden, width}, down_deviation(width));
    }
    if (!dense) {
      layer.router = matrix(prefix + "router", {shape.experts, shape.hidden}, fan_in);
      layer.correction = register_buffer(prefix + "correction", torch::zeros({shape.experts}));
    }
    layers_.push_back(layer);
  }
  const std::int64_t moe_layers = shape.layers - shape.dense_layers;
  for (std::int64_t b = 0; b < (moe_layers + shape.group - 1) / shape.group; ++b) {
    const std::string prefix = "bank" + std::to_string(b) + "_";
    banks_.push_back(
        {matrix(prefix + "gate_up", {shape.experts, 2 * shape.expert_width, shape.hidden}, fan_in),
         matrix(prefix + "down", {shape.experts, shape.hidden, shape.expert_width},
                down_deviation(shape.expert_width))});
  }
}

Tensor Network::matrix(const std::string& name, std::vector<std::int64_t> sizes, double deviation) {
  Tensor values = torch::empty(sizes).normal_(0, deviation, generator_);
  matrices_.push_back(register_parameter(name, values));
  return matrices_.back();
}

Tensor Network::norm(const std::string& name) {
  norms_.push_back(register_parameter(name, torch::ones({shape_.hidden})));
  return norms_.back();
}

void Network::prepare_positions(std::int64_t length) {
  if (cosines_.defined() && cosines_.size(0) >= length) return;
  const std::int64_t half = shape_.head_dim / 2;
  const Tensor exponents =
      torch::arange(half, torch::kDouble) * (-2.0 / static_cast<double>(shape_.head_dim));
  const Tensor frequencies = torch::pow(torch::full({half}, shape_.rope_theta, torch::kDouble), exponents);
  const Tensor angles = torch::arange(length, torch::kDouble).unsqueeze(1) * frequencies;
  cosines_ = angles.cos().to(torch::kFloat);
  sines_ = angles.sin().to(torch::kFloat);
}

// x: f32 [rows * length, hidden], normed -> f32 of the same shape.
Tensor Network::attend(const Layer& layer, const Tensor& x, std::int64_t rows,
                       torch::ScalarType products) const {
  const std::int64_t length = x.size(0) / rows, dim = shape_.head_dim, kv = shape_.kv_heads;
  const std::int64_t per_kv = shape_.heads / kv;
  const Tensor qkv = product(x, layer.qkv, products).view({rows * length, -1, dim});
  const Tensor rotated = rotate(qkv.narrow(1, 0, shape_.heads + kv), cosines_, sines_, length);
  // Queries that share keys stand below one another: [rows * kv, per_kv, length, dim].
  const Tensor q =
      (rotated.narrow(1, 0, shape_.heads).contiguous() * (1 / std::sqrt(static_cast<double>(dim))))
          .view({rows, length, kv, per_kv, dim})
          .permute({0, 2, 3, 1, 4})
          .reshape({rows * kv, per_kv, length, dim});
  const auto of_keys = [&](const Tensor& from) { return from.view({rows, length, kv, dim}); };
  const Tensor k = of_keys(rotated.narrow(1, shape_.heads, kv).contiguous())
                       .permute({0, 2, 3, 1})
                       .reshape({rows * kv, dim, length});
  const Tensor v = of_keys(qkv.narrow(1, shape_.heads + kv, kv).contiguous())
                       .transpose(1, 2)
                       .reshape({rows * kv, length, dim});
  std::vector<Tensor> blocks;
  for (std::int64_t begin = 0; begin < length; begin += kQueryBlock) {
    const std::int64_t count = std::min(kQueryBlock, length - begin), keys = begin + count;
    const Tensor queries = q.narrow(2, begin, count).reshape({rows * kv, per_kv * count, dim});
    const Tensor shares = causal_softmax(queries.bmm(k.narrow(2, 0, keys)), count, begin);
    blocks.push_back(shares.bmm(v.narrow(1, 0, keys)).view({rows * kv, per_kv, count, dim}));
  }
  const Tensor mixed = torch::cat(blocks, 2)
                           .view({rows, kv, per_kv, length, dim})
                           .permute({0, 3, 1, 2, 4})
                           .reshape({rows * length, shape_.heads * dim});
  return product(mixed, layer.output, products).to(torch::kFloat);
}

// state: f32 [tokens, hidden], what the router reads. Leaves the weights of the chosen in `weights`.
LayerChoice Network::choose(const Layer& layer, const Tensor& state, Tensor& weights) const {
  const Tensor logits = state.matmul(layer.router.t());
  const Tensor scores = shape_.sigmoid ? logits.sigmoid() : logits.softmax(-1);
  LayerChoice choice;
  choice.selection = (scores + layer.correction).detach();
  choice.experts = std::get<1>(choice.selection.topk(shape_.top_k, -1, true, true));
  weights = scores.gather(1, choice.experts);
  if (shape_.normalise_top_k) weights = weights / (weights.sum(-1, true) + 1e-20);
  weights = weights * shape_.routed_scale;
  return choice;
}

Tensor Network::run_experts(const Bank& bank, const Tensor& x, const Tensor& weights, LayerChoice& choice,
                            torch::ScalarType products) const {
  const ExpertPlan plan = plan_experts(choice.experts, shape_.experts);
  choice.load = plan.load;
  const Tensor rows = gather_rows(x.to(products), plan);
  const Tensor inner = swiglu(multiply_rows(rows, bank.gate_up.to(products), plan));
  return combine_rows(multiply_rows(inner, bank.down.to(products), plan), weights, plan);
}

ForwardResult Network::forward(const Tensor& tokens, torch::ScalarType products) {
  const std::int64_t rows = tokens.size(0);
  prepare_positions(tokens.size(1));
  ForwardResult result;
  Tensor hidden = F::embedding(tokens.reshape({-1}), embedding_);
  std::vector<Tensor> states;  // of each layer after its post-attention norm: what routers read
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    hidden =
        hidden + attend(layer, rms_norm(hidden, layer.attention_norm, shape_.norm_epsilon), rows, products);
    const Tensor normed = rms_norm(hidden, layer.ffn_norm, shape_.norm_epsilon);
    states.push_back(normed);
    if (layer.gate_up.defined()) {
      const Tensor inner = swiglu(product(normed, layer.gate_up, products));
      hidden = hidden + product(inner, layer.down, products).to(torch::kFloat);
    }
    if (i < first_moe()) continue;
    const std::size_t moe = i - first_moe();
    const auto ahead = static_cast<std::size_t>(shape_.lookahead);
    Tensor weights;
    LayerChoice choice = choose(layer, states[i >= ahead ? i - ahead : 0], weights);
    const Bank& bank = banks_[moe / static_cast<std::size_t>(shape_.group)];
    hidden = hidden + run_experts(bank, normed, weights, choice, products);
    result.choices.push_back(std::move(choice));
  }
  result.logits =
      product(rms_norm(hidden, final_norm_, shape_.norm_epsilon), head_, products).to(torch::kFloat);
  return result;
}

void Network::visit_tensors(const Visitor& visit) {
  const std::int64_t q = shape_.heads * shape_.head_dim, kv = shape_.kv_heads * shape_.head_dim;
  visit("model.embed_tokens.weight", embedding_);
  visit("model.norm.weight", final_norm_);
  visit("lm_head.weight", head_);
  const auto visit_ffn = [&](const std::string& prefix, const Tensor& gate_up, const Tensor& down) {
    const std::int64_t width = down.size(1);
    visit(prefix + "gate_proj.weight", gate_up.narrow(0, 0, width));
    visit(prefix + "up_proj.weight", gate_up.narrow(0, width, width));
    visit(prefix + "down_proj.weight", down);
  };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    visit(layer_name(i, "input_layernorm.weight"), layer.attention_norm);
    visit(layer_name(i, "post_attention_layernorm.weight"), layer.ffn_norm);
    visit(layer_name(i, "self_attn.q_proj.weight"), layer.qkv.narrow(0, 0, q));
    visit(layer_name(i, "self_attn.k_proj.weight"), layer.qkv.narrow(0, q, kv));
    visit(layer_name(i, "self_attn.v_proj.weight"), layer.qkv.narrow(0, q + kv, kv));
    visit(layer_name(i, "self_attn.o_proj.weight"), layer.output);
    const bool dense = i < first_moe();
    if (layer.gate_up.defined())
      visit_ffn(layer_name(i, dense ? "mlp." : "mlp.shared_experts."), layer.gate_up, layer.down);
    if (dense) continue;
    visit(layer_name(i, "mlp.gate.weight"), layer.router);
    visit(layer_name(i, "mlp.gate.e_score_correction_bias"), layer.correction);
    const std::size_t moe = i - first_moe(), group = static_cast<std::size_t>(shape_.group);
    if (moe % group != 0) continue;  // experts stand in the first layer of their group
    const Bank& bank = banks_[moe / group];
    for (std::int64_t e = 0; e < shape_.experts; ++e) {
      visit_ffn(layer_name(i, "mlp.experts.") + std::to_string(e) + ".", bank.gate_up[e], bank.down[e]);
    }
  }
}

}  // namespace pregate
