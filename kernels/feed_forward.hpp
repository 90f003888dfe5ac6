// SPDX-License-Identifier: Apache-2.0
// SwiGLU blocks: y = down(silu(gate x) * up x). In prefill oneDNN fuses the activation behind the gate's
// product and the multiplication behind the up projection's (f32, bf16; int8 sums need their scales first).
// In decode the blocks of a layer - shared and routed experts - run together, in two sweeps over their
// weights.
#pragma once

#include <span>
#include <vector>

#include "kernels/matmul.hpp"

namespace pregate {

struct SwigluWeights {
  PackedMatrix gate, up;  // [width, hidden]
  PackedMatrix down;      // [hidden, width]
};

struct SwigluTask {
  SwigluWeights weights;
  const Activations* x = nullptr;
  float* y = nullptr;  // [padded_rows, hidden]
};

class FeedForward {
 public:
  void run(std::span<const SwigluTask> tasks);

 private:
  void run_few(std::span<const SwigluTask* const> tasks);
  void run_many(const SwigluTask& task);

  Buffer<float> gate_, up_;
  std::vector<Activations> inner_;  // what the down projections read
  std::vector<const SwigluTask*> few_;
  std::vector<Product> products_;
};

}  // namespace pregate
