// SPDX-License-Identifier: Apache-2.0
#include "traces/base/ticks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "traces/base/random.hpp"

namespace pregate::plot {
namespace {

using testing::ElementsAre;

std::vector<std::string> labels(const Ruler& ruler) {
  std::vector<std::string> out;
  for (const Tick& tick : ruler.ticks) out.push_back(tick.label);
  return out;
}

// 1, 2 or 5 times a power of ten.
bool is_round(double value) {
  const double lead = value / std::pow(10.0, std::floor(std::log10(value) + 1e-9));
  return std::abs(lead - 1) < 1e-6 || std::abs(lead - 2) < 1e-6 || std::abs(lead - 5) < 1e-6;
}

TEST(Ticks, OfALinearAxis_AreRoundAndEncloseTheData) {
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    const double low = (random.unit() - 0.3) * std::pow(10.0, static_cast<double>(random.below(9)) - 4);
    const double span = random.unit() * std::pow(10.0, static_cast<double>(random.below(9)) - 4);
    const double high = low + std::max(span, std::abs(low) * 1e-4) + 1e-7;  // the rest is rounding alone
    const Ruler ruler = make_ruler({}, {low, high}, 5);
    ASSERT_GE(ruler.ticks.size(), 2U) << low << " to " << high;
    ASSERT_LE(ruler.ticks.size(), 9U) << low << " to " << high;
    const double step = ruler.ticks[1].value - ruler.ticks[0].value;
    EXPECT_TRUE(is_round(step)) << step;
    for (const Tick& tick : ruler.ticks)
      EXPECT_NEAR(tick.value / step, std::round(tick.value / step), 1e-3) << tick.value << " by " << step;
    EXPECT_LE(ruler.low, low + 1e-9 * (high - low));
    EXPECT_GE(ruler.high, high - 1e-9 * (high - low));
  }
}

TEST(Ticks, Labels_HaveTheDigitsOfTheStep) {
  EXPECT_THAT(labels(make_ruler({}, {0, 1}, 5)), ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(labels(make_ruler({}, {0, 5400}, 3)), ElementsAre("0", "2,000", "4,000", "6,000"));
  EXPECT_THAT(labels(make_ruler({}, {-0.1, 0.1}, 2)), ElementsAre("-0.1", "0.0", "0.1"));
}

TEST(Ticks, OfGivenEnds_StayInside) {
  const Ruler ruler = make_ruler({.min = 3, .max = 97}, {-100, 500}, 5);
  EXPECT_EQ(ruler.low, 3);
  EXPECT_EQ(ruler.high, 97);
  EXPECT_THAT(labels(ruler), ElementsAre("20", "40", "60", "80"));
}

TEST(Ticks, OfLogarithmicAxes_ArePowers) {
  EXPECT_THAT(labels(make_ruler({.scale = Scale::log2}, {0.25, 4}, 6)),
              ElementsAre("0.25", "0.5", "1", "2", "4"));
  EXPECT_THAT(labels(make_ruler({.scale = Scale::log2}, {1, 256}, 4)), ElementsAre("1", "8", "64"));
  EXPECT_THAT(labels(make_ruler({.scale = Scale::log10}, {1, 10000}, 6)),
              ElementsAre("1", "10", "100", "1,000", "10,000"));
  EXPECT_THAT(labels(make_ruler({.scale = Scale::log10}, {1, 20}, 6)),
              ElementsAre("1", "2", "5", "10", "20"));
}

TEST(Ticks, OfAShortLogarithmicAxis_AreThereAllTheSame) {
  EXPECT_GE(make_ruler({.scale = Scale::log2}, {2.1, 3.9}, 5).ticks.size(), 2U);
  EXPECT_GE(make_ruler({.scale = Scale::log10}, {31, 34}, 5).ticks.size(), 2U);
}

TEST(Ticks, OfOneValue_HaveRoomAroundIt) {
  for (const Scale scale : {Scale::linear, Scale::log10, Scale::log2}) {
    const Ruler ruler = make_ruler({.scale = scale}, {7, 7}, 4);
    EXPECT_LT(ruler.low, 7);
    EXPECT_GT(ruler.high, 7);
    EXPECT_GE(ruler.ticks.size(), 2U);
  }
  EXPECT_LT(make_ruler({}, {0, 0}, 4).low, make_ruler({}, {0, 0}, 4).high);
}

TEST(Ticks, OfTheLeastAndLargestNumbers_EndAndAreFew) {
  for (const Range range : {Range{0, 5e-324}, {-1e100, 1e100}, {1e15, 1e15 + 2}, {1, 1 + 1e-15}, {0, 1e-99}})
    EXPECT_LE(make_ruler({}, range, 5).ticks.size(), 12U) << range.high;
}

TEST(Ticks, OfNumbersThatHaveNoDifference_EndAndAreFew) {
  for (const Scale scale : {Scale::linear, Scale::log2, Scale::log10}) {
    const Ruler ruler =
        make_ruler({.scale = scale}, {scale == Scale::linear ? -1.7e308 : 5e-324, 1.7e308}, 5);
    EXPECT_TRUE(std::isfinite(ruler.low) && std::isfinite(ruler.high));
    EXPECT_GE(ruler.ticks.size(), 2U);
    EXPECT_LE(ruler.ticks.size(), 12U);
    for (const Tick& tick : ruler.ticks) EXPECT_TRUE(std::isfinite(tick.value)) << tick.label;
  }
}

TEST(Ticks, GivenEndBeyondTheData_LeavesAnAxis) {
  EXPECT_GT(make_ruler({.min = 10}, {0, 5}, 4).high, 10);
  EXPECT_LT(make_ruler({.max = -10}, {0, 5}, 4).low, -10);
}

TEST(Ruler, Share_IsLinearOrLogarithmic) {
  EXPECT_DOUBLE_EQ((Ruler{.low = 10, .high = 20}.share(15)), 0.5);
  EXPECT_DOUBLE_EQ((Ruler{.scale = Scale::log10, .low = 1, .high = 100}.share(10)), 0.5);
  EXPECT_DOUBLE_EQ((Ruler{.scale = Scale::log2, .low = 1, .high = 16}.share(4)), 0.5);
}

TEST(NumberText, GroupsThousands) {
  EXPECT_EQ(number_text(1234567.5, 1), "1,234,567.5");
  EXPECT_EQ(number_text(-1234, 0), "-1,234");
  EXPECT_EQ(number_text(999, 0), "999");
  EXPECT_EQ(number_text(-0.0, 1), "0.0");
}

}  // namespace
}  // namespace pregate::plot
