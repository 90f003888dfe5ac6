// SPDX-License-Identifier: Apache-2.0
// The next token from its logits: the likeliest, or drawn with a temperature from the likeliest few (nucleus
// sampling, Holtzman et al., arXiv 1904.09751). Seeded: the same logits give the same tokens everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "traces/base/random.hpp"

namespace pregate {

struct SamplingOptions {
  double temperature = 0;  // 0: greedy
  double top_p = 1;        // the least set of tokens whose probabilities reach this
  std::uint64_t seed = 1;
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options) : options_(options), random_(options.seed) {}
  std::int32_t next(std::span<const float> logits);

 private:
  SamplingOptions options_;
  Random random_;
  std::vector<double> probabilities_;
  std::vector<std::int32_t> order_;
};

}  // namespace pregate
