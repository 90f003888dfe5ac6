// SPDX-License-Identifier: Apache-2.0
// Small random checkpoints of the five families, in memory and as a Hugging Face folder. Norms are
// not one, biases and corrections not zero: what is left out somewhere shows.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "models/safetensors.hpp"
#include "tests/models/config_documents.hpp"
#include "tests/models/naive_decoder.hpp"
#include "traces/base/random.hpp"

namespace pregate::fixtures {

using naive::Tensor;
using naive::Tensors;

struct SmallModel {
  Json config;
  Tensors tensors;
};

inline Json merged(Json document, const Json& changes) {
  for (const auto& [key, value] : changes.items()) document[key] = value;
  return document;
}

// What all small models share. Inputs of products are multiples of 64 where the family allows it, so that
// oneDNN takes the kernels that it takes at full size (its reference ones, else: right, and slow); what the
// padding of odd sizes needs, odd_config() has.
inline Json small(const Json& published, const Json& changes) {
  const Json sizes = {
      {"hidden_size", 64},        {"num_hidden_layers", 4},         {"num_attention_heads", 4},
      {"num_key_value_heads", 2}, {"num_experts_per_tok", 3},       {"vocab_size", 101},
      {"rope_theta", 10000.0},    {"max_position_embeddings", 512}, {"intermediate_size", 64}};
  return merged(merged(published, sizes), changes);
}

// Layer 0 dense, six MoE layers in groups of three.
inline Json small_megrez_config() {
  return small(megrez_config(), {{"num_hidden_layers", 7},
                                 {"intermediate_size", 128},
                                 {"moe_intermediate_size", 64},
                                 {"n_routed_experts", 8},
                                 {"n_shared_experts", 2}});
}

// Heads wider than hidden / heads, as in the published Qwen3 shapes.
inline Json small_qwen3_config() {
  return small(qwen3_config(), {{"head_dim", 32}, {"moe_intermediate_size", 64}, {"num_experts", 8}});
}

inline Json small_qwen2_config() {
  return small(qwen2_config(), {{"num_key_value_heads", 4},
                                {"moe_intermediate_size", 64},
                                {"shared_expert_intermediate_size", 128},
                                {"num_experts", 8}});
}

inline Json small_olmoe_config() {
  return small(olmoe_config(), {{"num_experts", 8}});
}

inline Json small_mixtral_config() {
  return small(mixtral_config(), {{"num_local_experts", 8}, {"num_experts_per_tok", 2}});
}

// No size is a multiple of a block of the kernels.
inline Json odd_config() {
  return small(qwen3_config(), {{"hidden_size", 42},
                                {"head_dim", 22},
                                {"moe_intermediate_size", 19},
                                {"num_experts", 7},
                                {"num_experts_per_tok", 2},
                                {"num_attention_heads", 6}});
}

// Draws every tensor of a config under its Hugging Face name.
class TensorDraw {
 public:
  TensorDraw(const Json& config, std::uint64_t seed)
      : n_(naive::numbers_of(config)), c_(config), random_(seed) {}

  // Every tensor's name and shape, without its numbers.
  static SmallModel shapes(const Json& config) {
    TensorDraw draw(config, 0);
    draw.only_shapes_ = true;
    return {config, draw.draw()};
  }

  Tensors draw() {
    const auto vocabulary = c_.at("vocab_size").get<std::int64_t>();
    matrix("model.embed_tokens.weight", vocabulary, hidden(), std::sqrt(static_cast<double>(n_.hidden)));
    if (!n_.tied) matrix("lm_head.weight", vocabulary, hidden());
    vector("model.norm.weight", hidden(), 1, 0.3);
    for (std::size_t layer = 0; layer < n_.layers; ++layer) draw_layer(layer);
    return std::move(tensors_);
  }

 private:
  std::int64_t hidden() const { return static_cast<std::int64_t>(n_.hidden); }

  std::vector<float> numbers(std::int64_t count, double middle, double reach) {
    std::vector<float> values(only_shapes_ ? 0 : static_cast<std::size_t>(count));
    for (float& x : values) x = static_cast<float>(middle + reach * (2 * random_.unit() - 1));
    return values;
  }
  // Products keep the size of what they multiply, times `gain`.
  void matrix(const std::string& name, std::int64_t rows, std::int64_t columns, double gain = 1) {
    const double reach = gain * std::sqrt(3.0 / static_cast<double>(columns));
    tensors_[name] = {{rows, columns}, numbers(rows * columns, 0, reach)};
  }
  void vector(const std::string& name, std::int64_t count, double middle, double reach) {
    tensors_[name] = {{count}, numbers(count, middle, reach)};
  }
  void swiglu(const std::string& name, const std::vector<std::string>& parts, std::int64_t width) {
    matrix(name + parts[0] + ".weight", width, hidden());
    matrix(name + parts[1] + ".weight", width, hidden());
    matrix(name + parts[2] + ".weight", hidden(), width);
  }

  void draw_attention(const std::string& name) {
    const auto q = static_cast<std::int64_t>(n_.heads * n_.head_dim);
    const auto kv = static_cast<std::int64_t>(n_.kv_heads * n_.head_dim);
    // Steeper queries, so that attention is far from an average.
    matrix(name + "q_proj.weight", q, hidden(), 2);
    matrix(name + "k_proj.weight", kv, hidden());
    matrix(name + "v_proj.weight", kv, hidden());
    matrix(name + "o_proj.weight", hidden(), q);
    if (n_.qkv_bias) {
      vector(name + "q_proj.bias", q, 0, 0.5);
      vector(name + "k_proj.bias", kv, 0, 0.5);
      vector(name + "v_proj.bias", kv, 0, 0.5);
    }
    if (n_.head_norm || n_.projection_norm) {
      const auto dim = static_cast<std::int64_t>(n_.head_dim);
      vector(name + "q_norm.weight", n_.head_norm ? dim : q, 1, 0.4);
      vector(name + "k_norm.weight", n_.head_norm ? dim : kv, 1, 0.4);
    }
  }

  void draw_layer(std::size_t layer) {
    const std::string name = "model.layers." + std::to_string(layer) + ".";
    vector(name + "input_layernorm.weight", hidden(), 1, 0.3);
    vector(name + "post_attention_layernorm.weight", hidden(), 1, 0.3);
    draw_attention(name + "self_attn.");
    const std::vector<std::string> usual = {"gate_proj", "up_proj", "down_proj"};
    if (layer < n_.dense) return swiglu(name + "mlp.", usual, c_.at("intermediate_size"));
    const std::string block = name + n_.block + ".";
    const auto experts = static_cast<std::int64_t>(n_.experts);
    matrix(block + "gate.weight", experts, hidden(), 2);
    if (n_.correction) vector(block + "gate.e_score_correction_bias", experts, 0, 0.4);
    if (n_.shared) {
      const std::int64_t width = n_.shared_gate
                                     ? c_.at("shared_expert_intermediate_size").get<std::int64_t>()
                                     : c_.at("n_shared_experts").get<std::int64_t>() * expert_width();
      swiglu(block + n_.shared_name + ".", usual, width);
      if (n_.shared_gate) matrix(block + "shared_expert_gate.weight", 1, hidden(), 2);
    }
    if ((layer - n_.dense) % n_.group != 0) return;
    for (std::int64_t e = 0; e < experts; ++e)
      swiglu(block + "experts." + std::to_string(e) + ".", {n_.gate, n_.up, n_.down}, expert_width());
  }

  std::int64_t expert_width() const {
    return c_.contains("moe_intermediate_size") ? c_.at("moe_intermediate_size") : c_.at("intermediate_size");
  }

  naive::Numbers n_;
  const Json& c_;
  Random random_;
  bool only_shapes_ = false;
  Tensors tensors_;
};

inline SmallModel random_model(const Json& config, std::uint64_t seed = 1) {
  return {config, TensorDraw(config, seed).draw()};
}

// The same numbers, each exactly a bf16.
inline SmallModel rounded_to_bf16(SmallModel model) {
  for (auto& [name, tensor] : model.tensors) {
    for (float& x : tensor.values) x = std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0xffff0000U);
  }
  return model;
}

// The same model with a bank of its own for every layer: experts copied to the other layers of their group.
inline SmallModel unshared(const SmallModel& model) {
  SmallModel copy = model;
  const naive::Numbers n = naive::numbers_of(model.config);
  copy.config["experts_shared_frequency"] = 1;
  for (std::size_t layer = n.dense; layer < n.layers; ++layer) {
    const std::size_t first = layer - (layer - n.dense) % n.group;
    const std::string from = "model.layers." + std::to_string(first) + ".mlp.experts.";
    for (const auto& [name, tensor] : model.tensors) {
      if (name.rfind(from, 0) != 0) continue;
      copy.tensors["model.layers." + std::to_string(layer) + ".mlp.experts." + name.substr(from.size())] =
          tensor;
    }
  }
  return copy;
}

enum class Shards : std::uint8_t { single, two };
struct WriteAs {
  TensorType type = TensorType::f32;
  Shards shards = Shards::single;
};

inline std::string fresh_folder(const std::string& name) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = std::filesystem::path(testing::TempDir()) /
                      (std::string("pregate_") + test->test_suite_name() + "_" + test->name() + "_" + name);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder.string();
}

// A folder of this test's own.
inline std::string write_model(const SmallModel& model, const std::string& name, const WriteAs& as = {}) {
  const std::filesystem::path folder = fresh_folder(name);
  std::ofstream(folder / "config.json") << model.config.dump(1);
  const std::vector<std::string> files =
      as.shards == Shards::single
          ? std::vector<std::string>{"model.safetensors"}
          : std::vector<std::string>{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
  std::vector<std::vector<TensorToWrite>> parts(files.size());
  Json weight_map = Json::object();
  std::size_t next = 0;
  for (const auto& [tensor_name, tensor] : model.tensors) {
    const std::size_t file = next++ % files.size();  // neighbours lie in different shards
    parts[file].push_back({tensor_name, as.type, tensor.shape, tensor.values});
    weight_map[tensor_name] = files[file];
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Status written = write_safetensors((folder / files[i]).string(), parts[i]);
    EXPECT_TRUE(written.ok()) << written.error().message();
  }
  if (as.shards == Shards::two)
    std::ofstream(folder / "model.safetensors.index.json") << Json{{"weight_map", weight_map}}.dump(1);
  return folder.string();
}

inline std::vector<std::int32_t> random_tokens(std::size_t count, std::uint64_t seed = 5) {
  Random random(seed);
  std::vector<std::int32_t> tokens(count);
  for (auto& token : tokens) token = static_cast<std::int32_t>(random.below(101));
  return tokens;
}

}  // namespace pregate::fixtures
