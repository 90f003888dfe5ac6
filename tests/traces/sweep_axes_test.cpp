// SPDX-License-Identifier: Apache-2.0
// Which scenarios the axes of a sweep make.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "traces/sweep_axes.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Axis axis_of(std::string_view text) {
  const Result<Axis> axis = parse_axis(text);
  EXPECT_TRUE(axis) << (axis ? "" : axis.error().message());
  return axis ? *axis : Axis{};
}

std::vector<std::string> texts_of(const std::vector<Quantity>& values) {
  std::vector<std::string> texts;
  for (const Quantity& value : values) texts.push_back(value.text());
  return texts;
}

std::vector<std::string> values_of(std::string_view text) {
  return texts_of(axis_of(text).values);
}

std::string error_of(std::string_view text) {
  const Result<Axis> axis = parse_axis(text);
  return axis ? "no error" : axis.error().message();
}

SweepPoints points_of(const std::vector<std::string>& texts, const CombineOptions& options = {}) {
  std::vector<Axis> axes;
  for (const std::string& text : texts) axes.push_back(axis_of(text));
  Result<SweepPoints> points = SweepPoints::combine(axes, options);
  EXPECT_TRUE(points) << (points ? "" : points.error().message());
  return *points;
}

std::string combine_error(const std::vector<std::string>& texts, const CombineOptions& options = {}) {
  std::vector<Axis> axes;
  for (const std::string& text : texts) axes.push_back(axis_of(text));
  const Result<SweepPoints> points = SweepPoints::combine(axes, options);
  return points ? "no error" : points.error().message();
}

TEST(SweepAxes, List_StaysInItsOrder) {
  EXPECT_THAT(values_of("policy.eviction=lru,belady,fifo"), ElementsAre("lru", "belady", "fifo"));
  EXPECT_THAT(values_of("dram.expert_budget= 2GiB , 1GiB"), ElementsAre("2GiB", "1GiB"));
  EXPECT_THAT(values_of("runtime.overlap=true"), ElementsAre("true"));
}

TEST(SweepAxes, LinearRange_HasBothEnds_AndEqualSteps) {
  EXPECT_THAT(values_of("policy.lookahead=1..4:4"), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(values_of("dram.expert_budget=1GiB..3GiB:5"),
              ElementsAre("1GiB", "1536MiB", "2GiB", "2560MiB", "3GiB"));
  EXPECT_THAT(values_of("device.flash.read_bandwidth=1GB/s..2GB/s:3"),
              ElementsAre("1GB/s", "1.5GB/s", "2GB/s"));
  EXPECT_THAT(values_of("device.flash.derate=0.1..0.5:5"), ElementsAre("0.1", "0.2", "0.3", "0.4", "0.5"));
}

TEST(SweepAxes, LogarithmicRange_HasEqualFactors) {
  EXPECT_THAT(values_of("dram.expert_budget=256MiB..4GiB:5:log"),
              ElementsAre("256MiB", "512MiB", "1GiB", "2GiB", "4GiB"));
  EXPECT_THAT(values_of("device.flash.derate=0.001..1:4:log"), ElementsAre("0.001", "0.01", "0.1", "1"));
}

TEST(SweepAxes, RangeOfWholeNumbers_StaysWhole) {
  for (const std::string& text : values_of("policy.lookahead=1..10:4"))
    EXPECT_EQ(text.find('.'), std::string::npos) << text;
}

// Differences and quotients of these ends are beyond a double.
TEST(SweepAxes, VeryFarEnds_GiveFiniteValuesInOrder) {
  for (const char* text : {"device.flash.derate=1e-300..1e300:5:log", "device.flash.derate=-1e308..1e308:5",
                           "device.flash.derate=0..1e-320:3", "device.flash.derate=1e-320..1e-300:4:log",
                           "dram.expert_budget=1B..9223372036854775799B:7:log",
                           "dram.expert_budget=1B..9223372036854775799B:7"}) {
    const Axis axis = axis_of(text);
    EXPECT_TRUE(std::is_sorted(axis.values.begin(), axis.values.end())) << text;
    for (const Quantity& value : axis.values) EXPECT_TRUE(std::isfinite(value.value())) << text;
  }
}

TEST(SweepAxes, BadAxis_IsNamed) {
  EXPECT_THAT(error_of("dram.expert_budget"), HasSubstr("expected PATH=VALUES"));
  EXPECT_THAT(error_of("=1"), HasSubstr("expected PATH=VALUES"));
  EXPECT_THAT(error_of("dram.expert_bugdet=1GiB"), HasSubstr("expert_budget"));
  EXPECT_THAT(error_of("dram.expert_budget="), HasSubstr("expected at least one value"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB,,2GiB"), HasSubstr("a value between the commas"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB,1024MiB"), HasSubstr("each value once"));
  EXPECT_THAT(error_of("device.dram.latency=0s,0"), HasSubstr("found \"0\" a second time"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB,1073741824"), HasSubstr("each value once"));
  EXPECT_THAT(error_of("dram.expert_budget=2GiB..1GiB:4"), HasSubstr("an empty one"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB..1GiB:4"), HasSubstr("an empty one"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB..2GB/s:4"), HasSubstr("two numbers of one unit"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB..:4"), HasSubstr("two numbers of one unit"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB..2GiB:1"), HasSubstr("a count of values from 2"));
  EXPECT_THAT(error_of("dram.expert_budget=1GiB..2GiB:4:cubic"), HasSubstr("LO..HI:N:log"));
  EXPECT_THAT(error_of("device.flash.derate=0..1:4:log"), HasSubstr("begins above zero"));
  EXPECT_THAT(error_of("policy.lookahead=1..3:9"), HasSubstr("room for 9 different values"));
}

TEST(SweepPoints, Grid_IsEachWithEach_TheFirstAxisSlowest) {
  const SweepPoints points = points_of({"policy.lookahead=1,2", "policy.prefetch=none,oracle,pregate"});
  ASSERT_EQ(points.size(), 6U);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < points.size(); ++i)
    texts.push_back(points.at(i)[0].text() + points.at(i)[1].text());
  EXPECT_THAT(texts, ElementsAre("1none", "1oracle", "1pregate", "2none", "2oracle", "2pregate"));
}

TEST(SweepPoints, Zip_TakesTheValuesTogether) {
  const SweepPoints points =
      points_of({"policy.lookahead=1,2", "policy.prefetch=none,oracle"}, {.how = Combination::zip});
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points.at(1)[0].text() + points.at(1)[1].text(), "2oracle");
}

// The part of n equal ones in which a value lies.
std::int64_t part_of(const Quantity& value, const AxisRange& range, std::int64_t n) {
  double share = (value.value() - range.low.value()) / (range.high.value() - range.low.value());
  if (range.logarithmic)
    share = std::log(value.value() / range.low.value()) / std::log(range.high.value() / range.low.value());
  return std::min(n - 1, static_cast<std::int64_t>(std::floor(share * static_cast<double>(n) + 1e-9)));
}

// McKay, Beckman and Conover: of n points, each axis has exactly one in each n-th.
TEST(SweepPoints, Sample_HasOnePointInEachPartOfEachAxis) {
  const std::vector<std::string> texts = {
      "dram.expert_budget=256MiB..4GiB", "device.flash.read_bandwidth=1GB/s..6GB/s:log",
      "device.flash.derate=0.1..1", "workload.synthetic.decode_tokens=100..9000"};
  for (const std::int64_t n : {1, 2, 7, 100, 1000}) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      const SweepPoints points = points_of(texts, {.how = Combination::sample, .samples = n, .seed = seed});
      ASSERT_EQ(points.size(), static_cast<std::size_t>(n));
      for (std::size_t a = 0; a < texts.size(); ++a) {
        std::set<std::int64_t> parts;
        for (std::size_t i = 0; i < points.size(); ++i)
          parts.insert(part_of(points.at(i)[a], *points.axes()[a].range, n));
        EXPECT_EQ(parts.size(), static_cast<std::size_t>(n)) << texts[a] << ", seed " << seed;
        EXPECT_GE(*parts.begin(), 0);
      }
    }
  }
}

// The next TiB above the range is above every count.
TEST(SweepPoints, SampleNearTheLargestCount_StaysInTheRange) {
  const std::string text = "dram.expert_budget=9223362141250125824B..9223372036854774784B";
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const SweepPoints points = points_of({text}, {.how = Combination::sample, .samples = 1, .seed = seed});
    const AxisRange& range = *points.axes()[0].range;
    EXPECT_FALSE(points.at(0)[0] < range.low || range.high < points.at(0)[0]) << points.at(0)[0].text();
  }
}

TEST(SweepPoints, Sample_SharesAListEqually) {
  const SweepPoints points = points_of({"policy.prefetch=none,pregate,oracle"},
                                       {.how = Combination::sample, .samples = 9, .seed = 5});
  std::multiset<std::string> seen;
  for (std::size_t i = 0; i < points.size(); ++i) seen.insert(points.at(i)[0].text());
  for (const char* text : {"none", "pregate", "oracle"}) EXPECT_EQ(seen.count(text), 3U);
}

TEST(SweepPoints, Sample_IsTheSameForTheSameSeedAlone) {
  const auto drawn = [](std::uint64_t seed) {
    const SweepPoints points = points_of({"dram.expert_budget=1GiB..4GiB", "device.flash.derate=0.1..1"},
                                         {.how = Combination::sample, .samples = 20, .seed = seed});
    std::string text;
    for (std::size_t i = 0; i < points.size(); ++i)
      text += points.at(i)[0].text() + " " + points.at(i)[1].text() + "\n";
    return text;
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(SweepPoints, BadCombination_IsNamed) {
  EXPECT_THAT(combine_error({}), HasSubstr("at least one axis"));
  EXPECT_THAT(combine_error({"policy.lookahead=1,2", "policy.lookahead=3"}), HasSubstr("on two"));
  EXPECT_THAT(combine_error({"policy.lookahead=1,2", "policy.prefetch=none"}, {.how = Combination::zip}),
              HasSubstr("as many values as policy.lookahead has, 2, to zip them, found 1"));
  EXPECT_THAT(combine_error({"dram.expert_budget=1GiB..2GiB"}), HasSubstr("a count of values behind"));
  EXPECT_THAT(combine_error({"policy.lookahead=1,2"}, {.how = Combination::sample, .samples = 0}),
              HasSubstr("from 1 to"));
  const std::string many = "dram.expert_budget=1MiB..9GiB:4000";
  EXPECT_THAT(combine_error({many, "device.flash.derate=0.1..1:4000"}), HasSubstr("found more"));
}

}  // namespace
}  // namespace pregate
