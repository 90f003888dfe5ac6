// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/token_batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "traces/base/random.hpp"

namespace pregate {
namespace {

// Fisher and Yates, with our own generator: the same order on every platform.
std::vector<std::int64_t> shuffled(std::int64_t count, Random& random) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace

Result<TokenBatches> TokenBatches::create(std::vector<std::int32_t> tokens, const Options& options) {
  TokenBatches batches(std::move(tokens), options);
  if (batches.tokens() > options.context && batches.steps_an_epoch() > 0) return batches;
  return bad_input(fmt::format("a text of at least {} tokens, one step of {} sequences",
                               (options.batch + 1) * options.context + 1, options.batch),
                   fmt::format("{} tokens", batches.tokens()));
}

std::vector<std::int64_t> TokenBatches::batch(std::int64_t step) const {
  const std::int64_t epoch = step / steps_an_epoch(), in_epoch = step % steps_an_epoch();
  Random random(options_.seed * 1'000'003 + static_cast<std::uint64_t>(epoch));
  const auto offset = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(options_.context)));
  const std::vector<std::int64_t> order = shuffled(windows(), random);
  std::vector<std::int64_t> batch;
  for (std::int64_t i = 0; i < options_.batch; ++i) {
    const std::int64_t window = order[static_cast<std::size_t>(in_epoch * options_.batch + i)];
    const auto first = tokens_.begin() + offset + window * options_.context;
    batch.insert(batch.end(), first, first + options_.context + 1);
  }
  return batch;
}

std::vector<MeasuringBatch> measuring_batches(std::span<const std::int32_t> tokens, std::int64_t context,
                                              std::int64_t rows) {
  std::vector<MeasuringBatch> batches;
  const auto step = static_cast<std::size_t>(context);
  for (std::size_t first = 0; first + 1 < tokens.size(); first += step) {
    const auto row = tokens.subspan(first, std::min(step + 1, tokens.size() - first));
    const auto length = static_cast<std::int64_t>(row.size());
    if (batches.empty() || batches.back().rows == rows || batches.back().length != length)
      batches.push_back({.length = length});
    batches.back().tokens.insert(batches.back().tokens.end(), row.begin(), row.end());
    ++batches.back().rows;
  }
  return batches;
}

}  // namespace pregate
