// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/token_batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace pregate {
namespace {

std::vector<std::int32_t> counting(std::int32_t count) {
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(count));
  std::iota(tokens.begin(), tokens.end(), 0);
  return tokens;
}

TEST(TokenBatches, AnEpochSeesNoTokenTwiceAndMissesLessThanOneStepOfThem) {
  const auto batches = TokenBatches::create(counting(1000), {.context = 10, .batch = 3, .seed = 4});
  ASSERT_TRUE(batches);
  std::multiset<std::int64_t> predicted;
  for (std::int64_t step = 0; step < batches->steps_an_epoch(); ++step) {
    const auto batch = batches->batch(step);
    ASSERT_EQ(batch.size(), 33U);
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t i = 1; i < 11; ++i) {
        EXPECT_EQ(batch[row * 11 + i], batch[row * 11 + i - 1] + 1);
        predicted.insert(batch[row * 11 + i]);
      }
    }
  }
  EXPECT_EQ(std::set<std::int64_t>(predicted.begin(), predicted.end()).size(), predicted.size());
  EXPECT_GT(predicted.size(), 1000U - 30 - 20);
}

TEST(TokenBatches, AreAFunctionOfSeedAndStep) {
  const auto one = TokenBatches::create(counting(1000), {.context = 10, .batch = 3, .seed = 4});
  const auto same = TokenBatches::create(counting(1000), {.context = 10, .batch = 3, .seed = 4});
  const auto other = TokenBatches::create(counting(1000), {.context = 10, .batch = 3, .seed = 5});
  EXPECT_EQ(one->batch(17), same->batch(17));
  EXPECT_NE(one->batch(17), other->batch(17));
  EXPECT_NE(one->batch(0), one->batch(one->steps_an_epoch()));  // the next epoch has another order
}

TEST(TokenBatches, ATextThatIsTooShortIsRefused) {
  const auto batches = TokenBatches::create(counting(30), {.context = 10, .batch = 3, .seed = 4});
  ASSERT_FALSE(batches);
  EXPECT_NE(batches.error().message().find("41 tokens"), std::string::npos) << batches.error().message();
}

TEST(MeasuringBatches, PredictEveryTokenButTheFirstOnce) {
  const auto tokens = counting(48);
  std::vector<std::int64_t> predicted;
  for (const MeasuringBatch& batch : measuring_batches(tokens, 10, 3)) {
    ASSERT_EQ(static_cast<std::int64_t>(batch.tokens.size()), batch.rows * batch.length);
    for (std::int64_t i = 0; i < batch.rows * batch.length; ++i) {
      if (i % batch.length != 0) predicted.push_back(batch.tokens[static_cast<std::size_t>(i)]);
    }
  }
  EXPECT_EQ(predicted, std::vector<std::int64_t>(tokens.begin() + 1, tokens.end()));
}

}  // namespace
}  // namespace pregate
