// SPDX-License-Identifier: Apache-2.0
// Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467) and rotary position embedding (Su et al.,
// arXiv 2104.09864) in the form of Hugging Face's Llama: the two halves of a head rotate together.
#pragma once

#include <cstdint>
#include <vector>

namespace pregate {

// out[r, i] = x[r, i] / sqrt(mean_i x[r, i]^2 + epsilon) * weight[i]; out may be x. Rows are `stride` apart
// in x and `columns` apart in out (x itself when out is x).
struct NormRows {
  std::int64_t rows = 0, columns = 0;
  std::int64_t stride = 0, out_stride = 0;  // 0: columns
};
void rms_norm(const float* x, const float* weight, float epsilon, const NormRows& shape, float* out);

class Rotary {
 public:
  Rotary(std::int64_t head_dim, double theta);

  // Rotates the `heads` heads of `tokens` rows in place; row t stands at position + t, rows are `stride`
  // apart.
  struct Rows {
    std::int64_t tokens = 0, heads = 0, stride = 0, position = 0;
  };
  void rotate(const Rows& rows, float* x);

 private:
  void extend(std::int64_t positions);

  std::int64_t half_;
  std::vector<double> frequencies_;
  std::vector<float> cosines_, sines_;  // [position, half]
};

}  // namespace pregate
