// SPDX-License-Identifier: Apache-2.0
// Operations of the network that libtorch would do in many passes over memory, as one pass forward and one
// backward. Tensors are f32 or bf16; arithmetic is f32. Each gradient is checked against finite differences
// by tests/trainer.
#pragma once

#include <torch/torch.h>

namespace pregate {

// x f32 [rows, width], weight [width]: x / sqrt(mean(x^2) + epsilon) * weight.
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon);

// [rows, 2 width] -> [rows, width]: silu(first half) * second half.
torch::Tensor swiglu(const torch::Tensor& gate_up);

// x [tokens, heads, dim], cosines and sines [length, dim / 2]: token t stands at position t % length; the two
// halves of a head rotate together.
torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& cosines, const torch::Tensor& sines,
                     std::int64_t length);

// scores [batch, rows, keys]: softmax over keys, where row r belongs to the query at position
// first + r % queries and sees the keys up to its own position.
torch::Tensor causal_softmax(const torch::Tensor& scores, std::int64_t queries, std::int64_t first);

}  // namespace pregate
