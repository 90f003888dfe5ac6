// SPDX-License-Identifier: Apache-2.0
#include "kernels/convert.hpp"

#include <algorithm>

#include "kernels/vector_math.hpp"

namespace pregate {
namespace {

// std::max would drop a NaN; the bits of a magnitude order as the number does, with infinity and NaN above
// all.
PREGATE_VECTOR_CLONES std::uint32_t largest_magnitude_bits(const float* src, std::int64_t count) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(src[i]) & 0x7fffffffU);
  }
  return largest;
}

// Adding and taking away 1.5 x 2^23 rounds to the nearest even integer, in any vector width.
PREGATE_VECTOR_CLONES void quantise(const float* src, std::int64_t count, float inverse, std::int8_t* dst) {
  constexpr float kRound = 12582912.0F;
  for (std::int64_t i = 0; i < count; ++i) {
    const float rounded = (src[i] * inverse + kRound) - kRound;
    dst[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(rounded));
  }
}

}  // namespace

PREGATE_VECTOR_CLONES void row_to_bf16(const float* src, std::int64_t count, std::uint16_t* dst) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = to_bf16(src[i]);
}

float row_to_int8(const float* src, std::int64_t count, std::int8_t* dst) {
  const auto largest = std::bit_cast<float>(largest_magnitude_bits(src, count));
  if (!std::isfinite(largest)) return largest;
  // The smallest normal number keeps the quotient of a row of subnormals finite.
  if (largest < 1e-30F) {
    std::fill_n(dst, count, std::int8_t{0});
    return 0;
  }
  quantise(src, count, 127.0F / largest, dst);
  return largest / 127.0F;
}

}  // namespace pregate
