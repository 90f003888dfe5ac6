// SPDX-License-Identifier: Apache-2.0
// Numbers of 16 bits to and from f32. Loops without branches, which compilers vectorise: loading a model
// converts every weight once.
#include <algorithm>
#include <bit>
#include <cstring>

#include "models/safetensors_files.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define PREGATE_F16C_AT_RUN_TIME 1
#endif

namespace pregate {
namespace {

constexpr std::size_t kBlock = 4096;

// IEEE binary16 to binary32 by shifting the exponent and letting the multiplication make subnormals normal.
float from_f16(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t magnitude = half & 0x7fffU;
  // 2^112 moves the exponent's bias from 15 to 127, exactly.
  const float scaled = std::bit_cast<float>(magnitude << 13U) * 0x1p112F;
  const std::uint32_t special = magnitude >= 0x7c00U ? 0x7f800000U : 0U;  // infinity or NaN
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | special | sign);
}

void from_f16_block(const std::uint16_t* in, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = from_f16(in[i]);
}

#ifdef PREGATE_F16C_AT_RUN_TIME
// Compiled for processors that have the instruction; called only there.
__attribute__((target("avx,f16c"))) void from_f16_block_f16c(const std::uint16_t* in, std::size_t count,
                                                             float* out) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i halves;
    std::memcpy(&halves, in + i, sizeof halves);
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(halves));
  }
  from_f16_block(in + i, count - i, out + i);
}
#endif

using Convert = void (*)(const std::uint16_t*, std::size_t, float*);

Convert choose_f16() {
#ifdef PREGATE_F16C_AT_RUN_TIME
  if (__builtin_cpu_supports("avx") && __builtin_cpu_supports("f16c")) return from_f16_block_f16c;
#endif
  return from_f16_block;
}

void from_bf16_block(const std::uint16_t* in, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = std::bit_cast<float>(std::uint32_t{in[i]} << 16U);
}

// Through a small aligned block: the file's bytes may start at an odd address.
void from_16_bits(const std::byte* in, std::size_t count, float* out, Convert convert) {
  alignas(64) std::uint16_t block[kBlock];
  while (count > 0) {
    const std::size_t part = std::min(count, kBlock);
    std::memcpy(block, in, part * sizeof(std::uint16_t));
    convert(block, part, out);
    in += part * sizeof(std::uint16_t);
    out += part;
    count -= part;
  }
}

}  // namespace

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

void to_float(const TensorView& tensor, std::int64_t first, std::int64_t count, float* out) {
  const auto width = static_cast<std::int64_t>(bytes_of(tensor.type));
  const auto held = static_cast<std::int64_t>(tensor.data.size()) / width;
  check(first >= 0 && count >= 0 && first <= held && count <= held - first, "the range lies in the tensor");
  if (count == 0) return;
  const std::byte* in = tensor.data.data() + first * width;
  const auto numbers = static_cast<std::size_t>(count);
  static const Convert kFromF16 = choose_f16();
  switch (tensor.type) {
    case TensorType::f32:
      std::memcpy(out, in, numbers * sizeof(float));
      return;
    case TensorType::f16:
      return from_16_bits(in, numbers, out, kFromF16);
    case TensorType::bf16:
      return from_16_bits(in, numbers, out, from_bf16_block);
  }
}

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U)
    return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);  // stays NaN
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

std::uint16_t to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  const auto with_sign = [sign](std::uint32_t rest) { return static_cast<std::uint16_t>(sign | rest); };
  if (magnitude > 0x7f800000U) return with_sign(0x7e00U);
  if (magnitude >= 0x47800000U) return with_sign(0x7c00U);  // 65536 and more
  if (magnitude <
      0x38800000U) {  // below 2^-14: subnormal. Adding 1/2 leaves the rounded mantissa in the low bits.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return with_sign(std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5F));
  }
  // To the nearest even; 65520 and more carry into the exponent of infinity.
  return with_sign((magnitude - 0x38000000U + 0xfffU + ((magnitude >> 13U) & 1U)) >> 13U);
}

}  // namespace pregate
