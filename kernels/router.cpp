// SPDX-License-Identifier: Apache-2.0
#include "kernels/router.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace pregate {
namespace {

// One token's choice, with its scratch.
class Choice {
 public:
  explicit Choice(const RouterRule& rule)
      : rule_(rule),
        scores_(size(rule.experts)),
        selection_(size(rule.experts)),
        order_(size(rule.experts)) {}

  void run(const float* logits, std::uint16_t* experts, float* weights) {
    score(logits);
    for (std::size_t e = 0; e < selection_.size(); ++e) {
      selection_[e] = scores_[e] + (rule_.correction.empty() ? 0.0F : rule_.correction[e]);
    }
    if (rule_.groups > 1) limit_to_groups();
    best(selection_, rule_.top_k, order_);
    float sum = 0;
    for (std::int64_t i = 0; i < rule_.top_k; ++i) {
      experts[i] = static_cast<std::uint16_t>(order_[size(i)]);
      weights[i] = scores_[order_[size(i)]];
      sum += weights[i];
    }
    // The published code adds 1e-20 to the sum, for scores that are all zero.
    const float factor = rule_.scale / (rule_.normalise ? sum + 1e-20F : 1.0F);
    for (std::int64_t i = 0; i < rule_.top_k; ++i) weights[i] *= factor;
  }

 private:
  static std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

  void score(const float* logits) {
    if (rule_.score == RouterScore::sigmoid) {
      for (std::size_t e = 0; e < scores_.size(); ++e) scores_[e] = 1.0F / (1.0F + std::exp(-logits[e]));
      return;
    }
    const float largest = *std::max_element(logits, logits + rule_.experts);
    float sum = 0;
    for (std::size_t e = 0; e < scores_.size(); ++e) sum += scores_[e] = std::exp(logits[e] - largest);
    for (float& score : scores_) score /= sum;
  }

  // The first `count` of `order` become the indices of the largest values, best first.
  static void best(const std::vector<float>& values, std::int64_t count, std::vector<std::size_t>& order) {
    order.resize(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](std::size_t a, std::size_t b) {
      return values[a] > values[b] || (values[a] == values[b] && a < b);
    });
  }

  // A group counts with its best expert, or with the sum of its best two.
  [[nodiscard]] float group_score(std::size_t group, std::size_t width) const {
    float first = -std::numeric_limits<float>::infinity(), second = first;
    for (std::size_t e = group * width; e < (group + 1) * width; ++e) {
      if (selection_[e] > first) {
        second = first;
        first = selection_[e];
      } else {
        second = std::max(second, selection_[e]);
      }
    }
    return rule_.groups_by_two && width > 1 ? first + second : first;
  }

  void limit_to_groups() {
    const std::size_t width = size(rule_.experts / rule_.groups);
    std::vector<float> group_scores(size(rule_.groups));
    for (std::size_t g = 0; g < group_scores.size(); ++g) group_scores[g] = group_score(g, width);
    best(group_scores, rule_.top_groups, order_);
    for (std::size_t i = size(rule_.top_groups); i < group_scores.size(); ++i) {
      const auto begin = selection_.begin() + static_cast<std::ptrdiff_t>(order_[i] * width);
      std::fill_n(begin, width, -std::numeric_limits<float>::infinity());
    }
  }

  const RouterRule& rule_;
  std::vector<float> scores_, selection_;
  std::vector<std::size_t> order_;
};

}  // namespace

void choose_experts(const RouterRule& rule, const float* logits, std::int64_t tokens, std::uint16_t* experts,
                    float* weights) {
#pragma omp parallel if (tokens > 16)
  {
    Choice choice(rule);
#pragma omp for schedule(static)
    for (std::int64_t t = 0; t < tokens; ++t) {
      choice.run(logits + t * rule.experts, experts + t * rule.top_k, weights + t * rule.top_k);
    }
  }
}

}  // namespace pregate
