// SPDX-License-Identifier: Apache-2.0
#include "kernels/norm_rotary.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/vector_math.hpp"

namespace pregate {

void rms_norm(const float* x, const float* weight, float epsilon, const NormRows& shape, float* out) {
  const std::int64_t stride = shape.stride > 0 ? shape.stride : shape.columns;
  const std::int64_t out_stride = shape.out_stride > 0 ? shape.out_stride : shape.columns;
#pragma omp parallel for schedule(static) if (shape.rows > 8)
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    const float* in = x + r * stride;
    const float mean = sum_of_squares(in, shape.columns) / static_cast<float>(shape.columns);
    scale_by(in, weight, shape.columns, 1.0F / std::sqrt(mean + epsilon), out + r * out_stride);
  }
}

Rotary::Rotary(std::int64_t head_dim, double theta) : half_(head_dim / 2) {
  for (std::int64_t i = 0; i < half_; ++i) {
    frequencies_.push_back(std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim)));
  }
}

void Rotary::extend(std::int64_t positions) {
  const std::int64_t have = static_cast<std::int64_t>(cosines_.size()) / half_;
  for (std::int64_t p = have; p < positions; ++p) {
    for (const double frequency : frequencies_) {
      cosines_.push_back(static_cast<float>(std::cos(static_cast<double>(p) * frequency)));
      sines_.push_back(static_cast<float>(std::sin(static_cast<double>(p) * frequency)));
    }
  }
}

void Rotary::rotate(const Rows& rows, float* x) {
  extend(rows.position + rows.tokens);
#pragma omp parallel for schedule(static) if (rows.tokens > 8)
  for (std::int64_t t = 0; t < rows.tokens; ++t) {
    const float* cosine = cosines_.data() + (rows.position + t) * half_;
    const float* sine = sines_.data() + (rows.position + t) * half_;
    for (std::int64_t h = 0; h < rows.heads; ++h) {
      float* first = x + t * rows.stride + h * 2 * half_;
      float* second = first + half_;
      for (std::int64_t i = 0; i < half_; ++i) {
        const float a = first[i], b = second[i];
        first[i] = a * cosine[i] - b * sine[i];
        second[i] = b * cosine[i] + a * sine[i];
      }
    }
  }
}

}  // namespace pregate
