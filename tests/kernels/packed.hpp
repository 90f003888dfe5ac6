// SPDX-License-Identifier: Apache-2.0
// Random numbers, packed matrices that own their memory, and the largest difference, for the kernel tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "kernels/buffer.hpp"
#include "kernels/matmul.hpp"
#include "traces/base/random.hpp"

namespace pregate::test {

using Numbers = std::vector<float>;

inline Numbers random_numbers(std::int64_t count, std::uint64_t seed, float scale = 1) {
  Random random(seed);
  Numbers out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(scale * static_cast<float>(2 * random.unit() - 1));
  return out;
}

inline RowReader rows_of(const Numbers& w, std::int64_t inputs) {
  return [&w, inputs](std::int64_t first, std::int64_t count, float* out) {
    std::copy_n(w.begin() + first * inputs, count * inputs, out);
  };
}

class Packed {
 public:
  Packed(const MatrixShape& shape, const Numbers& w)
      : layout_(std::make_unique<PackedLayout>(shape)), bytes_(layout_->bytes()) {
    status_ = layout_->pack(rows_of(w, shape.inputs), bytes_.data());
  }
  [[nodiscard]] PackedMatrix view() const { return {layout_.get(), bytes_.data()}; }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  std::unique_ptr<PackedLayout> layout_;
  Buffer<std::byte> bytes_;
  Status status_;
};

inline double largest_magnitude(const Numbers& x) {
  double largest = 0;
  for (const float v : x) largest = std::max(largest, std::abs(double{v}));
  return largest;
}

// Over the largest magnitude of what is expected; NaN counts as infinite.
inline double relative_difference(const Numbers& expected, const float* found) {
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(double{expected[i]} - double{found[i]});
    largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
  }
  return largest / largest_magnitude(expected);
}

}  // namespace pregate::test
