// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/alignment.hpp"

#include <gtest/gtest.h>

#include "tests/traces/random_timeline.hpp"
#include "traces/run_diff.hpp"

namespace pregate {
namespace {

using fixtures::random_timeline;
using fixtures::TimelineShape;

std::int64_t end_of(const RunRecord& run) {
  return run.steps.empty() ? 0 : run.steps.back().end.count_ps();
}

struct Pair {
  RunRecord a, b;
};

// Runs of different lengths, numbers of prompts and layers.
Pair pair_of(std::uint64_t seed) {
  Random random(seed);
  const auto shape = [&random] {
    return TimelineShape{.prefills = static_cast<int>(random.below(3)),
                         .decoded = static_cast<int>(random.below(8)),
                         .layers = 3 + random.below(3)};
  };
  const TimelineShape a = shape(), b = shape();
  return {random_timeline(seed * 2, a), random_timeline(seed * 2 + 1, b)};
}

TEST(Alignment, OfARunWithItselfIsItsOwnTime) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const RunRecord run = random_timeline(seed);
    for (const AxisScale scale : {AxisScale::longer, AxisScale::as_a}) {
      const Alignment axis = Alignment::build(run, run, scale);
      EXPECT_EQ(axis.span(), (TimeSpan{0, end_of(run)}));
      Random random(seed);
      for (int i = 0; i < 500; ++i) {
        const auto t = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(end_of(run)) + 1));
        for (const Side side : {Side::a, Side::b}) {
          ASSERT_EQ(axis.from_time(side, t), t);
          ASSERT_EQ(axis.from_time(side, t, true), t);
          ASSERT_EQ(axis.to_time(side, t), t);
        }
      }
    }
  }
}

TEST(Alignment, WaysNeverGoBack) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Pair runs = pair_of(seed);
    for (const AxisScale scale : {AxisScale::longer, AxisScale::as_a}) {
      const Alignment axis = Alignment::build(runs.a, runs.b, scale);
      for (const Side side : {Side::a, Side::b}) {
        const std::int64_t end = end_of(side == Side::a ? runs.a : runs.b);
        std::int64_t before = 0, before_end = 0;
        for (int i = 0; i <= 1000; ++i) {
          const std::int64_t t = end / 1000 * i;
          const std::int64_t place = axis.from_time(side, t), place_end = axis.from_time(side, t, true);
          ASSERT_GE(place, before);
          ASSERT_GE(place_end, before_end);
          ASSERT_LE(place_end, place);
          before = place;
          before_end = place_end;
        }
        ASSERT_LE(before, axis.span().last);
        before = 0;
        for (int i = 0; i <= 1000; ++i) {
          const std::int64_t time = axis.to_time(side, axis.span().last / 1000 * i);
          ASSERT_GE(time, before);
          before = time;
        }
        EXPECT_EQ(axis.to_time(side, axis.span().last), end);
      }
    }
  }
}

TEST(Alignment, ThereAndBackIsTheSameTime) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Pair runs = pair_of(seed);
    const Alignment axis = Alignment::build(runs.a, runs.b);
    const Alignment own = Alignment::build(runs.a, runs.b, AxisScale::as_a);
    Random random(seed);
    for (const Side side : {Side::a, Side::b}) {
      const std::int64_t end = end_of(side == Side::a ? runs.a : runs.b);
      for (int i = 0; i < 500; ++i) {
        const auto t = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(end) + 1));
        ASSERT_EQ(axis.to_time(side, axis.from_time(side, t)), t);
        if (side == Side::a) {
          ASSERT_EQ(own.to_time(side, own.from_time(side, t)), t);
        }
      }
    }
  }
}

TEST(Alignment, EachIntervalIsTheLongerOfTheTwoAndTheBinsOfTheDifference) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Pair runs = pair_of(seed);
    const Alignment axis = Alignment::build(runs.a, runs.b);
    const Result<BinnedRun> a = bin_run(runs.a), b = bin_run(runs.b);
    ASSERT_TRUE(a.ok() && b.ok());
    std::int64_t total = 0;
    for (std::size_t i = 0; i < axis.intervals().size(); ++i) {
      const auto& duration = axis.intervals()[i].duration;
      EXPECT_EQ(axis.width(i), std::max(duration[0], duration[1]));
      total += axis.width(i);
    }
    EXPECT_EQ(total, axis.span().last);
    for (const AlignedStep& step : axis.steps()) {
      for (std::size_t column = 0; column <= axis.layers(); ++column) {
        const auto& duration = axis.intervals()[step.first_interval + column].duration;
        const auto side = [column, &axis](const BinnedRun& run, std::int32_t row) {
          const auto number = static_cast<std::size_t>(row);
          return (column == axis.layers() ? run.head(number) : run.at(number, column)).bins.total();
        };
        EXPECT_EQ(Duration::ps(duration[0]), step.a ? side(*a, *step.a) : Duration());
        EXPECT_EQ(Duration::ps(duration[1]), step.b ? side(*b, *step.b) : Duration());
      }
    }
  }
}

TEST(Alignment, HasEachStepOnceAndPairsThoseOfOneNumber) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Pair runs = pair_of(seed);
    const Alignment axis = Alignment::build(runs.a, runs.b);
    std::int32_t next_a = 0, next_b = 0;
    std::int64_t paired = 0;
    for (const AlignedStep& step : axis.steps()) {
      if (step.a) {
        EXPECT_EQ(*step.a, next_a++);
      }
      if (step.b) {
        EXPECT_EQ(*step.b, next_b++);
      }
      if (!step.a || !step.b) continue;
      ++paired;
      EXPECT_EQ(runs.a.steps[static_cast<std::size_t>(*step.a)].phase,
                runs.b.steps[static_cast<std::size_t>(*step.b)].phase);
    }
    EXPECT_EQ(next_a, static_cast<std::int32_t>(runs.a.steps.size()));
    EXPECT_EQ(next_b, static_cast<std::int32_t>(runs.b.steps.size()));
    // These runs have all prompts first: no pair is lost to the order.
    std::int64_t expected = 0;
    for (const Phase phase : {Phase::prefill, Phase::decode}) {
      const auto count = [phase](const RunRecord& run) {
        return std::count_if(run.steps.begin(), run.steps.end(),
                             [phase](const StepRecord& s) { return s.phase == phase; });
      };
      expected += std::min(count(runs.a), count(runs.b));
    }
    EXPECT_EQ(paired, expected);
  }
}

TEST(Alignment, AStepOfOneRunIsAGapOfTheOther) {
  const RunRecord a = random_timeline(1, {.prefills = 1, .decoded = 4});
  const RunRecord b = random_timeline(2, {.prefills = 1, .decoded = 2});
  const Alignment axis = Alignment::build(a, b);
  const AlignedStep& last = axis.steps().back();
  ASSERT_TRUE(last.a && !last.b);
  EXPECT_EQ(last.axis.length(), (a.steps.back().end - a.steps.back().begin).count_ps());
  EXPECT_EQ(axis.to_time(Side::b, last.axis.first + last.axis.length() / 2), end_of(b));
}

TEST(Alignment, StepsInAnotherOrderStandAloneAndNothingGoesBack) {
  RunRecord a = random_timeline(3, {.prefills = 0, .decoded = 6});
  RunRecord b = random_timeline(4, {.prefills = 0, .decoded = 6});
  a.steps[1].phase = Phase::prefill;
  b.steps[4].phase = Phase::prefill;
  const Alignment axis = Alignment::build(a, b);
  std::int32_t next_a = 0, next_b = 0;
  for (const AlignedStep& step : axis.steps()) {
    if (step.a) {
      EXPECT_EQ(*step.a, next_a++);
    }
    if (step.b) {
      EXPECT_EQ(*step.b, next_b++);
    }
  }
  EXPECT_EQ(next_a, 6);
  EXPECT_EQ(next_b, 6);
}

TEST(Alignment, OfEmptyRunsIsEmpty) {
  const RunRecord none;
  const Alignment axis = Alignment::build(none, none);
  EXPECT_EQ(axis.span(), (TimeSpan{0, 0}));
  EXPECT_EQ(axis.from_time(Side::a, 5), 0);
  EXPECT_EQ(axis.to_time(Side::b, 5), 0);
}

}  // namespace
}  // namespace pregate
