// SPDX-License-Identifier: Apache-2.0
// Arithmetic over rows of numbers, compiled for several instruction sets and chosen by the processor that
// runs it. Rows are f32; bf16 is widened and rounded (to nearest even) at the edges.
#pragma once

#include <cstdint>

namespace pregate {

void widen_row(const std::uint16_t* from, std::int64_t count, float* to);
void round_row(const float* from, std::int64_t count, std::uint16_t* to);
void copy_row(const float* from, std::int64_t count, float* to);

// to += factor * from
void add_scaled_row(const float* from, float factor, std::int64_t count, float* to);
float dot_row(const float* a, const float* b, std::int64_t count);
void scale_row(float factor, std::int64_t count, float* row);

// row = softmax(row)
void softmax_row(float* row, std::int64_t count);
// g = p * (g - <g, p>): the gradient of softmax at p.
void softmax_gradient_row(const float* p, std::int64_t count, float* g);

// out = silu(gate) * up
void swiglu_row(const float* gate, const float* up, std::int64_t count, float* out);
// g: of out. The gradients of gate and up.
void swiglu_gradient_row(const float* gate, const float* up, const float* g, std::int64_t count,
                         float* to_gate, float* to_up);

// low' = low * cos - high * sin, high' = high * cos + low * sin
void rotate_row(float* low, float* high, const float* cosines, const float* sines, std::int64_t count);

}  // namespace pregate
