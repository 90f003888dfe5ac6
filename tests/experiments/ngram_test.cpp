// SPDX-License-Identifier: Apache-2.0
// The byte n-gram model: against its definition, computed from the text by counting.
#include "experiments/ngram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "traces/base/random.hpp"

namespace pregate {
namespace {

std::string made_text(std::uint64_t seed, int words) {
  static constexpr const char* kWords[] = {"the ", "then ", "hen ", "ten ", "a ", "and ", "net. ", "heat, "};
  Random random(seed);
  std::string text;
  for (int i = 0; i < words; ++i) text += kWords[random.below(random.chance(0.5) ? 3 : std::size(kWords))];
  return text;
}

ByteNgram learned(std::string_view text, int order) {
  auto model = ByteNgram::learn(text, order);
  EXPECT_TRUE(model) << model.error().message();
  return std::move(*model);
}

// The definition with maps: counts of each length, from the longest down.
class NaiveNgram {
 public:
  NaiveNgram(const std::string& text, std::size_t order) : counts_(order + 1), order_(order) {
    for (std::size_t i = 0; i + order <= text.size(); ++i) ++counts_[order][text.substr(i, order)];
    for (std::size_t length = order - 1; length >= 1; --length) {
      for (const auto& [gram, count] : counts_[length + 1]) ++counts_[length][gram.substr(1)];
    }
  }
  double probability(const std::string& context, char next) const {
    return at(context.substr(context.size() - std::min(context.size(), order_ - 1)), next);
  }

 private:
  double at(const std::string& context, char next) const {
    const double below = context.empty() ? 1.0 / 256 : at(context.substr(1), next);
    const auto& counts = counts_[context.size() + 1];
    double once = 0, twice = 0, total = 0, kinds = 0, count = 0;
    for (const auto& [gram, n] : counts) {
      once += n == 1;
      twice += n == 2;
      if (gram.substr(0, context.size()) != context) continue;
      total += n;
      kinds += 1;
      if (gram.back() == next) count = n;
    }
    if (total == 0) return below;
    const double discount = once > 0 ? once / (once + 2 * twice) : 0.5;
    return std::max(count - discount, 0.0) / total + discount * kinds / total * below;
  }

  std::vector<std::map<std::string, int>> counts_;  // by length
  std::size_t order_;
};

TEST(ByteNgram, Probabilities_AreThoseOfTheDefinition) {
  const std::string text = made_text(1, 60);
  for (const int order : {1, 2, 3, 5}) {
    const ByteNgram model = learned(text, order);
    const NaiveNgram naive(text, static_cast<std::size_t>(order));
    for (const char* context : {"", "t", "the", "a the", "xyz", "x the", "theq"}) {
      for (const char next : {'t', 'h', 'e', ' ', '.', '#'}) {
        const auto byte = static_cast<unsigned char>(next);
        EXPECT_DOUBLE_EQ(model.probability(context, byte), naive.probability(context, next))
            << "order " << order << ", '" << next << "' after '" << context << "'";
      }
    }
  }
}

TEST(ByteNgram, ABigramOfFourBytes_IsTheOneComputedByHand) {
  // "abab": ab twice, ba once, so D2 = 1/3. One order down b follows one byte and so does a: n1 = 2, n2 = 0,
  // D1 = 1: all of that order's mass goes to 1/256. p(b|a) = (2 - 1/3)/2 + 1/6 * 1/256.
  EXPECT_DOUBLE_EQ(learned("abab", 2).probability("a", 'b'), 5.0 / 6 + 1.0 / 6 / 256);
}

TEST(ByteNgram, ProbabilitiesOfAllBytes_SumToOneAndNoneIsZero) {
  for (const int order : {1, 3, 8}) {
    const ByteNgram model = learned(made_text(2, 300), order);
    for (const char* context : {"", "the", "hen the net", "unseen", "\xff\xff\xff\xff\xff\xff\xff\xff"}) {
      double sum = 0;
      for (int byte = 0; byte < 256; ++byte) {
        const double p = model.probability(context, static_cast<unsigned char>(byte));
        EXPECT_GT(p, 0);
        sum += p;
      }
      EXPECT_NEAR(sum, 1, 1e-12) << "order " << order << " after " << context;
    }
  }
}

TEST(ByteNgram, BytesAboveAscii_AreLearnedAsOthers) {
  const ByteNgram model = learned("\xff\xfe\xff\xfe\xff\xfe\xff\xfe\x80", 3);
  EXPECT_GT(model.probability("\xff\xfe", 0xff), 0.5);
  EXPECT_LT(model.probability("\xff\xfe", 0x00), 0.01);
}

TEST(ByteNgram, LongerContexts_PredictWordsBetter) {
  const std::string training = made_text(3, 2000), text = made_text(4, 200);
  double before = 8;
  for (const int order : {1, 2, 3, 4}) {
    const double now = learned(training, order).bits(text) / static_cast<double>(text.size());
    EXPECT_LT(now, before) << "order " << order;
    before = now;
  }
}

TEST(ByteNgram, BitsFromAPlace_AreThoseOfTheRestWithItsContext) {
  const ByteNgram model = learned(made_text(5, 100), 3);
  const std::string text = "the then the";
  double tail = 0;
  for (std::size_t i = 5; i < text.size(); ++i)
    tail -= std::log2(model.probability(text.substr(0, i), static_cast<unsigned char>(text[i])));
  EXPECT_DOUBLE_EQ(model.bits(text, 5), tail);
  EXPECT_GT(model.bits(text), tail);
  EXPECT_EQ(model.bits(text, text.size()), 0);
}

TEST(ByteNgram, WhatCannotBeLearned_IsRefused) {
  EXPECT_THAT(ByteNgram::learn("", 3).error().message(), testing::HasSubstr("an empty one"));
  EXPECT_THAT(ByteNgram::learn("text", 0).error().message(), testing::HasSubstr("an order of 1 to 8"));
  EXPECT_THAT(ByteNgram::learn("text", 9).error().message(), testing::HasSubstr("found 9"));
  EXPECT_GT(learned("ab", 8).probability("", 'a'), 0) << "shorter than one n-gram";
}

}  // namespace
}  // namespace pregate
