// SPDX-License-Identifier: Apache-2.0
#include "kernels/vector_math.hpp"

#include <bit>
#include <cmath>

#include "kernels/convert.hpp"

namespace pregate {
namespace {

// exp(x) = 2^n exp(r), |r| <= ln 2 / 2, with the Taylor polynomial of degree 7 for exp(r): its error there is
// 5e-9.
inline float exp_of(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 x 2^23: adding and taking it away rounds to an integer
  const float bounded = x < -87.0F ? -87.0F : x > 88.0F ? 88.0F : x;
  const float n = (bounded * 1.44269504F + kRound) - kRound;
  const float r = (bounded - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts
  float p = 1.98412698e-4F;
  p = p * r + 1.38888889e-3F;
  p = p * r + 8.33333333e-3F;
  p = p * r + 4.16666667e-2F;
  p = p * r + 1.66666667e-1F;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const auto power = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23;
  const float result = p * std::bit_cast<float>(power);
  return x < -87.0F ? 0.0F : result;
}

// Partial sums in a fixed order, whatever the width of the vectors.
constexpr int kLanes = 16;

inline float fold(float* lanes) {
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

}  // namespace

PREGATE_VECTOR_CLONES void vector_exp(const float* in, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = exp_of(in[i]);
}

PREGATE_VECTOR_CLONES void silu_times(const float* gate, const float* up, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = gate[i] / (1.0F + exp_of(-gate[i])) * up[i];
}

PREGATE_VECTOR_CLONES void add_scaled(const float* x, std::int64_t count, float a, float* y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] += a * x[i];
}

PREGATE_VECTOR_CLONES float dot(const float* a, const float* b, std::int64_t count) {
  float lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  }
  for (int l = 0; i < count; ++i, ++l) lanes[l] += a[i] * b[i];
  return fold(lanes);
}

PREGATE_VECTOR_CLONES float sum_of_squares(const float* x, std::int64_t count) {
  float lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) lanes[l] += x[i + l] * x[i + l];
  }
  for (int l = 0; i < count; ++i, ++l) lanes[l] += x[i] * x[i];
  return fold(lanes);
}

PREGATE_VECTOR_CLONES void scale_row(const std::int32_t* sums, const float* channel, std::int64_t count,
                                     float scale, float* y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(sums[i]) * (scale * channel[i]);
}

PREGATE_VECTOR_CLONES void scale_by(const float* x, const float* weight, std::int64_t count, float scale,
                                    float* y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = x[i] * scale * weight[i];
}

PREGATE_VECTOR_CLONES float dot(const float* a, const std::uint16_t* b, std::int64_t count) {
  float lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * from_bf16(b[i + l]);
  }
  for (int l = 0; i < count; ++i, ++l) lanes[l] += a[i] * from_bf16(b[i]);
  return fold(lanes);
}

PREGATE_VECTOR_CLONES void add_scaled(const std::uint16_t* x, std::int64_t count, float a, float* y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] += a * from_bf16(x[i]);
}

}  // namespace pregate
