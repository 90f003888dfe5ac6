// SPDX-License-Identifier: Apache-2.0
#include "traces/run_diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/random_run.hpp"
#include "tests/traces/random_timeline.hpp"
#include "traces/scenario_changes.hpp"

namespace pregate {
namespace {

using fixtures::random_timeline;
using fixtures::TimelineShape;
using testing::HasSubstr;

// Two runs and their difference, which refers to them.
struct Compared {
  RunRecord run_a, run_b;
  Result<BinnedRun> a, b;
  RunDiff diff;

  Compared(RunRecord first, RunRecord second)
      : run_a(std::move(first)),
        run_b(std::move(second)),
        a(bin_run(run_a)),
        b(bin_run(run_b)),
        diff(diff_runs(*a, *b)) {}
};

const PhaseDiff& phase_of(const RunDiff& diff, int phase) {
  return phase == 0 ? diff.all() : diff.of(phase == 1 ? Phase::prefill : Phase::decode);
}

// Every sum that there is, against every other that must agree with it.
void expect_exact_sums(const Compared& c) {
  TimeBins steps, cells;
  Duration dropped, added;
  for (const StepDiff& step : c.diff.steps()) {
    TimeBins row = c.diff.head(step).change();
    for (std::size_t l = 0; l < c.diff.layers(); ++l) row += c.diff.at(step, l).change();
    EXPECT_EQ(row, step.sum.change());
    if (step.a) {
      const StepRecord& record = c.run_a.steps[static_cast<std::size_t>(*step.a)];
      EXPECT_EQ(step.sum.a.bins.total(), record.end - record.begin);
    }
    if (!step.in_both()) {
      dropped += step.sum.a.bins.total();
      added += step.sum.b.bins.total();
      continue;
    }
    steps += step.sum.change();
    cells += row;
  }
  const Waterfall all = c.diff.all().waterfall();
  EXPECT_EQ(all.change, steps);
  EXPECT_EQ(all.change, cells);
  EXPECT_EQ(all.dropped, dropped);
  EXPECT_EQ(all.added, added);
  for (int phase = 0; phase < 3; ++phase) {
    const PhaseDiff& p = phase_of(c.diff, phase);
    TimeBins rows = p.head.change();
    for (const RowDiff& layer : p.layers) rows += layer.change();
    EXPECT_EQ(rows, p.waterfall().change);
  }
  EXPECT_EQ(all.from, c.run_a.summary.all.makespan);
  EXPECT_EQ(all.to, c.run_b.summary.all.makespan);
  EXPECT_EQ(c.diff.of(Phase::decode).waterfall().from, c.run_a.summary.decode.makespan);
  EXPECT_EQ(c.diff.of(Phase::decode).waterfall().to, c.run_b.summary.decode.makespan);
}

TEST(RunDiff, OfARunWithItself_IsZeroInEveryBin) {
  const Compared c(random_timeline(1), random_timeline(1));
  ASSERT_EQ(c.diff.steps().size(), 7U);
  for (const StepDiff& step : c.diff.steps()) {
    for (std::size_t l = 0; l < c.diff.layers(); ++l) EXPECT_EQ(c.diff.at(step, l).change(), TimeBins());
    EXPECT_EQ(c.diff.head(step).change(), TimeBins());
    EXPECT_TRUE(step.in_both());
  }
  EXPECT_EQ(c.diff.all().sum.rerouted, 0);
  EXPECT_EQ(c.diff.all().sum.events, 7 * 4) << "of each step, the four layers with experts";
  EXPECT_EQ(c.diff.all().sum.a, c.diff.all().sum.b);
  EXPECT_GT(c.diff.all().sum.a.bins.stall(), Duration());
  expect_exact_sums(c);
}

TEST(RunDiff, OneStallThatIsGone_IsTheWholeDifference) {
  RunRecord a = random_timeline(2, {.prefills = 0, .decoded = 1});
  RunRecord b = a;
  const StallRecord gone = b.stalls.back();
  const Duration length = gone.end - gone.begin;
  const auto earlier = [length](SimTime t) { return SimTime::at_ps((t - SimTime() - length).count_ps()); };
  b.stalls.pop_back();
  for (auto& row : b.operators) {
    if (row.begin >= gone.end) row.begin = earlier(row.begin), row.end = earlier(row.end);
  }
  for (auto& row : b.management) {
    if (row.begin >= gone.end) row.begin = earlier(row.begin), row.end = earlier(row.end);
  }
  b.steps[0].end = earlier(b.steps[0].end);
  b.summary.decode.makespan -= length;
  b.summary.all.makespan -= length;
  const Compared c(a, b);
  TimeBins expected;
  expected[bin_of(gone.cause)] = Duration() - length;
  EXPECT_EQ(c.diff.all().sum.change(), expected);
  EXPECT_EQ(c.diff.at(c.diff.steps()[0], gone.layer.value()).change(), expected);
  EXPECT_EQ(main_cause(expected), bin_of(gone.cause));
  EXPECT_EQ(c.diff.all().sum.rerouted, 0);
}

TEST(RunDiff, SumsExactly_WhateverTheRuns) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const auto shape = [&random] {
      return TimelineShape{.prefills = static_cast<int>(random.below(3)),
                           .decoded = static_cast<int>(random.below(9)),
                           .layers = 2 + random.below(4)};
    };
    const TimelineShape first = shape(), second = shape();
    SCOPED_TRACE(seed);
    expect_exact_sums(Compared(random_timeline(2 * seed, first), random_timeline(2 * seed + 1, second)));
  }
}

TEST(RunDiff, TheOtherWayRound_IsTheNegative) {
  const RunRecord a = random_timeline(3, {.prefills = 2, .decoded = 9, .layers = 5});
  const RunRecord b = random_timeline(4, {.prefills = 1, .decoded = 7, .layers = 4});
  const Compared there(a, b), back(b, a);
  for (int phase = 0; phase < 3; ++phase) {
    const PhaseDiff &x = phase_of(there.diff, phase), &y = phase_of(back.diff, phase);
    EXPECT_EQ(x.sum.change(), TimeBins() - y.sum.change());
    EXPECT_EQ(x.only_in_a, y.only_in_b);
    EXPECT_EQ(x.steps_only_in_a, y.steps_only_in_b);
    EXPECT_EQ(x.sum.rerouted, y.sum.rerouted);
    EXPECT_EQ(x.sum.events, y.sum.events);
    for (std::size_t l = 0; l < x.layers.size(); ++l)
      EXPECT_EQ(x.layers[l].change(), TimeBins() - y.layers[l].change());
    EXPECT_EQ(x.head.change(), TimeBins() - y.head.change());
  }
}

TEST(RunDiff, StepsAreAlignedWithinTheirPhase_AndTheRestIsAPartOfItsOwn) {
  const Compared c(random_timeline(5, {.prefills = 2, .decoded = 3}),
                   random_timeline(6, {.prefills = 1, .decoded = 5}));
  const PhaseDiff &prefill = c.diff.of(Phase::prefill), &decode = c.diff.of(Phase::decode);
  EXPECT_EQ(prefill.steps_in_both, 1);
  EXPECT_EQ(prefill.steps_only_in_a, 1);
  EXPECT_EQ(decode.steps_in_both, 3);
  EXPECT_EQ(decode.tokens_a, 3);
  EXPECT_EQ(decode.tokens_b, 3);
  EXPECT_TRUE(decode.same_tokens());
  EXPECT_EQ(decode.steps_only_in_b, 2);
  EXPECT_EQ(decode.only_in_a, Duration());
  EXPECT_EQ(decode.only_in_b, c.run_b.steps[5].end - c.run_b.steps[4].begin);
  ASSERT_EQ(c.diff.steps().size(), 7U);
  EXPECT_EQ(*c.diff.steps()[2].a, 2);
  EXPECT_EQ(*c.diff.steps()[2].b, 1) << "A's first decoded token is its third step, B's its second";
  EXPECT_EQ(c.diff.steps()[6].index, 4);
  EXPECT_FALSE(c.diff.steps()[6].a.has_value());
}

TEST(RunDiff, LayersThatOneModelLacks_CountInFull) {
  const Compared c(random_timeline(7, {.layers = 5}), random_timeline(8, {.layers = 3}));
  ASSERT_EQ(c.diff.layers(), 5U);
  const RowDiff& last = c.diff.all().layers[4];
  EXPECT_EQ(last.b, RunSide());
  EXPECT_EQ(last.change(), TimeBins() - last.a.bins);
  EXPECT_EQ(last.events, 0);
  EXPECT_GT(c.diff.all().head.b.bins.total(), Duration()) << "heads stand against each other";
  expect_exact_sums(c);
}

TEST(RunDiff, AnEventWithOtherExperts_IsCounted_AndAnotherOrderIsNone) {
  const RunRecord a = random_timeline(9);
  RunRecord b = a;
  std::swap(b.lookups[0].expert, b.lookups[1].expert);
  EXPECT_EQ(Compared(a, b).diff.all().sum.rerouted, 0);
  const ExpertTable table(b.model);
  b.lookups.back().expert = table.id(BankId(1), 15);
  const Compared c(a, b);
  EXPECT_EQ(c.diff.all().sum.rerouted, 1);
  EXPECT_EQ(c.diff.of(Phase::decode).layers[4].rerouted, 1);
  EXPECT_EQ(c.diff.all().sum.change(), TimeBins()) << "time is another matter";
}

TEST(RunDiff, ARunWhoseSlicesDoNotFillItsSteps_IsRefused) {
  const RunRecord good = random_timeline(10);
  const auto refused = [](const RunRecord& run) {
    const Result<BinnedRun> binned = bin_run(run);
    return binned ? std::string("taken") : binned.error().message();
  };
  EXPECT_EQ(refused(good), "taken");
  RunRecord run = good;
  run.operators.pop_back();
  EXPECT_THAT(refused(run), HasSubstr("step 6: expected operators, management and stalls of"));
  run = good;
  run.stalls.push_back(run.stalls.back());
  EXPECT_THAT(refused(run), HasSubstr("found more"));
  run = good;
  run.operators[3].alone = run.operators[3].end - run.operators[3].begin + Duration::ps(1);
  EXPECT_THAT(refused(run), HasSubstr("operator 3: expected no more time alone"));
  run = good;
  run.stalls[0].step = 2;
  EXPECT_THAT(refused(run), HasSubstr("stall 0: expected a slice of a layer within its step"));
  run = good;
  run.summary.decode.makespan += Duration::ps(1);
  EXPECT_THAT(refused(run), HasSubstr("summary: expected a decode makespan of"));
  run = good;
  std::swap(run.steps[1], run.steps[2]);
  EXPECT_THAT(refused(run), HasSubstr("step 2: expected a step that begins when"));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_NE(refused(fixtures::random_run(seed)), "taken") << "random in every field";
  }
}

TEST(ScenarioChanges, AreTheFieldsThatDiffer_ByPath) {
  const auto changes = scenario_changes("name: \"x\" runtime { io_lanes: 4 overlap: true }",
                                        "name: \"x\" runtime { io_lanes: 2 overlap: true } policy { "
                                        "prefetch: \"pregate\" stale_gate_accuracy: 0.25 }");
  ASSERT_TRUE(changes) << changes.error().message();
  EXPECT_THAT(*changes, testing::ElementsAre(
                            ScenarioChange{.path = "runtime.io_lanes", .a = "4", .b = "2"},
                            ScenarioChange{.path = "policy.prefetch", .a = "", .b = "pregate"},
                            ScenarioChange{.path = "policy.stale_gate_accuracy", .a = "", .b = "0.25"}));
  const auto none = scenario_changes("sim { seed: 3 }", "sim { seed: 3 }");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const auto broken = scenario_changes("", "love: 3");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message(), HasSubstr("scenario of B"));
}

}  // namespace
}  // namespace pregate
