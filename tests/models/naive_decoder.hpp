// SPDX-License-Identifier: Apache-2.0
// A second decoder to compare with, in double and in the plainest loops: a whole sequence at once, no cache,
// tensors by their Hugging Face names. Written from design.md section 4 and from what transformers computes
// for Qwen2-MoE, Qwen3-MoE, OLMoE and Mixtral; it shares no line with models/ or kernels/, config.json
// included.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

namespace pregate::naive {

using Json = nlohmann::ordered_json;
using Row = std::vector<double>;
using Rows = std::vector<Row>;  // [tokens][numbers]

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
using Tensors = std::map<std::string, Tensor>;

struct Chosen {
  std::vector<std::size_t> experts;  // best first
  std::vector<double> weights;
};

// Mean over the tokens of what experts add to a token's state.
struct Norms {
  double shared = 0, routed = 0;
};

struct Output {
  Rows logits;
  std::vector<std::vector<Chosen>> routing;  // [layer][token]; empty for a dense layer
  std::vector<Norms> norms;                  // [layer]
  // The least distance between the last expert or group that was chosen and the first that was not: f32 can
  // only be asked for the same choices while it is far above f32's own error.
  double margin = std::numeric_limits<double>::infinity();
};

// What the families do differently.
struct Numbers {
  std::size_t hidden = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0, experts = 0, top_k = 0;
  std::size_t dense = 0, group = 1, groups = 1, top_groups = 1, ahead = 0;
  double theta = 0, epsilon = 0, scale = 1;
  bool sigmoid = false, correction = false, normalise = true, shared = false, shared_gate = false;
  bool qkv_bias = false, head_norm = false, projection_norm = false, tied = false;
  std::string block = "mlp", shared_name = "shared_experts", gate = "gate_proj", up = "up_proj",
              down = "down_proj";
};

inline Numbers numbers_of(const Json& c) {
  const auto integer = [&](const char* key) { return c.at(key).get<std::size_t>(); };
  const std::string family = c.at("architectures").at(0);
  Numbers n;
  n.hidden = integer("hidden_size");
  n.layers = integer("num_hidden_layers");
  n.heads = integer("num_attention_heads");
  n.kv_heads = integer("num_key_value_heads");
  n.head_dim = c.value("head_dim", n.hidden / n.heads);
  n.top_k = integer("num_experts_per_tok");
  n.theta = c.at("rope_theta");
  n.epsilon = c.value("rms_norm_eps", family == "OlmoeForCausalLM" ? 1e-5 : 1e-6);
  n.tied = c.value("tie_word_embeddings", false);
  n.normalise = c.value("norm_topk_prob", true);
  if (family == "MegrezMoeForCausalLM") {
    n.experts = integer("n_routed_experts");
    n.dense = integer("first_k_dense_replace");
    n.group = integer("experts_shared_frequency");
    n.ahead = c.at("pre_gate") ? c.value("pre_gate_lookahead", std::size_t{1}) : 0;
    n.sigmoid = c.at("scoring_func") == "sigmoid";
    n.correction = c.at("topk_method") == "noaux_tc";
    if (n.correction) n.groups = integer("n_group"), n.top_groups = integer("topk_group");
    n.scale = c.at("routed_scaling_factor");
    n.shared = integer("n_shared_experts") > 0;
  } else if (family == "MixtralForCausalLM") {
    n.experts = integer("num_local_experts");
    n.block = "block_sparse_moe", n.gate = "w1", n.up = "w3", n.down = "w2";
  } else {
    n.experts = integer("num_experts");
    n.shared = n.shared_gate = n.qkv_bias = family == "Qwen2MoeForCausalLM";
    n.shared_name = "shared_expert";
    n.head_norm = family == "Qwen3MoeForCausalLM";
    n.projection_norm = family == "OlmoeForCausalLM";
  }
  return n;
}

class Decoder {
 public:
  // Added to what the router of a layer selects by, an expert a number.
  using Bonus = std::function<double(std::size_t layer, std::size_t expert)>;

  Decoder(const Json& config, const Tensors& tensors) : n_(numbers_of(config)), tensors_(tensors) {}
  void set_bonus(Bonus bonus) { bonus_ = std::move(bonus); }

  Output run(const std::vector<std::int32_t>& tokens) const {
    Output out;
    Rows x;
    const Tensor& table = at("model.embed_tokens.weight");
    for (const std::int32_t token : tokens) {
      const auto row = table.values.begin() + token * static_cast<std::ptrdiff_t>(n_.hidden);
      x.emplace_back(row, row + static_cast<std::ptrdiff_t>(n_.hidden));
    }
    std::vector<Rows> states;  // after each layer's post-attention norm
    for (std::size_t layer = 0; layer < n_.layers; ++layer) {
      const std::string name = "model.layers." + std::to_string(layer) + ".";
      add(attention(name, norm(x, name + "input_layernorm.weight")), x);
      states.push_back(norm(x, name + "post_attention_layernorm.weight"));
      out.routing.emplace_back();
      out.norms.emplace_back();
      if (layer < n_.dense) {
        add(swiglu(name + "mlp.", "gate_proj", "up_proj", "down_proj", states[layer]), x);
        continue;
      }
      const Rows& seen = states[layer >= n_.ahead ? layer - n_.ahead : 0];
      out.routing[layer] = route(layer, seen, out.margin);
      mix_experts(layer, states[layer], out.routing[layer], x, out.norms[layer]);
    }
    out.logits =
        product(n_.tied ? "model.embed_tokens.weight" : "lm_head.weight", norm(x, "model.norm.weight"));
    return out;
  }

 private:
  const Tensor& at(const std::string& name) const { return tensors_.at(name); }

  static void add(const Rows& from, Rows& to) {
    for (std::size_t t = 0; t < to.size(); ++t) {
      for (std::size_t i = 0; i < to[t].size(); ++i) to[t][i] += from[t][i];
    }
  }

  // y = W x, W: [outputs, inputs].
  Rows product(const std::string& name, const Rows& x) const {
    const Tensor& w = at(name);
    const auto outputs = static_cast<std::size_t>(w.shape[0]), inputs = static_cast<std::size_t>(w.shape[1]);
    Rows y(x.size(), Row(outputs));
    for (std::size_t t = 0; t < x.size(); ++t) {
      for (std::size_t o = 0; o < outputs; ++o) {
        for (std::size_t i = 0; i < inputs; ++i) y[t][o] += double{w.values[o * inputs + i]} * x[t][i];
      }
    }
    return y;
  }

  // Of each stretch of `width` numbers of a row.
  Rows norm(Rows x, const std::string& name) const {
    const Tensor& w = at(name);
    const std::size_t width = w.values.size();
    for (Row& row : x) {
      for (std::size_t begin = 0; begin < row.size(); begin += width) {
        double squares = 0;
        for (std::size_t i = 0; i < width; ++i) squares += row[begin + i] * row[begin + i];
        const double root = std::sqrt(squares / static_cast<double>(width) + n_.epsilon);
        for (std::size_t i = 0; i < width; ++i) row[begin + i] *= double{w.values[i]} / root;
      }
    }
    return x;
  }

  // Numbers i and i + head_dim / 2 of a head turn together, as one complex number.
  void rotate(Rows& x) const {
    const std::size_t half = n_.head_dim / 2;
    for (std::size_t t = 0; t < x.size(); ++t) {
      for (std::size_t head = 0; head < x[t].size(); head += n_.head_dim) {
        for (std::size_t i = 0; i < half; ++i) {
          const double frequency = std::pow(n_.theta, -static_cast<double>(i) / static_cast<double>(half));
          const std::complex<double> turned = std::complex(x[t][head + i], x[t][head + half + i]) *
                                              std::polar(1.0, static_cast<double>(t) * frequency);
          x[t][head + i] = turned.real();
          x[t][head + half + i] = turned.imag();
        }
      }
    }
  }

  Rows projected(const std::string& name, const char* which, const Rows& x) const {
    Rows y = product(name + which + "_proj.weight", x);
    if (!n_.qkv_bias) return y;
    const Tensor& bias = at(name + which + "_proj.bias");
    for (Row& row : y) {
      for (std::size_t i = 0; i < row.size(); ++i) row[i] += double{bias.values[i]};
    }
    return y;
  }

  Rows attention(const std::string& layer, const Rows& x) const {
    const std::string name = layer + "self_attn.";
    Rows q = projected(name, "q", x), k = projected(name, "k", x);
    const Rows v = projected(name, "v", x);
    if (n_.head_norm || n_.projection_norm) {
      q = norm(q, name + "q_norm.weight");
      k = norm(k, name + "k_norm.weight");
    }
    rotate(q);
    rotate(k);
    Rows mixed(x.size(), Row(n_.heads * n_.head_dim));
    for (std::size_t t = 0; t < x.size(); ++t) {
      for (std::size_t h = 0; h < n_.heads; ++h) attend(q, k, v, t, h, mixed[t]);
    }
    return product(name + "o_proj.weight", mixed);
  }

  // One query head of one token, over the tokens up to its own.
  void attend(const Rows& q, const Rows& k, const Rows& v, std::size_t token, std::size_t head,
              Row& out) const {
    const std::size_t at_q = head * n_.head_dim, at_kv = head / (n_.heads / n_.kv_heads) * n_.head_dim;
    Row weights(token + 1);
    double sum = 0;
    for (std::size_t s = 0; s <= token; ++s) {
      double dot = 0;
      for (std::size_t i = 0; i < n_.head_dim; ++i) dot += q[token][at_q + i] * k[s][at_kv + i];
      sum += weights[s] = std::exp(dot / std::sqrt(static_cast<double>(n_.head_dim)));
    }
    for (std::size_t s = 0; s <= token; ++s) {
      for (std::size_t i = 0; i < n_.head_dim; ++i) out[at_q + i] += weights[s] / sum * v[s][at_kv + i];
    }
  }

  Rows swiglu(const std::string& name, const std::string& gate, const std::string& up,
              const std::string& down, const Rows& x) const {
    Rows inner = product(name + gate + ".weight", x);
    const Rows other = product(name + up + ".weight", x);
    for (std::size_t t = 0; t < x.size(); ++t) {
      for (std::size_t i = 0; i < inner[t].size(); ++i)
        inner[t][i] = inner[t][i] / (1 + std::exp(-inner[t][i])) * other[t][i];
    }
    return product(name + down + ".weight", inner);
  }

  // The indices of the largest `count`, best first; the margin shrinks to the gap below them.
  static std::vector<std::size_t> largest(const Row& values, std::size_t count, double& margin) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
    for (std::size_t i = 1; i <= count && i < order.size(); ++i)
      margin = std::min(margin, values[order[i - 1]] - values[order[i]]);
    order.resize(count);
    return order;
  }

  Row scores(const Row& logits) const {
    Row s;
    double sum = 0;
    for (const double logit : logits) {
      s.push_back(n_.sigmoid ? 1 / (1 + std::exp(-logit)) : std::exp(logit));
      sum += s.back();
    }
    for (double& score : s) score /= n_.sigmoid ? 1 : sum;
    return s;
  }

  // Groups rank by the sum of their best two; those that are not among the best are out.
  void limit_to_groups(Row& selection, double& margin) const {
    if (n_.groups == 1) return;
    const std::size_t width = n_.experts / n_.groups;
    Row ranks;
    for (std::size_t g = 0; g < n_.groups; ++g) {
      Row members(selection.begin() + static_cast<std::ptrdiff_t>(g * width),
                  selection.begin() + static_cast<std::ptrdiff_t>((g + 1) * width));
      std::sort(members.rbegin(), members.rend());
      ranks.push_back(members[0] + members[1]);
    }
    const std::vector<std::size_t> kept = largest(ranks, n_.top_groups, margin);
    for (std::size_t e = 0; e < n_.experts; ++e) {
      if (std::find(kept.begin(), kept.end(), e / width) == kept.end()) selection[e] = -1e9;
    }
  }

  std::vector<Chosen> route(std::size_t layer, const Rows& seen, double& margin) const {
    const std::string name = "model.layers." + std::to_string(layer) + "." + n_.block + ".gate.";
    std::vector<Chosen> all;
    for (const Row& logits : product(name + "weight", seen)) {
      const Row score = scores(logits);
      Row selection = score;
      for (std::size_t e = 0; e < n_.experts; ++e) {
        if (n_.correction) selection[e] += double{at(name + "e_score_correction_bias").values[e]};
        if (bonus_) selection[e] += bonus_(layer, e);
      }
      limit_to_groups(selection, margin);
      Chosen chosen{largest(selection, n_.top_k, margin), {}};
      double sum = 0;
      for (const std::size_t e : chosen.experts) sum += score[e];
      for (const std::size_t e : chosen.experts)
        chosen.weights.push_back(score[e] / (n_.normalise ? sum : 1) * n_.scale);
      all.push_back(std::move(chosen));
    }
    return all;
  }

  // Mean over the rows of their L2 norms.
  static double mean_norm(const Rows& rows) {
    double sum = 0;
    for (const Row& row : rows)
      sum += std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    return sum / static_cast<double>(rows.size());
  }

  void mix_experts(std::size_t layer, const Rows& state, const std::vector<Chosen>& chosen, Rows& x,
                   Norms& norms) const {
    const std::string own = "model.layers." + std::to_string(layer) + "." + n_.block + ".";
    const std::size_t first =
        layer - (layer - n_.dense) % n_.group;  // this layer's group keeps its experts there
    const std::string bank = "model.layers." + std::to_string(first) + "." + n_.block + ".experts.";
    Rows routed(x.size(), Row(n_.hidden));
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Rows token{state[t]};
      for (std::size_t i = 0; i < n_.top_k; ++i) {
        const std::string expert = bank + std::to_string(chosen[t].experts[i]) + ".";
        const Rows y = swiglu(expert, n_.gate, n_.up, n_.down, token);
        for (std::size_t h = 0; h < n_.hidden; ++h) routed[t][h] += chosen[t].weights[i] * y[0][h];
      }
    }
    norms.routed = mean_norm(routed);
    add(routed, x);
    if (!n_.shared) return;
    Rows y = swiglu(own + n_.shared_name + ".", "gate_proj", "up_proj", "down_proj", state);
    if (n_.shared_gate) {
      const Rows open = product(own + "shared_expert_gate.weight", state);
      for (std::size_t t = 0; t < x.size(); ++t) {
        for (double& number : y[t]) number /= 1 + std::exp(-open[t][0]);
      }
    }
    norms.shared = mean_norm(y);
    add(y, x);
  }

  Numbers n_;
  const Tensors& tensors_;
  Bonus bonus_;
};

}  // namespace pregate::naive
