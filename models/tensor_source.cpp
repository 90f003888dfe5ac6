// SPDX-License-Identifier: Apache-2.0
#include "models/tensor_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "traces/base/check.hpp"

namespace pregate {
namespace {

std::string feed_forward_name(TensorNaming naming, const PartName& n) {
  const std::string block = naming == TensorNaming::mixtral ? "block_sparse_moe" : "mlp";
  const std::string shared = naming == TensorNaming::qwen2 ? "shared_expert" : "shared_experts";
  const auto expert = [&](const char* usual, const char* mixtral) {
    return fmt::format("{}.experts.{}.{}.weight", block, n.expert,
                       naming == TensorNaming::mixtral ? mixtral : usual);
  };
  switch (n.part) {
    case Part::router:
      return block + ".gate.weight";
    case Part::correction:
      return block + ".gate.e_score_correction_bias";
    case Part::dense_gate:
      return "mlp.gate_proj.weight";
    case Part::dense_up:
      return "mlp.up_proj.weight";
    case Part::dense_down:
      return "mlp.down_proj.weight";
    case Part::shared_gate:
      return fmt::format("mlp.{}.gate_proj.weight", shared);
    case Part::shared_up:
      return fmt::format("mlp.{}.up_proj.weight", shared);
    case Part::shared_down:
      return fmt::format("mlp.{}.down_proj.weight", shared);
    case Part::shared_scale:
      return "mlp.shared_expert_gate.weight";
    case Part::expert_gate:
      return expert("gate_proj", "w1");
    case Part::expert_up:
      return expert("up_proj", "w3");
    case Part::expert_down:
      return expert("down_proj", "w2");
    default:
      check(false, "a part that is no feed-forward's");
      return {};
  }
}

std::string attention_name(Part part) {
  switch (part) {
    case Part::attention_norm:
      return "input_layernorm.weight";
    case Part::feed_forward_norm:
      return "post_attention_layernorm.weight";
    case Part::q:
      return "self_attn.q_proj.weight";
    case Part::k:
      return "self_attn.k_proj.weight";
    case Part::v:
      return "self_attn.v_proj.weight";
    case Part::output:
      return "self_attn.o_proj.weight";
    case Part::q_bias:
      return "self_attn.q_proj.bias";
    case Part::k_bias:
      return "self_attn.k_proj.bias";
    case Part::v_bias:
      return "self_attn.v_proj.bias";
    case Part::q_norm:
      return "self_attn.q_norm.weight";
    case Part::k_norm:
      return "self_attn.k_norm.weight";
    default:
      return {};
  }
}

class CheckpointTensors final : public TensorSource {
 public:
  CheckpointTensors(Checkpoint checkpoint, TensorNaming naming)
      : checkpoint_(std::move(checkpoint)), naming_(naming) {}

  Status expect(const PartName& name, std::int64_t rows, std::int64_t columns) override {
    std::vector<std::int64_t> shape;
    if (rows > 0) shape.push_back(rows);
    shape.push_back(columns);
    Result<TensorView> tensor = checkpoint_.find(tensor_name(naming_, name), shape);
    if (!tensor) return tensor.error();
    views_.emplace(name, std::move(*tensor));
    return {};
  }
  void read(const PartName& name, std::int64_t columns, std::int64_t first, std::int64_t count,
            float* out) const override {
    to_float(view(name), first * columns, count * columns, out);
  }
  void release(const PartName& name) const override { checkpoint_.release(view(name)); }
  [[nodiscard]] std::string describe(const PartName& name) const override {
    return tensor_name(naming_, name);
  }
  [[nodiscard]] std::string file_of(const PartName& name) const override { return view(name).file; }

 private:
  [[nodiscard]] const TensorView& view(const PartName& name) const {
    const auto found = views_.find(name);
    check(found != views_.end(), "a tensor that was not expected");
    return found->second;
  }

  Checkpoint checkpoint_;
  TensorNaming naming_;
  std::map<PartName, TensorView> views_;
};

// Uniform numbers with the variance 1 / columns, so that a product keeps the size of what it multiplies;
// norms are 1, biases and corrections 0. Every number depends on the seed, its tensor and its place alone:
// threads may take any order.
class RandomTensors final : public TensorSource {
 public:
  explicit RandomTensors(std::uint64_t seed) : seed_(seed) {}

  Status expect(const PartName&, std::int64_t, std::int64_t) override { return {}; }
  void read(const PartName& name, std::int64_t columns, std::int64_t first, std::int64_t count,
            float* out) const override {
    if (is_norm(name.part) || is_zero(name.part)) {
      std::fill_n(out, count * columns, is_norm(name.part) ? 1.0F : 0.0F);
      return;
    }
    // Four numbers of 16 bits from each word.
    const float step = std::sqrt(12.0F / static_cast<float>(columns)) / 65536.0F;
    const std::uint64_t stream = mix(seed_ ^ mix(identity(name)));
    for (std::int64_t r = 0; r < count; ++r) {
      const std::uint64_t base = stream + static_cast<std::uint64_t>(first + r) * 0x9e3779b97f4a7c15ULL;
      float* row = out + r * columns;
      std::int64_t i = 0;
      for (std::uint64_t word = 0; i < columns; ++word) {
        std::uint64_t bits = mix(base ^ (word * 0xd1b54a32d192ed03ULL));
        for (int part = 0; part < 4 && i < columns; ++part, ++i, bits >>= 16) {
          row[i] = (static_cast<float>(bits & 0xffffU) - 32767.5F) * step;
        }
      }
    }
  }
  [[nodiscard]] std::string describe(const PartName& name) const override {
    return tensor_name(TensorNaming::megrez, name);
  }

 private:
  static bool is_norm(Part part) {
    return part == Part::final_norm || part == Part::attention_norm || part == Part::feed_forward_norm ||
           part == Part::q_norm || part == Part::k_norm;
  }
  static bool is_zero(Part part) {
    return part == Part::q_bias || part == Part::k_bias || part == Part::v_bias || part == Part::correction;
  }
  // Experts are named by the first layer of their bank: sharing does not change them.
  static std::uint64_t identity(const PartName& name) {
    return static_cast<std::uint64_t>(name.part) << 48 | static_cast<std::uint64_t>(name.layer) << 24 |
           static_cast<std::uint64_t>(name.expert);
  }
  static std::uint64_t mix(std::uint64_t z) {  // SplitMix64's finaliser
    z += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t seed_;
};

}  // namespace

std::string tensor_name(TensorNaming naming, const PartName& name) {
  switch (name.part) {
    case Part::embedding:
      return "model.embed_tokens.weight";
    case Part::head:
      return "lm_head.weight";
    case Part::final_norm:
      return "model.norm.weight";
    default:
      break;
  }
  const std::string attention = attention_name(name.part);
  return fmt::format("model.layers.{}.{}", name.layer,
                     attention.empty() ? feed_forward_name(naming, name) : attention);
}

ExpertParts expert_parts(const ModelSpec& spec, std::int64_t index) {
  const std::int64_t bank = index / spec.experts, expert = index % spec.experts;
  const std::int64_t layer = spec.dense_layers + bank * spec.group;
  return {.gate = {Part::expert_gate, layer, expert},
          .up = {Part::expert_up, layer, expert},
          .down = {Part::expert_down, layer, expert}};
}

Result<std::unique_ptr<TensorSource>> open_checkpoint(const ModelConfig& config, const std::string& folder) {
  Result<Checkpoint> checkpoint = Checkpoint::open(folder);
  if (!checkpoint) return checkpoint.error();
  return std::unique_ptr<TensorSource>(
      std::make_unique<CheckpointTensors>(std::move(*checkpoint), config.naming));
}

std::unique_ptr<TensorSource> random_tensors(std::uint64_t seed) {
  return std::make_unique<RandomTensors>(seed);
}

}  // namespace pregate
