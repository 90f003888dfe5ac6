// SPDX-License-Identifier: Apache-2.0
#include "kernels/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/kernels/packed.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::FloatNear;

struct Chosen {
  std::vector<std::uint16_t> experts;
  std::vector<float> weights;
};

Chosen choose(const RouterRule& rule, const std::vector<float>& logits, std::int64_t tokens = 1) {
  Chosen chosen;
  chosen.experts.resize(static_cast<std::size_t>(tokens * rule.top_k));
  chosen.weights.resize(chosen.experts.size());
  choose_experts(rule, logits.data(), tokens, chosen.experts.data(), chosen.weights.data());
  return chosen;
}

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

TEST(Router, Softmax_TakesTheLargestAndNormalisesTheirWeights) {
  const Chosen chosen = choose({.experts = 4, .top_k = 2}, {0, 2, 1, -1});
  EXPECT_THAT(chosen.experts, ElementsAre(1, 2));
  const float a = std::exp(2.0F), b = std::exp(1.0F);
  EXPECT_THAT(chosen.weights, ElementsAre(FloatNear(a / (a + b), 1e-6F), FloatNear(b / (a + b), 1e-6F)));
}

TEST(Router, WithoutNormalisation_WeightsAreTheScores) {
  const Chosen chosen = choose({.experts = 2, .top_k = 1, .normalise = false, .scale = 3}, {1, 0});
  EXPECT_THAT(chosen.weights, ElementsAre(FloatNear(3 * sigmoid(1), 1e-6F)));  // softmax of two is a sigmoid
}

TEST(Router, ACorrection_ChangesTheChoiceAndNotTheWeights) {
  const std::vector<float> correction = {0, 0, 1, 0};
  const RouterRule rule{
      .score = RouterScore::sigmoid, .experts = 4, .top_k = 2, .scale = 2.5F, .correction = correction};
  const Chosen chosen = choose(rule, {0.5F, 1, -1, 0});
  EXPECT_THAT(chosen.experts, ElementsAre(2, 1));
  const float a = sigmoid(-1), b = sigmoid(1);
  EXPECT_THAT(chosen.weights,
              ElementsAre(FloatNear(2.5F * a / (a + b), 1e-6F), FloatNear(2.5F * b / (a + b), 1e-6F)));
}

TEST(Router, GroupLimits_KeepTheBestGroupsOnly) {
  // The best single expert is in group 0; with a correction, groups count with their best two: group 1 wins.
  const std::vector<float> logits = {3, -9, 2, 2, 0, 0};
  const std::vector<float> none(6, 0.0F);
  const RouterRule limited{
      .score = RouterScore::sigmoid, .experts = 6, .top_k = 2, .groups = 3, .top_groups = 1};
  EXPECT_THAT(choose(limited, logits).experts, ElementsAre(0, 1));
  RouterRule corrected = limited;
  corrected.correction = none;
  corrected.groups_by_two = true;
  EXPECT_THAT(choose(corrected, logits).experts, ElementsAre(2, 3));
}

TEST(Router, EqualScores_GoToTheLowerIndex) {
  EXPECT_THAT(choose({.experts = 5, .top_k = 3}, {1, 1, 1, 1, 1}).experts, ElementsAre(0, 1, 2));
}

TEST(Router, ManyTokens_AreRoutedEachByItself) {
  const std::int64_t tokens = 50, experts = 16, top_k = 4;
  const std::vector<float> logits = test::random_numbers(tokens * experts, 3, 4);
  const RouterRule rule{.score = RouterScore::sigmoid, .experts = experts, .top_k = top_k};
  const Chosen all = choose(rule, logits, tokens);
  for (std::int64_t t = 0; t < tokens; ++t) {
    const Chosen one = choose(rule, {logits.begin() + t * experts, logits.begin() + (t + 1) * experts});
    for (std::int64_t i = 0; i < top_k; ++i) {
      const auto at = static_cast<std::size_t>(t * top_k + i), of = static_cast<std::size_t>(i);
      EXPECT_EQ(all.experts[at], one.experts[of]);
      EXPECT_EQ(all.weights[at], one.weights[of]);
    }
  }
}

}  // namespace
}  // namespace pregate
