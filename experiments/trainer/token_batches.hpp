// SPDX-License-Identifier: Apache-2.0
// Which tokens a training step sees: a function of the seed and the step alone, so that a run that was
// killed goes on with the batch it would have had. The text is cut into windows that begin anew in each
// epoch at another offset and come in another order; every token is seen once an epoch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

class TokenBatches {
 public:
  struct Options {
    std::int64_t context = 0;  // tokens that predict the next; a window has one more
    std::int64_t batch = 0;    // windows a step
    std::uint64_t seed = 0;
  };
  // Errors: fewer tokens than one batch needs.
  static Result<TokenBatches> create(std::vector<std::int32_t> tokens, const Options& options);

  // [batch, context + 1] of step 0, 1, ...
  [[nodiscard]] std::vector<std::int64_t> batch(std::int64_t step) const;
  [[nodiscard]] std::int64_t tokens() const { return static_cast<std::int64_t>(tokens_.size()); }
  [[nodiscard]] std::int64_t steps_an_epoch() const { return windows() / options_.batch; }

 private:
  TokenBatches(std::vector<std::int32_t> tokens, const Options& options)
      : tokens_(std::move(tokens)), options_(options) {}
  // Whole windows at any offset below one context.
  [[nodiscard]] std::int64_t windows() const { return (tokens() - options_.context - 1) / options_.context; }

  std::vector<std::int32_t> tokens_;
  Options options_;
};

// All of a text in windows, for measuring: rows of context + 1 tokens, each beginning with the last token of
// the one before, up to `rows` of them together; what is left at the end makes a shorter row of its own.
struct MeasuringBatch {
  std::vector<std::int64_t> tokens;  // [rows, length]
  std::int64_t rows = 0, length = 0;
};
std::vector<MeasuringBatch> measuring_batches(std::span<const std::int32_t> tokens, std::int64_t context,
                                              std::int64_t rows);

}  // namespace pregate
