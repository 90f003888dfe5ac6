// SPDX-License-Identifier: Apache-2.0
// Loops over rows of f32 that the compiler vectorises, in one version for each width of vector that the
// processor may have. Private to kernels/. The same operations in the same order whatever the row's length,
// so that prefill and decode agree.
#pragma once

#include <cstdint>

// One function, compiled three times; the dynamic linker picks. Sanitizers cannot be in place so early.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
#define PREGATE_VECTOR_CLONES
#else
#define PREGATE_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

namespace pregate {

// out[i] = exp(in[i]), below 2 units in the last place; in may be out. Below -87: 0.
void vector_exp(const float* in, std::int64_t count, float* out);
// out[i] = gate[i] * sigmoid(gate[i]) * up[i]
void silu_times(const float* gate, const float* up, std::int64_t count, float* out);
// y += a x
void add_scaled(const float* x, std::int64_t count, float a, float* y);
float dot(const float* a, const float* b, std::int64_t count);
float sum_of_squares(const float* x, std::int64_t count);
// y[i] = x[i] * scale * weight[i]
void scale_by(const float* x, const float* weight, std::int64_t count, float scale, float* y);
// The same with keys and values of the cache in bf16.
float dot(const float* a, const std::uint16_t* b, std::int64_t count);
void add_scaled(const std::uint16_t* x, std::int64_t count, float a, float* y);
// y[i] = sums[i] * (scale * channel[i])
void scale_row(const std::int32_t* sums, const float* channel, std::int64_t count, float scale, float* y);

}  // namespace pregate
