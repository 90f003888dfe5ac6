// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/heatmap_scene.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "tests/scene/heatmap_fixtures.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;

constexpr ExpertMeasure kOfRuns[] = {ExpertMeasure::uses, ExpertMeasure::misses, ExpertMeasure::stall,
                                     ExpertMeasure::reloads, ExpertMeasure::bytes};

std::map<std::uint64_t, const Mark*> cells_of(const Picture& picture) {
  std::map<std::uint64_t, const Mark*> cells;
  for (const Mark& mark : picture.marks) {
    if (mark.target.kind == Target::Kind::cell) cells.emplace(mark.target.row, &mark);
  }
  return cells;
}

double sum_of_cells(const HeatmapScene& scene, const Picture& picture) {
  double sum = 0;
  for (const auto& [row, mark] : cells_of(picture)) sum += scene.cell(row).value;
  return sum;
}

HeatmapData data_of(std::size_t layers, std::size_t share, std::int32_t experts, std::size_t steps = 6) {
  return HeatmapData(fixtures::looked_up_run(fixtures::model_of(layers, share, experts), steps, 5));
}

TEST(HeatmapScene, CellsSumToTheRunWhateverTheLook) {
  const auto run = fixtures::looked_up_run(fixtures::model_of(9, 3, 16), 8, 3);
  HeatmapData data(run);
  for (const ExpertMeasure measure : kOfRuns) {
    const double whole = count_experts(*run, measure, Phases::all)->sum();
    ASSERT_GT(whole, 0);
    for (const HeatRows rows : {HeatRows::layers, HeatRows::banks}) {
      for (const HeatOrder order : {HeatOrder::id, HeatOrder::heat}) {
        const HeatmapScene scene(
            data, {.measure = measure, .phases = Phases::all, .look = {.rows = rows, .order = order}});
        const Picture picture = scene.picture(800, 500);
        EXPECT_EQ(sum_of_cells(scene, picture), whole);
        double rows_together = 0;
        for (std::size_t row = 0; row < scene.table().rows(); ++row)
          rows_together += scene.table().row_sum(row);
        EXPECT_EQ(rows_together, whole);
        EXPECT_EQ(cells_of(picture).size(), (rows == HeatRows::layers ? 9U : 3U) * 16U);
      }
    }
  }
}

TEST(HeatmapScene, AStretchOfStepsHasOnlyItsOwn) {
  const auto run = fixtures::looked_up_run(fixtures::model_of(4, 1, 8), 10, 3);
  HeatmapData data(run);
  const HeatmapOptions options{.measure = ExpertMeasure::misses, .steps = {.first = 3, .end = 7}};
  const HeatmapScene scene(data, options);
  double misses = 0;
  for (const LookupRecord& lookup : run->lookups) {
    const std::int32_t step = run->events[lookup.event.value()].step;
    misses += step >= 3 && step < 7 && lookup.outcome == Outcome::miss ? 1 : 0;
  }
  EXPECT_EQ(sum_of_cells(scene, scene.picture(600, 400)), misses);
  EXPECT_THAT(scene.summary(), HasSubstr("from 3 to 6 of 10"));
}

// Cells lie side by side on whole pixels; every pixel that is drawn is found again.
void expect_every_pixel_is_hit(std::size_t layers, std::size_t share, std::int32_t experts, int width,
                               int height, HeatmapView view) {
  HeatmapData data = data_of(layers, share, experts, 2);
  const HeatmapScene scene(data, {.view = view, .phases = Phases::all});
  const Picture picture = scene.picture(width, height);
  const auto cells = cells_of(picture);
  EXPECT_EQ(cells.size(), layers * static_cast<std::size_t>(experts));
  std::vector<int> owner(static_cast<std::size_t>(width * height), -1);
  for (const auto& [row, mark] : cells) {
    ASSERT_EQ(mark->x, std::floor(mark->x));
    ASSERT_EQ(mark->y, std::floor(mark->y));
    ASSERT_GE(mark->w, 1);
    ASSERT_GE(mark->h, 1);
    ASSERT_LE(mark->x + mark->w, static_cast<float>(width));
    ASSERT_LE(mark->y + mark->h, static_cast<float>(height));
    for (int y = static_cast<int>(mark->y); y < static_cast<int>(mark->y + mark->h); ++y) {
      for (int x = static_cast<int>(mark->x); x < static_cast<int>(mark->x + mark->w); ++x) {
        int& at = owner[static_cast<std::size_t>(y * width + x)];
        ASSERT_EQ(at, -1) << "two cells on one pixel";
        at = static_cast<int>(row);
      }
    }
  }
  for (const auto& [row, mark] : cells) {
    if (row % 41 != 0) continue;  // a hit is looked for among all marks
    const float right = mark->x + mark->w - 1, bottom = mark->y + mark->h - 1;
    for (const auto& [x, y] :
         {std::pair(mark->x, mark->y), std::pair(right, bottom), std::pair(mark->x, bottom)}) {
      const Mark* hit = picture.hit(x, y);
      ASSERT_NE(hit, nullptr);
      ASSERT_EQ(hit->target.row, row);
    }
  }
}

TEST(HeatmapScene, EveryPixelOfACellIsThatCellAlone) {
  expect_every_pixel_is_hit(48, 1, 128, 1024, 700, HeatmapView::matrix);
  expect_every_pixel_is_hit(61, 1, 256, 1024, 700, HeatmapView::matrix);
  expect_every_pixel_is_hit(30, 3, 64, 1024, 700, HeatmapView::matrix);
  expect_every_pixel_is_hit(30, 3, 64, 1024, 700, HeatmapView::sharing);
  expect_every_pixel_is_hit(4, 2, 8, 640, 360, HeatmapView::matrix);
}

TEST(HeatmapScene, LargeMatricesHaveCellsThatCanBeSeen) {
  for (const auto& [layers, experts] : {std::pair(48, 128), std::pair(61, 256)}) {
    HeatmapData data = data_of(static_cast<std::size_t>(layers), 1, experts, 2);
    const HeatmapScene scene(data, {.phases = Phases::all});
    const Picture picture = scene.picture(1024, 700);
    const Mark& cell = *cells_of(picture).begin()->second;
    EXPECT_GE(cell.w, 3);
    EXPECT_GE(cell.h, 8);
  }
}

TEST(HeatmapScene, MoreExpertsThanPixelsShareCellsThatKnowTheHottest) {
  HeatmapData data = data_of(2, 1, 900, 4);
  const HeatmapScene scene(data, {.phases = Phases::all});
  const Picture picture = scene.picture(600, 300);
  std::uint32_t stood_for = 0;
  for (const auto& [row, mark] : cells_of(picture)) {
    stood_for += mark->merged;
    EXPECT_LE(mark->x + mark->w, 600);
    const HeatCell cell = scene.cell(row);
    for (std::size_t c = cell.column - cell.column % mark->merged; c < cell.column; ++c)
      EXPECT_LE(scene.table().value(cell.row, c), cell.value);
  }
  EXPECT_EQ(stood_for, 2U * 900U) << "nothing is dropped";
}

TEST(HeatmapScene, ByHeatTheHottestStandsFirstInOneOrderForABank) {
  HeatmapData data = data_of(6, 3, 32, 12);
  const HeatmapScene scene(data, {.phases = Phases::all, .look = {.order = HeatOrder::heat}});
  const HeatTable& table = scene.table();
  for (std::size_t first = 0; first < 6; first += 3) {
    double before = INFINITY;
    for (std::size_t c = 0; c < 32; ++c) {
      double sum = 0;
      for (std::size_t row = first; row < first + 3; ++row) {
        sum += table.value(row, c);
        EXPECT_EQ(table.id(row, c), table.id(first, c));
      }
      EXPECT_LE(sum, before);
      before = sum;
    }
  }
}

TEST(HeatmapScene, ColoursFollowTheScale) {
  HeatmapData data = data_of(4, 1, 8, 20);
  const auto heat = [&](HeatLook look) {
    const HeatmapScene scene(data, {.phases = Phases::all, .look = look});
    std::vector<std::pair<double, float>> out;
    const Picture picture = scene.picture(600, 300);  // the marks are its
    for (const auto& [row, mark] : cells_of(picture)) {
      const HeatCell cell = scene.cell(row);
      out.emplace_back(look.scaling == HeatScaling::row ? cell.share : cell.value, mark->value);
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  for (const HeatScaling scaling : {HeatScaling::absolute, HeatScaling::row}) {
    for (const HeatColours colours : {HeatColours::linear, HeatColours::logarithmic}) {
      const auto sorted = heat({.scaling = scaling, .colours = colours});
      float before = -1;
      for (const auto& [value, shade] : sorted) {
        EXPECT_GE(shade, before - 1e-6F) << "more is never lighter";
        EXPECT_EQ(shade == 0, value == 0) << "nothing has the colour of nothing, and only that";
        before = shade;
      }
      EXPECT_NEAR(sorted.back().second, 1, 1e-6);
      if (colours == HeatColours::linear) {
        EXPECT_NEAR(sorted[20].second, sorted[20].first / sorted.back().first, 1e-5);
      }
    }
  }
}

TEST(HeatmapScene, ATipSaysWhereHowMuchAndWhatRank) {
  const auto run = fixtures::looked_up_run(fixtures::model_of(3, 1, 8), 20, 3);
  HeatmapData data(run);
  const HeatmapScene scene(data, {.measure = ExpertMeasure::misses});
  const Picture picture = scene.picture(600, 300);
  for (const auto& [row, mark] : cells_of(picture)) {
    const HeatCell cell = scene.cell(row);
    std::int32_t better = 0;
    for (std::size_t c = 0; c < 8; ++c) better += scene.table().value(cell.row, c) > cell.value ? 1 : 0;
    EXPECT_EQ(cell.rank, better + 1);
    EXPECT_EQ(cell.of, 8);
    const std::string tip = scene.tip(mark->target);
    EXPECT_THAT(tip, HasSubstr(fmt::format("Layer {}, bank {}, expert {}", cell.layer.value(),
                                           cell.layer.value(), cell.expert)));
    EXPECT_THAT(tip, HasSubstr(fmt::format("misses: {:.0f} misses", cell.value)));
    EXPECT_THAT(tip, HasSubstr(fmt::format("rank {} of 8", cell.rank)));
  }
  EXPECT_THAT(scene.tip({.kind = Target::Kind::layer, .row = 2}), HasSubstr("Layer 2"));
  EXPECT_EQ(scene.tip({.kind = Target::Kind::load}), "");
}

TEST(HeatmapScene, ABoxChoosesTheCellsThatItTouches) {
  HeatmapData data = data_of(6, 2, 16, 4);
  const HeatmapScene scene(data, {.phases = Phases::all});
  const Picture picture = scene.picture(700, 400);
  const auto cells = cells_of(picture);
  const auto at = [&](std::size_t row, std::size_t column) { return cells.at(row * 16 + column); };
  const CellChoice choice = scene.cells_in(
      {at(3, 9)->x + 1, at(3, 9)->y + 1, at(1, 4)->x + 1, at(1, 4)->y + 1}, 700, 400);  // from below
  EXPECT_THAT(choice.layers, testing::ElementsAre(LayerId(1), LayerId(2), LayerId(3)));
  std::vector<ExpertId> expected;
  for (const std::uint32_t bank : {0U, 1U}) {
    for (std::uint32_t e = 4; e <= 9; ++e) expected.push_back(ExpertId(bank * 16 + e));
  }
  EXPECT_EQ(choice.experts, expected) << "each once, though layers 2 and 3 share them";
  EXPECT_TRUE(scene.cells_in({0, 0, 3, 3}, 700, 400).empty());
}

TEST(HeatmapScene, BrushedCellsAreOutlined) {
  HeatmapData data = data_of(4, 1, 8, 4);
  const HeatmapScene scene(data, {.phases = Phases::all});
  const auto outlines = [&](const CellChoice& brushed) {
    std::size_t count = 0;
    for (const Mark& mark : scene.picture(600, 300, {.brushed = brushed}).marks)
      count += mark.ink == Ink::cursor;
    return count;
  };
  EXPECT_EQ(outlines({}), 0U);
  EXPECT_EQ(outlines({.experts = {ExpertId(3)}}), 4U) << "four sides of one cell";
  EXPECT_EQ(outlines({.experts = {ExpertId(3), ExpertId(4)}}), 6U) << "neighbours have one outline";
  EXPECT_EQ(outlines({.experts = {ExpertId(3)}, .layers = {LayerId(2)}}), 0U) << "of another layer's bank";
}

TEST(HeatmapScene, TheSharingViewHasThePairsOfEachBankAndSaysTheirNumbers) {
  const RouteTrace trace = fixtures::random_trace(17, 80);
  HeatmapData data(std::make_shared<const RouteTrace>(trace));
  ASSERT_TRUE(data.shares_banks());
  const HeatmapScene scene(data, {.view = HeatmapView::sharing});
  const Picture picture = scene.picture(1024, 700);
  const LayerPairs pairs = measure_pairs(trace);
  ASSERT_EQ(pairs.within.size(), 2U);
  std::set<std::uint64_t> shown;
  for (const Mark& mark : picture.marks) {
    if (mark.target.kind == Target::Kind::action) shown.insert(mark.target.row);
  }
  EXPECT_EQ(shown.size(), pairs.within.size());
  const std::string tip = scene.tip({.kind = Target::Kind::action, .row = 1});
  EXPECT_THAT(tip, HasSubstr("Layers 3 and 4 of bank 1, over 80 decode tokens"));
  EXPECT_THAT(tip, HasSubstr(fmt::format("{:.1f} % of a token's experts are the same; chance {:.1f} %",
                                         pairs.within[1].overlap * 100, pairs.within[1].chance * 100)));
  EXPECT_THAT(picture.texts, testing::Contains(fmt::format("{:.1f} %", pairs.within[0].overlap * 100)));
}

TEST(HeatmapScene, WithoutSharedBanksOrTheMeasureItShowsWhatThereIs) {
  HeatmapData data = data_of(4, 1, 8);
  EXPECT_EQ(HeatmapScene(data, {.view = HeatmapView::sharing}).options().view, HeatmapView::matrix);
  EXPECT_EQ(HeatmapScene(data, {.measure = ExpertMeasure::weight}).options().measure, ExpertMeasure::uses);
}

TEST(HeatmapScene, TheWordsOfTheCommandAreTriedOnTheFile) {
  HeatmapData data = data_of(4, 1, 8);
  EXPECT_EQ(heatmap_options(data, "stall", "layers")->measure, ExpertMeasure::stall);
  const auto complaint = [&](const char* measure, const char* view) {
    return heatmap_options(data, measure, view).error().message();
  };
  EXPECT_THAT(complaint("love", "layers"), HasSubstr("--measure: expected one of uses, weight"));
  EXPECT_THAT(complaint("weight", "layers"),
              HasSubstr("one of uses, misses, stall, reloads, bytes, which this file"));
  EXPECT_THAT(complaint("uses", "upside-down"), HasSubstr("--view: expected layers or sharing"));
  EXPECT_THAT(complaint("uses", "sharing"), HasSubstr("a model whose layers share banks"));
}

TEST(HeatmapScene, OfAModelWithoutExpertsSaysSo) {
  auto run = std::make_shared<RunRecord>();
  run->model.layers.resize(2);
  HeatmapData data(run);
  const Picture picture = HeatmapScene(data, {}).picture(400, 200);
  EXPECT_THAT(picture.texts, testing::Contains("No layer of this model has experts"));
  EXPECT_EQ(HeatmapScene(data, {}).picture(1, 1).width, 1);
}

TEST(HeatmapData, KnowsWhichStepsATimeOverlaps) {
  const auto run = fixtures::looked_up_run(fixtures::model_of(2, 1, 8), 5, 1);
  HeatmapData data(run);
  EXPECT_EQ(data.steps_in(data.time_of({.first = 1, .end = 3})), (StepRange{.first = 1, .end = 3}));
  const std::int64_t inside = run->steps[2].begin.count_ps() + 1;
  EXPECT_EQ(data.steps_in({inside, inside + 1}), (StepRange{.first = 2, .end = 3}));
  EXPECT_EQ(data.steps_in({-10, 0}), (StepRange{.first = 0, .end = 0}));
  EXPECT_TRUE(data.time_of({.first = 3, .end = 3}).empty());
}

// Two million lookups: a stretch of steps costs as little as in a short run.
TEST(HeatmapScene, MovingTheStretchOfALongRunTakesLessThanAFrame) {
  ModelShape model = fixtures::model_of(48, 1, 128);
  model.top_k = 8;
  const std::size_t steps = 5000;
  HeatmapData data(fixtures::looked_up_run(model, steps, 1));
  HeatmapOptions options{.phases = Phases::all};
  const HeatmapScene first(data, options);  // makes the sums
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kMoves = 20;
  for (std::size_t i = 0; i < kMoves; ++i) {
    options.steps = {.first = 100 * i + 7, .end = 100 * i + 3011};
    const HeatmapScene scene(data, options);
    ASSERT_GT(scene.picture(1920, 1080).marks.size(), 6000U);
  }
  const std::chrono::duration<double, std::milli> each = (std::chrono::steady_clock::now() - begin) / kMoves;
  RecordProperty("milliseconds", std::to_string(each.count()));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "how long it takes under a sanitizer says nothing: " << each.count() << " ms";
#else
  EXPECT_LT(each.count(), 16);
#endif
}

}  // namespace
}  // namespace pregate
