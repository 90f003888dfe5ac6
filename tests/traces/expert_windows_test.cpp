// SPDX-License-Identifier: Apache-2.0
#include "traces/expert_windows.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/traces/random_run.hpp"
#include "tests/traces/trace_fixtures.hpp"
#include "traces/locality_pairs.hpp"

namespace pregate {
namespace {

constexpr ExpertMeasure kOfRuns[] = {ExpertMeasure::uses, ExpertMeasure::misses, ExpertMeasure::stall,
                                     ExpertMeasure::reloads, ExpertMeasure::bytes};

StepRange random_range(std::size_t steps, Random& random) {
  const std::size_t a = random.below(steps + 1), b = random.below(steps + 3);
  return {.first = std::min(a, b), .end = std::max(a, b)};
}

// Enough steps for several kept sums: a prompt and tokens, each with hundreds of amounts.
RouteTrace long_trace() {
  RouteTrace trace = fixtures::random_trace(3, 40);
  Random random(9);
  for (int i = 0; i < 30; ++i)
    trace.steps.push_back(fixtures::random_step(
        trace.header.model, i % 7 == 0 ? Phase::decode : Phase::prefill, 1000 * (i + 1), 1000, random));
  return trace;
}

TEST(ExpertWindows, OfATraceCountWhatOnePassOverTheStretchCounts) {
  const RouteTrace trace = long_trace();
  for (const Phases phases : {Phases::all, Phases::decode}) {
    for (const ExpertMeasure measure : {ExpertMeasure::uses, ExpertMeasure::weight}) {
      const auto windows = ExpertWindows::of(trace, measure, phases);
      ASSERT_TRUE(windows);
      ASSERT_EQ(windows->steps(), trace.steps.size());
      Random random(1);
      for (int i = 0; i < 200; ++i) {
        const StepRange range = random_range(trace.steps.size(), random);
        const ExpertMatrix quick = windows->count(range);
        const ExpertMatrix slow = *count_experts(trace, measure, phases, range);
        ASSERT_EQ(quick.values.size(), slow.values.size());
        for (std::size_t c = 0; c < slow.values.size(); ++c) {
          const double off = measure == ExpertMeasure::uses ? 0 : 1e-6;
          ASSERT_NEAR(quick.values[c], slow.values[c], off);
          ASSERT_EQ(quick.values[c] == 0, slow.values[c] == 0) << "no trace of rounding where nothing was";
        }
      }
    }
  }
}

TEST(ExpertWindows, OfARunCountWhatOnePassOverTheStretchCounts) {
  Random random(2);
  const RunRecord run = fixtures::random_run(11);
  for (const ExpertMeasure measure : kOfRuns) {
    for (const Phases phases : {Phases::all, Phases::decode}) {
      const auto windows = ExpertWindows::of(run, measure, phases);
      ASSERT_TRUE(windows);
      for (int i = 0; i < 50; ++i) {
        const StepRange range = random_range(run.steps.size(), random);
        EXPECT_EQ(windows->count(range).values, count_experts(run, measure, phases, range)->values);
      }
    }
  }
}

TEST(ExpertWindows, NeighbouringStretchesAddUpToTheWhole) {
  RunRecord run = fixtures::random_run(12);
  for (LoadRecord& load : run.loads) load.bytes = Bytes(7 * load.step + 1);  // their sums are exact
  for (const ExpertMeasure measure : kOfRuns) {
    const auto windows = ExpertWindows::of(run, measure, Phases::all);
    const double whole = count_experts(run, measure, Phases::all)->sum();
    double parts = 0, strip = 0;
    for (std::size_t step = 0; step < run.steps.size(); ++step) {
      parts += windows->count({.first = step, .end = step + 1}).sum();
      strip += windows->step_sums()[step];
    }
    EXPECT_EQ(parts, whole) << to_text(measure);
    EXPECT_EQ(strip, whole) << to_text(measure);
  }
}

TEST(ExpertWindows, RefuseWhatTheSourceDoesNotHave) {
  EXPECT_FALSE(ExpertWindows::of(long_trace(), ExpertMeasure::stall, Phases::all));
  EXPECT_FALSE(ExpertWindows::of(fixtures::random_run(1), ExpertMeasure::weight, Phases::all));
  EXPECT_FALSE(has_measure(long_trace(), ExpertMeasure::stall));
  EXPECT_TRUE(has_measure(fixtures::random_run(1), ExpertMeasure::stall));
}

TEST(UseOverlap, OfARowWithItselfIsWholeAndOfStrangersNothing) {
  ExpertMatrix m{.measure = ExpertMeasure::uses,
                 .unit = "lookups",
                 .layers = {LayerId(0), LayerId(1), LayerId(2), LayerId(3)},
                 .banks = std::vector(4, BankId(0)),
                 .experts = {4, 4, 4, 4},
                 .columns = 4,
                 .values = {3, 1, 0, 0, 0, 0, 5, 5, 1, 3, 0, 4, 0, 0, 0, 0}};
  const auto same = use_overlap(m, 0, 0, 2), apart = use_overlap(m, 0, 1, 2), some = use_overlap(m, 0, 2, 2);
  ASSERT_TRUE(same && apart && some);
  EXPECT_DOUBLE_EQ(same->common, 1);
  EXPECT_DOUBLE_EQ(same->jaccard, 1);
  EXPECT_DOUBLE_EQ(apart->common, 0);
  EXPECT_DOUBLE_EQ(apart->jaccard, 0);
  EXPECT_DOUBLE_EQ(some->common, 1.0 / 8 + 1.0 / 4) << "of 3/4 and 1/8, and of 1/4 and 3/8";
  EXPECT_DOUBLE_EQ(some->jaccard, 1.0 / 3) << "{0, 1} and {3, 1}";
  EXPECT_DOUBLE_EQ(some->jaccard_chance, 1.0 / 3) << "two of four have one in common";
  EXPECT_FALSE(use_overlap(m, 0, 3, 2)) << "a layer that used nothing";
}

TEST(MeasurePairs, OfAStretchIsThatOfATraceOfItsStepsAlone) {
  const RouteTrace whole = fixtures::random_trace(21, 60);
  RouteTrace part = whole;
  part.steps.assign(whole.steps.begin() + 10, whole.steps.begin() + 30);
  const LayerPairs a = measure_pairs(whole, {.first = 10, .end = 30}), b = measure_pairs(part);
  ASSERT_EQ(a.within.size(), b.within.size());
  ASSERT_FALSE(a.within.empty());
  for (std::size_t i = 0; i < a.within.size(); ++i) {
    EXPECT_EQ(a.within[i].tokens, 20);
    EXPECT_EQ(a.within[i].overlap, b.within[i].overlap);
    EXPECT_EQ(a.within[i].shuffled, b.within[i].shuffled);
  }
}

}  // namespace
}  // namespace pregate
