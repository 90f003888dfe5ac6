// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/rows_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PREGATE_EACH_ISA __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PREGATE_EACH_ISA
#endif

namespace pregate {
namespace {

// e^x by splitting off a power of two and a polynomial on what is left (the coefficients of Cephes' expf);
// off by at most 2 units in the last place from -87 to 88. Plain arithmetic, so that loops become vectors.
inline __attribute__((always_inline)) float fast_exp(float x) {
  x = std::min(std::max(x, -87.0F), 88.0F);
  const float n = __builtin_rintf(x * 1.44269504F);
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto bits = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23;
  float power = 0;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

inline __attribute__((always_inline)) float sigmoid(float x) {
  return 1.0F / (1.0F + fast_exp(-x));
}

}  // namespace

PREGATE_EACH_ISA void widen_row(const std::uint16_t* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(from[i]) << 16;
    std::memcpy(to + i, &bits, sizeof bits);
  }
}

PREGATE_EACH_ISA void round_row(const float* from, std::int64_t count, std::uint16_t* to) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, from + i, sizeof bits);
    to[i] = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
  }
}

void copy_row(const float* from, std::int64_t count, float* to) {
  std::copy_n(from, count, to);
}

PREGATE_EACH_ISA void add_scaled_row(const float* from, float factor, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

PREGATE_EACH_ISA float dot_row(const float* a, const float* b, std::int64_t count) {
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

PREGATE_EACH_ISA void scale_row(float factor, std::int64_t count, float* row) {
  for (std::int64_t i = 0; i < count; ++i) row[i] *= factor;
}

PREGATE_EACH_ISA void softmax_row(float* row, std::int64_t count) {
  float largest = row[0];
  for (std::int64_t i = 1; i < count; ++i) largest = std::max(largest, row[i]);
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    row[i] = fast_exp(row[i] - largest);
    sum += row[i];
  }
  const float factor = 1.0F / sum;
  for (std::int64_t i = 0; i < count; ++i) row[i] *= factor;
}

PREGATE_EACH_ISA void softmax_gradient_row(const float* p, std::int64_t count, float* g) {
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += p[i] * g[i];
  for (std::int64_t i = 0; i < count; ++i) g[i] = p[i] * (g[i] - sum);
}

PREGATE_EACH_ISA void swiglu_row(const float* gate, const float* up, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = gate[i] * sigmoid(gate[i]) * up[i];
}

PREGATE_EACH_ISA void swiglu_gradient_row(const float* gate, const float* up, const float* g,
                                          std::int64_t count, float* to_gate, float* to_up) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float s = sigmoid(gate[i]);
    to_up[i] = g[i] * gate[i] * s;
    to_gate[i] = g[i] * up[i] * s * (1.0F + gate[i] * (1.0F - s));
  }
}

PREGATE_EACH_ISA void rotate_row(float* low, float* high, const float* cosines, const float* sines,
                                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float l = low[i], h = high[i];
    low[i] = l * cosines[i] - h * sines[i];
    high[i] = h * cosines[i] + l * sines[i];
  }
}

}  // namespace pregate
