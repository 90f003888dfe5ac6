// SPDX-License-Identifier: Apache-2.0
// The number formats in which the forward pass multiplies. All of them accumulate in f32 (int8: in s32) and
// hand f32 on; norms, rotary embedding, softmax and routing are always f32.
#pragma once

#include <cstdint>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

enum class Precision : std::uint8_t {
  f32,
  bf16,
  int8,  // weights s8 with a scale per output channel, activations quantised per row at run time
};

std::string_view to_text(Precision precision);
Result<Precision> parse_precision(std::string_view word);
std::int64_t bytes_of(Precision precision);  // of one weight

}  // namespace pregate
