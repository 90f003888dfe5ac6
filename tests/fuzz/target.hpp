// SPDX-License-Identifier: Apache-2.0
// What a fuzz target tells its driver. A target is one .cpp with LLVMFuzzerTestOneInput (so that clang's
// libFuzzer can drive it as well) and fuzz_seeds(). It must accept or refuse any bytes; what it accepts must
// hold the promises of its parser, and what it refuses must be named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/check.hpp"
#include "traces/base/result.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pregate::fuzz {

// Valid inputs that the mutations start from, beside the files of the corpus.
std::vector<std::string> seeds();

// Inputs that a parser accepted so far. A driver whose seeds are all refused tests nothing.
inline std::uint64_t accepted = 0;

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A refusal says where, what was expected and what was found.
inline void check_refusal(const Error& error) {
  check(!error.file.empty(), "an error names its file");
  check(!error.expected.empty() && !error.found.empty(), "an error says what was expected and found");
}

}  // namespace pregate::fuzz
