// SPDX-License-Identifier: Apache-2.0
// Where the numbers of a model come from, under the parts' own names whatever a checkpoint calls them.
// Private to models/: weights.cpp packs what these give.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "kernels/packed_matrix.hpp"
#include "models/config.hpp"
#include "models/safetensors.hpp"

namespace pregate {

enum class Part : std::uint8_t {
  embedding,
  head,
  final_norm,
  attention_norm,
  feed_forward_norm,
  q,
  k,
  v,
  output,
  q_bias,
  k_bias,
  v_bias,
  q_norm,
  k_norm,
  router,
  correction,
  dense_gate,
  dense_up,
  dense_down,
  shared_gate,
  shared_up,
  shared_down,
  shared_scale,  // the gate of the shared experts' output
  expert_gate,
  expert_up,
  expert_down,
};

struct PartName {
  Part part = Part::embedding;
  std::int64_t layer = 0;
  std::int64_t expert = 0;

  auto operator<=>(const PartName&) const = default;
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  // Whether the tensor is there with this shape ([rows, columns], or [columns] when rows is 0), before it is
  // read.
  virtual Status expect(const PartName& name, std::int64_t rows, std::int64_t columns) = 0;
  // Rows of it, as f32. It was expected before. May be called from several threads.
  virtual void read(const PartName& name, std::int64_t columns, std::int64_t first, std::int64_t count,
                    float* out) const = 0;
  // Nobody will ask for it again.
  virtual void release(const PartName&) const {}
  // For errors.
  [[nodiscard]] virtual std::string describe(const PartName& name) const = 0;
  // The file that holds it; empty where there is none.
  [[nodiscard]] virtual std::string file_of(const PartName&) const { return {}; }
};

Result<std::unique_ptr<TensorSource>> open_checkpoint(const ModelConfig& config, const std::string& folder);
std::unique_ptr<TensorSource> random_tensors(std::uint64_t seed);

// The three matrices of a routed expert; `index` counts bank after bank. The first layer of a group holds
// them.
struct ExpertParts {
  PartName gate, up, down;
};
ExpertParts expert_parts(const ModelSpec& spec, std::int64_t index);

// The tensor's name in a checkpoint.
std::string tensor_name(TensorNaming naming, const PartName& name);

}  // namespace pregate
