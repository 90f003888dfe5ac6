// SPDX-License-Identifier: Apache-2.0
// What reader and writer of safetensors share, beneath models/safetensors.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/safetensors.hpp"
#include "traces/base/result.hpp"

namespace pregate {

// The format's own bound of the JSON.
constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

struct HeaderEntry {
  TensorEntry tensor;
  std::string type_name;  // as in the file
  bool readable = false;  // as f32: other types may stand in a file that we read the rest of
};

// All entries, checked against each other and the data. Errors say which tensor.
Result<std::vector<HeaderEntry>> read_header(std::string_view json, std::uint64_t data_bytes);

// "[64, 2048]"
std::string describe_shape(std::span<const std::int64_t> shape);

// From the nearest even of f32; a NaN stays one.
std::uint16_t to_bf16(float value);
std::uint16_t to_f16(float value);

}  // namespace pregate
