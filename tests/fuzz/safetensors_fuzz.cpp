// SPDX-License-Identifier: Apache-2.0
// The input is a header. It is tried with the bytes of data that it speaks of, so that most of it is reached,
// and with others.
#include <algorithm>

#include "models/safetensors.hpp"
#include "tests/fuzz/target.hpp"

namespace pregate {
namespace {

// The largest number in the text that may be an offset.
std::uint64_t guess_data_bytes(std::string_view text) {
  std::uint64_t most = 0, number = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    number =
        digit && number < (std::uint64_t{1} << 40) ? number * 10 + static_cast<std::uint64_t>(c - '0') : 0;
    most = std::max(most, number);
  }
  return most;
}

void try_header(std::string_view text, std::uint64_t data_bytes) {
  const auto entries = parse_safetensors_header(text, data_bytes);
  if (!entries) return fuzz::check_refusal(entries.error().at("fuzz.safetensors"));
  ++fuzz::accepted;
  for (const TensorEntry& entry : *entries) {
    check(entry.begin <= entry.end && entry.end <= data_bytes, "an accepted tensor lies in the data");
    std::uint64_t bytes = bytes_of(entry.type);
    for (const std::int64_t extent : entry.shape) bytes *= static_cast<std::uint64_t>(extent);
    check(bytes == entry.end - entry.begin, "an accepted tensor has the bytes of its shape");
  }
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pregate::fuzz::text_of(data, size);
  const std::uint64_t guess = pregate::guess_data_bytes(text);
  for (const std::uint64_t bytes : {guess, std::uint64_t{24}, std::uint64_t{0}})
    pregate::try_header(text, bytes);
  return 0;
}
