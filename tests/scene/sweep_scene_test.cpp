// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/sweep_scene.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/scene/sweep_documents.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

using fixtures::sweep_document_of;
using fixtures::SweepPoint;
using testing::Contains;
using testing::HasSubstr;

constexpr std::int64_t kGiB = 1 << 30;

SweepTable table_of(const std::vector<SweepPoint>& points) {
  Result<SweepTable> table = parse_sweep(sweep_document_of(points));
  EXPECT_TRUE(table) << table.error().message();
  return *table;
}

SweepTable small_table() {
  return table_of({{kGiB / 4, "lru", std::nullopt},
                   {kGiB, "lru", 2, 0.5, 0.7},
                   {kGiB, "belady", 3, 0.7, 0.7},
                   {4 * kGiB, "lru", 5, 0.9, 0.95},
                   {4 * kGiB, "belady", 6, 0.95, 0.95},
                   {8 * kGiB, "lru", 5, 0.9, 0.97}});
}

std::set<std::uint64_t> points_of(const Picture& picture) {
  std::set<std::uint64_t> rows;
  for (const Mark& mark : picture.marks) {
    if (mark.target.kind == Target::Kind::sweep_row) rows.insert(mark.target.row);
  }
  return rows;
}

std::size_t count(const Picture& picture, Ink ink, Shape shape) {
  return static_cast<std::size_t>(
      std::count_if(picture.marks.begin(), picture.marks.end(),
                    [&](const Mark& mark) { return mark.ink == ink && mark.shape == shape; }));
}

TEST(ParetoFront, IsThatOfEveryPointAgainstEveryOther) {
  Random random(4);
  for (int round = 0; round < 40; ++round) {
    std::vector<PlotPoint> points;
    for (std::size_t i = 0; i < 60; ++i) {  // few values, so that there are equals
      points.push_back({static_cast<double>(random.below(12)), static_cast<double>(random.below(12)), i});
    }
    for (const Better x : {Better::more, Better::less}) {
      for (const Better y : {Better::more, Better::less}) {
        const auto no_worse = [](Better better, double a, double b) {
          return better == Better::more ? a >= b : a <= b;
        };
        std::set<std::size_t> expected, found;
        for (const PlotPoint& p : points) {
          const bool beaten = std::any_of(points.begin(), points.end(), [&](const PlotPoint& q) {
            return (q.x != p.x || q.y != p.y) && no_worse(x, q.x, p.x) && no_worse(y, q.y, p.y);
          });
          if (!beaten) expected.insert(p.row);
        }
        const std::vector<PlotPoint> front = pareto_front(points, x, y);
        for (const PlotPoint& p : front) found.insert(p.row);
        EXPECT_EQ(found, expected);
        EXPECT_TRUE(std::is_sorted(front.begin(), front.end(),
                                   [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; }));
      }
    }
  }
  EXPECT_TRUE(pareto_front(std::vector<PlotPoint>{{1, 1, 0}}, Better::neither, Better::more).empty());
}

TEST(SweepScene, ShowsEveryRowThatRanAndEveryFailureOnce) {
  const SweepTable table = small_table();
  const SweepScene scene(table, default_sweep_options(table));
  EXPECT_EQ(table.columns[scene.options().x].name, "dram.expert_budget");
  EXPECT_EQ(table.columns[scene.options().y].name, "tokens_per_second");
  EXPECT_EQ(table.columns[scene.options().colour.value()].name, "policy.eviction");
  EXPECT_TRUE(scene.options().log_x) << "a factor of 32";
  const Picture picture = scene.picture(900, 600);
  EXPECT_EQ(points_of(picture).size(), table.rows.size());
  EXPECT_EQ(count(picture, Ink::warning, Shape::cross), 2U) << "the failure, and the legend's";
  EXPECT_THAT(scene.tip({.kind = Target::Kind::sweep_row, .row = 0}),
              HasSubstr("failed: a budget too small"));
}

TEST(SweepScene, APointIsHitWhereItIsDrawn) {
  const SweepTable table = small_table();
  const SweepScene scene(table, default_sweep_options(table));
  const Picture picture = scene.picture(900, 600);
  for (const Mark& mark : picture.marks) {
    if (mark.target.kind != Target::Kind::sweep_row) continue;
    const Mark* hit = picture.hit(mark.x, mark.y);
    ASSERT_NE(hit, nullptr);
    EXPECT_EQ(hit->target, mark.target);
    EXPECT_GE(mark.x, 70);
    EXPECT_LE(mark.y, 600 - 46);
  }
}

TEST(SweepScene, PointsStandWhereTheirNumbersSay) {
  const SweepTable table = small_table();
  for (const bool log_y : {false, true}) {
    SweepOptions options = default_sweep_options(table);
    options.log_y = log_y;
    const SweepScene scene(table, options);
    std::vector<std::pair<double, float>> x, y;
    for (const Mark& mark : scene.picture(900, 600).marks) {
      if (mark.target.kind != Target::Kind::sweep_row || !table.rows[mark.target.row].done) continue;
      x.emplace_back(table.columns[options.x].numbers[mark.target.row], mark.x);
      y.emplace_back(table.columns[options.y].numbers[mark.target.row], mark.y);
    }
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    EXPECT_TRUE(std::is_sorted(x.begin(), x.end(), [](auto a, auto b) { return a.second < b.second; }));
    EXPECT_TRUE(std::is_sorted(y.begin(), y.end(), [](auto a, auto b) { return a.second > b.second; }));
    // 1 to 4 GiB is two doublings, 4 to 8 one.
    const float one = x.front().second, four = x[2].second, eight = x.back().second;
    EXPECT_NEAR((four - one) / (eight - four), 2, 0.02);
  }
}

TEST(SweepScene, TheGhostOfAHitRateIsTheRowsOwnOptimum) {
  const SweepTable table = small_table();
  SweepOptions options = default_sweep_options(table);
  options.y = *table.find("hit_rate_decode");
  const SweepScene scene(table, options);
  EXPECT_DOUBLE_EQ(scene.ghost(1), 0.7);
  EXPECT_DOUBLE_EQ(scene.ghost(5), 0.97);
  EXPECT_TRUE(std::isnan(scene.ghost(0))) << "it failed";
  EXPECT_THAT(scene.tip({.kind = Target::Kind::sweep_row, .row = 5}), HasSubstr("OPT, no prefetch: 97.0 %"));
}

TEST(SweepScene, TheGhostOfASpeedIsTheRowWithBeladyAndOtherwiseTheSame) {
  const SweepTable table = small_table();
  const SweepScene scene(table, default_sweep_options(table));
  EXPECT_DOUBLE_EQ(scene.ghost(1), 3);
  EXPECT_DOUBLE_EQ(scene.ghost(3), 6);
  EXPECT_TRUE(std::isnan(scene.ghost(2))) << "it is one itself";
  EXPECT_TRUE(std::isnan(scene.ghost(5))) << "nobody ran it at 8 GiB";
  EXPECT_EQ(count(scene.picture(900, 600), Ink::ghost, Shape::ring), 3U) << "two, and the legend's";
  SweepOptions without = default_sweep_options(table);
  without.ghosts = false;
  EXPECT_EQ(count(SweepScene(table, without).picture(900, 600), Ink::ghost, Shape::ring), 0U);
}

TEST(SweepScene, TheTokenCycleStandsOverABudgetWhereAllRowsHaveTheSame) {
  std::vector<SweepPoint> points{{kGiB / 4, "lru", 1}, {kGiB, "lru", 2}};
  const SweepTable table = table_of(points);
  const SweepOptions options = default_sweep_options(table);
  EXPECT_THAT(SweepScene(table, options).picture(900, 600).texts, Contains("T = 512 MiB"));
  points[1].cycle = 7 << 20;
  const SweepTable two = table_of(points);
  EXPECT_THAT(SweepScene(two, options).picture(900, 600).texts, testing::Not(Contains(HasSubstr("T ="))));
  SweepOptions other = options;
  other.x = *table.find("hit_rate_decode");
  EXPECT_THAT(SweepScene(table, other).picture(900, 600).texts, testing::Not(Contains(HasSubstr("T ="))));
}

TEST(SweepScene, LinesJoinWhatDiffersInXAloneAndPartAtAFailure) {
  const SweepTable table = table_of({{kGiB, "lru", 1},
                                     {2 * kGiB, "lru", 2},
                                     {3 * kGiB, "lru", std::nullopt},
                                     {4 * kGiB, "lru", 3},
                                     {5 * kGiB, "lru", 4},
                                     {kGiB, "belady", 2},
                                     {2 * kGiB, "belady", 3}});
  SweepOptions options = default_sweep_options(table);
  options.front = false;
  const Picture picture = SweepScene(table, options).picture(900, 600);
  std::vector<std::uint32_t> lengths;
  for (const Mark& mark : picture.marks) {
    if (mark.shape == Shape::polyline) lengths.push_back(mark.points);
  }
  EXPECT_THAT(lengths, testing::ElementsAre(2U, 2U, 2U));
  const auto lines = lines_along(table, SweepScene(table, options).shown(), 0);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], testing::ElementsAre(0U, 1U, 2U, 3U, 4U));
}

TEST(SweepScene, FiltersLeaveRowsOutOfEverything) {
  const SweepTable table = small_table();
  SweepOptions options = default_sweep_options(table);
  options.filters = {{.column = 1, .hidden = {"belady"}}, {.column = 0, .hidden = {"8 GiB"}}};
  const SweepScene scene(table, options);
  EXPECT_THAT(scene.shown(), testing::ElementsAre(0U, 1U, 3U));
  EXPECT_THAT(points_of(scene.picture(900, 600)), testing::ElementsAre(0U, 1U, 3U));
  EXPECT_THAT(scene.summary(), HasSubstr("3 of 6 scenarios, 1 of them failed"));
  EXPECT_DOUBLE_EQ(scene.ghost(1), 3) << "a ghost may be a row that is filtered out";
}

TEST(SweepScene, AnyColumnGoesAcrossOrDownAlsoWords) {
  const SweepTable table = small_table();
  for (std::size_t x = 0; x < table.columns.size(); ++x) {
    for (std::size_t y = 0; y < table.columns.size(); ++y) {
      for (const bool logarithmic : {false, true}) {
        const SweepScene scene(table, {.x = x,
                                       .y = y,
                                       .colour = (x + y) % table.columns.size(),
                                       .log_x = logarithmic,
                                       .log_y = logarithmic});
        const Picture picture = scene.picture(700, 500);
        EXPECT_EQ(points_of(picture).size(), table.rows.size())
            << table.columns[x].name << " " << table.columns[y].name;
        for (const Mark& mark : picture.marks) {
          ASSERT_TRUE(std::isfinite(mark.x) && std::isfinite(mark.y) && std::isfinite(mark.w));
        }
      }
    }
  }
}

TEST(SweepScene, AFailureStretchesNoAxis) {
  const SweepTable table = table_of({{1024, "lru", std::nullopt}, {kGiB, "lru", 2}, {2 * kGiB, "lru", 3}});
  SweepOptions options = default_sweep_options(table);
  const Picture picture = SweepScene(table, options).picture(900, 600);
  std::vector<float> x(3);
  for (const Mark& mark : picture.marks) {
    if (mark.target.kind == Target::Kind::sweep_row) x[mark.target.row] = mark.x;
  }
  EXPECT_GT(x[2] - x[1], 400) << "the rows that ran have the plot for themselves";
  EXPECT_LT(x[0], x[1]);
}

TEST(SweepScene, WhatALogarithmicAxisCannotShowIsCounted) {
  const SweepTable table = table_of({{kGiB, "lru", 0}, {2 * kGiB, "lru", 3}, {4 * kGiB, "lru", 30}});
  SweepOptions options = default_sweep_options(table);
  options.log_y = true;
  const SweepScene scene(table, options);
  EXPECT_EQ(points_of(scene.picture(900, 600)).size(), 2U);
  EXPECT_THAT(scene.summary(), HasSubstr("1 not above zero"));
  EXPECT_FALSE(suits_logarithm(table, *table.find("tokens_per_second")));
  EXPECT_FALSE(suits_logarithm(table, 0)) << "a factor of four";
}

TEST(SweepScene, ColumnsAreAskedForByTheirNamesOrTheirEnds) {
  const SweepTable table = small_table();
  const auto options = sweep_options(table, "expert_budget", "hit_rate_decode", "eviction");
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->x, 0U);
  EXPECT_EQ(table.columns[options->y].name, "hit_rate_decode");
  EXPECT_EQ(options->colour, 1U);
  EXPECT_FALSE(sweep_options(table, "hit_rate_decode", "", "")->log_x);
  const auto wrong = sweep_options(table, "", "hit_rat", "");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message(), HasSubstr("--y: expected an axis or a key of the sweep (nearest: "));
}

TEST(SweepScene, NumbersThatHaveNoDifferenceHaveAPlaceAndAColour) {
  const SweepTable table =
      table_of({{kGiB, "lru", 1.7e308}, {2 * kGiB, "lru", -1.7e308}, {3 * kGiB, "lru", 1}});
  const std::size_t speed = *table.find("tokens_per_second");
  for (const bool logarithmic : {false, true}) {
    const SweepScene scene(table, {.x = 0, .y = speed, .colour = speed, .log_y = logarithmic});
    const Picture picture = scene.picture(700, 500);
    EXPECT_LT(picture.marks.size(), 200U);
    for (const Mark& mark : picture.marks) {
      ASSERT_TRUE(std::isfinite(mark.x) && std::isfinite(mark.y) && std::isfinite(mark.h));
      ASSERT_TRUE(mark.value >= 0 && mark.value <= 1) << mark.value;
    }
  }
}

TEST(SweepScene, OfNothingOrOneRowIsAPictureToo) {
  const SweepTable none = table_of({});
  EXPECT_THAT(SweepScene(none, default_sweep_options(none)).picture(300, 200).texts,
              Contains("No row has both values"));
  const SweepTable one = table_of({{kGiB, "lru", 2}});
  EXPECT_EQ(points_of(SweepScene(one, default_sweep_options(one)).picture(10, 10)).size(), 1U);
  const SweepTable failed = table_of({{kGiB, "lru", std::nullopt}});
  EXPECT_EQ(points_of(SweepScene(failed, default_sweep_options(failed)).picture(300, 200)).size(), 1U);
}

}  // namespace
}  // namespace pregate
