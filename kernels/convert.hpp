// SPDX-License-Identifier: Apache-2.0
// Between number formats, a row at a time. Private to kernels/.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace pregate {

// To the nearest, ties to even; a NaN stays one.
inline std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fffU + ((bits >> 16) & 1U);
  const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
  return static_cast<std::uint16_t>((is_nan ? (bits | 0x400000U) : rounded) >> 16);
}
inline float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// dst[0, count) in bf16.
void row_to_bf16(const float* src, std::int64_t count, std::uint16_t* dst);
// dst[0, count) = round(src / scale) with scale = largest magnitude / 127, which is returned (0 for a row of
// zeros). NaN or infinity in the row: the result is not finite.
float row_to_int8(const float* src, std::int64_t count, std::int8_t* dst);

}  // namespace pregate
