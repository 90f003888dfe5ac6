// SPDX-License-Identifier: Apache-2.0
#include "models/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pregate {

std::int32_t Sampler::next(std::span<const float> logits) {
  const auto likeliest = std::max_element(logits.begin(), logits.end());
  if (options_.temperature <= 0) return static_cast<std::int32_t>(likeliest - logits.begin());
  probabilities_.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    probabilities_[i] = std::exp((double{logits[i]} - double{*likeliest}) / options_.temperature);
  }
  const double sum = std::accumulate(probabilities_.begin(), probabilities_.end(), 0.0);
  order_.resize(logits.size());
  std::iota(order_.begin(), order_.end(), 0);
  const auto probability = [&](std::int32_t i) { return probabilities_[static_cast<std::size_t>(i)]; };
  std::sort(order_.begin(), order_.end(), [&](std::int32_t a, std::int32_t b) {
    return probability(a) > probability(b) || (probability(a) == probability(b) && a < b);
  });
  double kept = 0;
  std::size_t count = 0;
  while (count < order_.size() && kept < options_.top_p * sum) kept += probability(order_[count++]);
  double draw = random_.unit() * kept;
  for (std::size_t i = 0; i < count; ++i) {
    draw -= probability(order_[i]);
    if (draw < 0) return order_[i];
  }
  return order_[std::max<std::size_t>(count, 1) - 1];
}

}  // namespace pregate
