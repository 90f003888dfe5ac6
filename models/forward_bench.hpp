// SPDX-License-Identifier: Apache-2.0
// How near the forward pass comes to this machine's limits, both measured in the same run, in turns: decode
// against a plain parallel read of as many bytes of the same weights, prefill against oneDNN's bare products
// at the same shapes.
#pragma once

#include <functional>

#include "models/weights.hpp"

namespace pregate {

struct ForwardBenchOptions {
  std::int64_t prompt_tokens = 512;
  std::int64_t decode_tokens = 64;
  int repeats = 3;  // of the prefill; the fastest of each side counts
  std::function<void(const char* what, std::int64_t done, std::int64_t total)> progress;  // may be empty
};

struct ForwardBench {
  double prefill_s = 0;   // wall time of the whole prefill
  double products_s = 0;  // of its matrix products alone
  Macs products_macs;     // in those
  double decode_s = 0;    // wall time of all decode tokens
  double read_s = 0;      // of reading as many bytes
  Bytes decode_bytes;     // weights, keys and values that decoding read

  [[nodiscard]] double decode_share() const { return decode_s > 0 ? read_s / decode_s : 0; }
  [[nodiscard]] double prefill_share() const { return prefill_s > 0 ? products_s / prefill_s : 0; }
};

// Errors: prompt and decode tokens exceed the context, too little memory.
Result<ForwardBench> bench_forward(const Weights& weights, const ForwardBenchOptions& options);

}  // namespace pregate
