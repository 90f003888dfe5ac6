// SPDX-License-Identifier: Apache-2.0
// What a forward pass wrote and how fast this machine ran it: measured, beside what was simulated.
#pragma once

#include <cstdint>
#include <string>

#include "traces/base/units.hpp"

namespace pregate {

struct ForwardReport {
  std::string model, provenance, prompt, text;
  bool trained = false;  // else its weights were drawn, and the text means nothing
  std::int64_t prompt_tokens = 0, generated_tokens = 0;
  double prefill_s = 0, decode_s = 0;  // of operators
  std::int64_t decode_tokens = 0;      // decode steps behind decode_s
  Bytes decode_bytes;                  // read in them
  Bytes weights, peak_memory;

  [[nodiscard]] double prefill_rate() const;  // tokens a second
  [[nodiscard]] double decode_rate() const;
};

}  // namespace pregate
