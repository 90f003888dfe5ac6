// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/compare_scene.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scene/random_life.hpp"

namespace pregate {
namespace {

using fixtures::random_life;
using fixtures::TimelineShape;
using testing::HasSubstr;
using Kind = Target::Kind;

struct Compared {
  RunRecord a, b;
  std::unique_ptr<RunPair> pair;

  Compared(RunRecord first, RunRecord second, AxisScale scale = AxisScale::longer)
      : a(std::move(first)), b(std::move(second)) {
    Result<std::unique_ptr<RunPair>> made = RunPair::build(a, b, scale);
    EXPECT_TRUE(made.ok()) << made.error().message();
    pair = std::move(*made);
  }
};

Compared two(std::uint64_t seed) {
  return {random_life(seed, {.prefills = 1, .decoded = 4 + static_cast<int>(seed % 5)}),
          random_life(seed + 100, {.prefills = 1, .decoded = 4 + static_cast<int>(seed / 2 % 5)})};
}

TEST(RunPair, SlicesKeepTheirOrderAndLengthOnTheAxis) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Compared runs = two(seed);
    for (const Side side : {Side::a, Side::b}) {
      const RunRecord& run = runs.pair->run(side);
      const auto stalls = runs.pair->stalls(side).slices();
      ASSERT_EQ(stalls.size(), run.stalls.size());
      for (std::size_t i = 0; i < stalls.size(); ++i) {
        EXPECT_EQ(stalls[i].row, i);
        EXPECT_EQ(stalls[i].width(), (run.stalls[i].end - run.stalls[i].begin).count_ps());
        EXPECT_EQ(runs.pair->axis().to_time(side, stalls[i].begin), run.stalls[i].begin.count_ps());
      }
      EXPECT_EQ(runs.pair->npu(side).slices().size(), run.operators.size() + run.management.size());
      EXPECT_EQ(runs.pair->steps(side).slices().size(), run.steps.size());
    }
  }
}

TEST(RunPair, DifferencesSumToThatOfTheRuns) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Compared runs = two(seed);
    const std::int64_t all = runs.pair->diff().all().sum.change().total().count_ps();
    EXPECT_EQ(runs.pair->by_step().before.back(), all);
    EXPECT_EQ(runs.pair->by_layer().before.back(), all);
  }
}

TEST(RunPair, OfARunWithItselfHasNoDifference) {
  const RunRecord run = random_life(5);
  const Compared runs(run, run);
  EXPECT_EQ(runs.pair->diff().all().sum.change(), TimeBins());
  for (const DifferenceRow* row : {&runs.pair->by_step(), &runs.pair->by_layer()})
    EXPECT_THAT(row->before, testing::Each(0));
  EXPECT_TRUE(runs.pair->changes().empty());
  EXPECT_TRUE(runs.pair->remarks().empty());
  CompareScene scene(*runs.pair);
  for (int closer = 0; closer < 12; ++closer) {
    for (const Mark& mark : scene.picture().marks) {
      EXPECT_NE(mark.ink, Ink::better);
      EXPECT_NE(mark.ink, Ink::worse);
    }
    scene.zoom_at(500, 0.5);
  }
}

TEST(RunPair, BuildsOnAsOwnScaleToo) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Compared runs(random_life(seed), random_life(seed + 50, {.prefills = 2, .decoded = 15}),
                        AxisScale::as_a);
    for (const Slice& slice : runs.pair->npu(Side::a).slices())
      EXPECT_GE(runs.pair->axis().to_time(Side::a, slice.begin), 0);
  }
}

TEST(RunPair, NamesTheRunThatDoesNotAddUp) {
  const RunRecord good = random_life(1);
  RunRecord bad = random_life(2);
  bad.stalls.pop_back();
  const auto made = RunPair::build(good, bad);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().file, "B");
  const auto other = RunPair::build(bad, good);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().file, "A");
}

TEST(RunPair, OfRunsWithoutStepsHasNothingToShow) {
  const Compared runs{RunRecord(), RunRecord()};
  CompareScene scene(*runs.pair);
  scene.resize(300, 200);
  scene.zoom_at(200, 0.5);
  EXPECT_GT(scene.picture().marks.size(), 0U);
  EXPECT_FALSE(scene.view().empty());
}

class CompareSceneTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  CompareSceneTest() { scene_.resize(1200, 420); }

  Compared runs_ = two(GetParam());
  CompareScene scene_{*runs_.pair};
};

TEST_P(CompareSceneTest, EverythingDrawnCanBeHitAndNamed) {
  for (const bool overlaid : {false, true}) {
    scene_.set_overlaid(overlaid);
    scene_.fit();
    for (int closer = 0; closer < 8; ++closer) {
      const Picture picture = scene_.picture();
      int hits = 0;
      for (const Mark& mark : picture.marks) {
        EXPECT_GE(mark.x, 0);
        EXPECT_LE(mark.x + mark.w, 1200.5F) << picture.text_of(mark);
        EXPECT_LE(mark.y + mark.h, 420) << picture.text_of(mark);
        if (mark.target.kind == Kind::none) continue;
        const Mark* hit = picture.hit(mark.x + mark.w / 2, mark.y + 1);
        ASSERT_NE(hit, nullptr);
        EXPECT_FALSE(scene_.describe(hit->target).empty());
        EXPECT_TRUE(scene_.place_of(hit->target).has_value());
        ++hits;
      }
      EXPECT_GT(hits, 3);
      scene_.zoom_at(700, 0.5);
    }
  }
}

TEST_P(CompareSceneTest, WhatStandsSideBySideIsTheSameTokenAndLayer) {
  const Alignment& axis = runs_.pair->axis();
  for (std::size_t i = 0; i < axis.intervals().size(); ++i) {
    const RunPair::Place place = runs_.pair->place_of(i);
    if (place.step == nullptr || !place.step->a || !place.step->b) continue;
    EXPECT_EQ(place.step->first_interval + place.layer, i);
    const RunNames &a = runs_.pair->names(Side::a), &b = runs_.pair->names(Side::b);
    EXPECT_EQ(a.step(*place.step->a), b.step(*place.step->b));
  }
}

TEST_P(CompareSceneTest, ZoomKeepsThePlaceUnderTheCursor) {
  for (const double x : {150.0, 600.0, 1190.0}) {
    scene_.fit();
    for (int i = 0; i < 10; ++i) {
      const std::int64_t before = scene_.axis_at(x);
      scene_.zoom_at(x, 0.7);
      EXPECT_NEAR(scene_.x_of(before), x, 0.01);
    }
  }
}

TEST_P(CompareSceneTest, TheViewStaysInside) {
  Random random(GetParam());
  for (int i = 0; i < 300; ++i) {
    switch (random.below(3)) {
      case 0:
        scene_.zoom_at(static_cast<double>(random.below(1300)), 0.3 + random.unit() * 2);
        break;
      case 1:
        scene_.pan(static_cast<double>(random.below(3000)) - 1500);
        break;
      default:
        scene_.zoom_to({static_cast<std::int64_t>(random.below(1'000'000'000)) - 1000,
                        static_cast<std::int64_t>(random.below(100'000'000'000))});
    }
    EXPECT_GE(scene_.view().first, 0);
    EXPECT_LE(scene_.view().last, runs_.pair->axis().span().last);
    EXPECT_FALSE(scene_.view().empty());
  }
  scene_.fit();
  EXPECT_EQ(scene_.view(), runs_.pair->axis().span());
}

TEST_P(CompareSceneTest, TheDifferenceOfATokenIsToldAndDrawn) {
  const Picture picture = scene_.picture();
  for (const Mark& mark : picture.marks) {
    if (mark.target.kind != Kind::step_pair || mark.alpha == 0 || mark.merged != 1) continue;
    const StepDiff& step = runs_.pair->diff().steps()[mark.target.row];
    const Duration change = step.sum.change().total();
    EXPECT_EQ(mark.ink, change > Duration() ? Ink::worse : Ink::better);
    const std::string sign = change > Duration() ? "+" : "-";
    EXPECT_THAT(scene_.describe(mark.target), HasSubstr(": " + sign));
  }
}

TEST_P(CompareSceneTest, LinksGoToTheTimelineOfA) {
  for (const Mark& mark : scene_.picture().marks) {
    if (mark.target.kind == Kind::none) continue;
    const Target in_a = scene_.in_a(mark.target);
    if (mark.target.track == 0 && mark.target.kind != Kind::step_pair && mark.target.kind != Kind::cell) {
      EXPECT_EQ(in_a, mark.target);
    } else if (in_a.kind != Kind::none) {
      ASSERT_EQ(in_a.kind, Kind::step);
      EXPECT_LT(in_a.row, runs_.a.steps.size());
    }
  }
}

TEST_P(CompareSceneTest, RevealBringsItIntoView) {
  for (std::size_t row = 0; row < runs_.a.stalls.size(); row += 7) {
    const Target target{.kind = Kind::stall, .row = row};
    ASSERT_TRUE(scene_.reveal(target));
    const std::optional<TimeSpan> place = scene_.place_of(target);
    EXPECT_GE(place->first, scene_.view().first);
    EXPECT_LE(place->last, scene_.view().last);
  }
  EXPECT_FALSE(scene_.reveal({.kind = Kind::stall, .row = runs_.a.stalls.size()}));
  EXPECT_FALSE(scene_.reveal({.kind = Kind::load, .row = 0}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, CompareSceneTest, testing::Range<std::uint64_t>(1, 7));

TEST(CompareScene, CostsByPixelsAndNotBySlices) {
  const Compared runs(random_life(1, {.prefills = 1, .decoded = 300}),
                      random_life(2, {.prefills = 1, .decoded = 300}));
  CompareScene scene(*runs.pair);
  scene.resize(400, 300);
  ASSERT_GT(runs.pair->npu(Side::a).slices().size(), 3000U);
  // At most a mark a column and row, and its hidden one for the difference.
  EXPECT_LT(scene.picture().marks.size(), 400U * 8 + 100);
}

}  // namespace
}  // namespace pregate
