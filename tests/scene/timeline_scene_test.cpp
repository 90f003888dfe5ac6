// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/timeline_scene.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "gui/scene/minimap.hpp"
#include "tests/scene/made_run.hpp"

namespace pregate {
namespace {

using fixtures::made_run;

class TimelineSceneTest : public ::testing::Test {
 protected:
  TimelineSceneTest() : run_(made_run({.tokens = 40, .seed = 7})), tracks_(build(run_)), scene_(*tracks_) {
    scene_.resize(1200, 700);
  }

  static std::unique_ptr<RunTracks> build(const RunRecord& run) {
    auto tracks = RunTracks::build(run);
    EXPECT_TRUE(tracks.ok());
    return std::move(*tracks);
  }
  double x_in_plot(Random& random) const {
    return scene_.names_width() + random.unit() * scene_.plot_width();
  }

  RunRecord run_;
  std::unique_ptr<RunTracks> tracks_;
  TimelineScene scene_;
};

TEST_F(TimelineSceneTest, ZoomKeepsTheTimeUnderTheCursor) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const auto length = static_cast<std::int64_t>(2'000 + random.below(tracks_->span().last / 3));
    const auto first = tracks_->span().last / 3 + static_cast<std::int64_t>(random.below(100'000));
    scene_.zoom_to({first, first + length});
    const double x = x_in_plot(random);
    const std::int64_t before = scene_.time_at(x);
    scene_.zoom_at(x, random.chance(0.5) ? 0.7 : 1.3);
    EXPECT_NEAR(static_cast<double>(scene_.time_at(x)), static_cast<double>(before), 1.0);
  }
}

TEST_F(TimelineSceneTest, ZoomStaysWithinTheRunAndAboveANanosecond) {
  for (int i = 0; i < 300; ++i) scene_.zoom_at(400, 0.5);
  EXPECT_EQ(scene_.view().length(), 1'000);
  for (int i = 0; i < 300; ++i) scene_.zoom_at(900, 3);
  EXPECT_EQ(scene_.view(), tracks_->span());
  scene_.zoom_at(500, 0.25);
  scene_.pan(-1e9);
  EXPECT_EQ(scene_.view().first, 0);
  scene_.pan(1e9);
  EXPECT_EQ(scene_.view().last, tracks_->span().last);
  scene_.zoom_to({-500, 100});
  EXPECT_EQ(scene_.view().first, 0);
  scene_.zoom_to({70, 70});
  EXPECT_EQ(scene_.view().length(), 1'000);
}

TEST_F(TimelineSceneTest, PanMovesByPixels) {
  scene_.zoom_to({1'000'000, 2'072'000});
  const std::int64_t a = scene_.time_at(300);
  scene_.pan(120);
  EXPECT_EQ(scene_.time_at(180), a);
}

bool is_slice(const Target& target) {
  using Kind = Target::Kind;
  return target.kind == Kind::step || target.kind == Kind::event || target.kind == Kind::operation ||
         target.kind == Kind::management || target.kind == Kind::stall || target.kind == Kind::load ||
         target.kind == Kind::eviction || target.kind == Kind::layer;
}

// Every mark that hides what lies below it, painted into an image of marks.
std::vector<const Mark*> rasterise(const Picture& picture) {
  std::vector<const Mark*> pixels(static_cast<std::size_t>(picture.width * picture.height));
  for (const Mark& mark : picture.marks) {
    // Lines and words of the area lie over slices, which are hit through them.
    const bool over = mark.ink == Ink::selection;
    const bool hides = mark.shape == Shape::rect && !over && (mark.alpha == 255 || is_slice(mark.target));
    if (!hides) continue;
    EXPECT_EQ(mark.x, std::floor(mark.x));
    EXPECT_EQ(mark.w, std::floor(mark.w));
    for (int y = static_cast<int>(mark.y); y < static_cast<int>(mark.y + mark.h); ++y) {
      for (int x = static_cast<int>(mark.x); x < static_cast<int>(mark.x + mark.w); ++x) {
        if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) continue;
        pixels[static_cast<std::size_t>(y * picture.width + x)] = &mark;
      }
    }
  }
  return pixels;
}

void random_view(TimelineScene& scene, Random& random) {
  const auto end = static_cast<std::uint64_t>(scene.tracks().span().last);
  const auto length = static_cast<std::int64_t>(1 + random.below(end >> random.below(14)));
  const auto first = static_cast<std::int64_t>(random.below(end));
  scene.zoom_to({first, first + length});
  scene.scroll(static_cast<int>(random.below(600)) - 300);
  if (random.chance(0.3)) scene.toggle_fold(scene.tracks().expert_group());
  if (random.chance(0.3)) scene.toggle_pin(static_cast<TrackId>(random.below(scene.tracks().size())));
  scene.set_area(random.chance(0.5) ? std::optional(TimeSpan{first, first + length / 3}) : std::nullopt);
}

TEST_F(TimelineSceneTest, EveryDrawnPixelCanBeHitAndWhatIsHitLiesThere) {
  Random random(2);
  scene_.resize(500, 420);
  std::size_t slices_seen = 0;
  for (int round = 0; round < 14; ++round) {
    random_view(scene_, random);
    const Picture picture = scene_.picture();
    const auto pixels = rasterise(picture);
    const PixelGrid grid(scene_.view(), scene_.plot_width());
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x) {
        const Mark* top = pixels[static_cast<std::size_t>(y * picture.width + x)];
        const bool drawn = top != nullptr && is_slice(top->target);
        if (!drawn && (x + y) % 5 != 0) continue;
        const Mark* hit = picture.hit(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F);
        if (!drawn) {
          ASSERT_TRUE(hit == nullptr || !is_slice(hit->target))
              << "nothing hidden is hit: " << x << ", " << y;
          continue;
        }
        ASSERT_EQ(hit, top) << x << ", " << y;
        if (y % 3 != 0) continue;
        ++slices_seen;
        // The slice, or one that shares its column, holds some of the pixel's time.
        const auto spans = scene_.tracks().row(top->target.track).slices();
        const int column = x - scene_.names_width();
        const auto first = scene_.tracks().row(top->target.track).first_reaching(grid.edge(column));
        ASSERT_LT(first, spans.size());
        ASSERT_LT(spans[first].begin, grid.edge(column + 1));
        if (top->w > 1) {
          const auto span = scene_.span_of(*top);
          ASSERT_TRUE(span.has_value());
          ASSERT_LT(span->first, grid.edge(column + 1));
          ASSERT_GE(span->last, grid.edge(column))
              << tracks_->name_of(top->target.track) << " kind " << static_cast<int>(top->target.kind)
              << " x " << top->x << " w " << top->w << " ink " << static_cast<int>(top->ink) << " span "
              << span->first;
        }
      }
    }
  }
  EXPECT_GT(slices_seen, 20'000U);
}

TEST_F(TimelineSceneTest, DrawsEverySliceInViewAsPartOfAMark) {
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    random_view(scene_, random);
    std::map<TrackId, std::size_t> drawn;
    for (const Mark& mark : scene_.picture().marks) {
      if (is_slice(mark.target)) drawn[mark.target.track] += mark.merged;
    }
    const TimelineLayout rows = scene_.layout();
    for (const TimelineRow& row : rows.visible()) {
      const TrackId track = row.track;
      const bool whole = row.pinned || row.top >= rows.scroll_top();
      if (!whole || row.top + row.height > rows.bottom()) continue;
      const std::size_t count = drawn[track];
      std::size_t inside = 0;
      for (const Slice& slice : tracks_->row(track).slices()) {
        const TimeSpan view = scene_.view();
        inside += slice.begin < view.last && (slice.begin >= view.first || slice.end > view.first) ? 1 : 0;
      }
      EXPECT_EQ(count, inside) << tracks_->name_of(track);
    }
  }
}

TEST_F(TimelineSceneTest, APictureHasNoMoreMarksThanPixelsAllow) {
  const RunRecord big = made_run({.tokens = 3000, .lanes = 6});
  const auto tracks = build(big);
  TimelineScene scene(*tracks);
  scene.resize(800, 600);
  const std::size_t rows = scene.layout().visible().size();
  EXPECT_LT(scene.picture().marks.size(), rows * 800 * 4);
  EXPECT_GT(big.operators.size(), 60'000U);
}

TEST_F(TimelineSceneTest, StepsThroughStallsInOrderAndShowsThem) {
  scene_.pan(-1e9);
  scene_.zoom_to({0, 10'000});
  std::vector<std::uint64_t> seen;
  while (scene_.next_stall(1)) {
    seen.push_back(scene_.state().selected.row);
    const TimeSpan span = scene_.state().selected_span;
    EXPECT_LT(span.first, scene_.view().last);
    EXPECT_GT(span.last, scene_.view().first);
    EXPECT_GE(scene_.x_of(span.last) - scene_.x_of(span.first), 1.0);
  }
  ASSERT_EQ(seen.size(), run_.stalls.size());
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
  EXPECT_TRUE(scene_.next_stall(-1));
  EXPECT_EQ(scene_.state().selected.row, run_.stalls.size() - 2);
}

TEST_F(TimelineSceneTest, StepsThroughTheItemsOfATrack) {
  ASSERT_TRUE(scene_.reveal({.kind = Target::Kind::operation, .row = 10}));
  const auto first =
      tracks_->find(tracks_->npu(), scene_.state().selected, scene_.state().selected_span.first);
  ASSERT_TRUE(scene_.next_item(1));
  const auto second =
      tracks_->find(tracks_->npu(), scene_.state().selected, scene_.state().selected_span.first);
  EXPECT_EQ(*second, *first + 1);
  ASSERT_TRUE(scene_.next_item(-1));
  EXPECT_EQ(scene_.state().selected.row, 10U);
  scene_.select({});
  EXPECT_FALSE(scene_.next_item(1));
}

TEST_F(TimelineSceneTest, RevealScrollsUnfoldsAndUnhides) {
  scene_.resize(900, 260);
  const std::uint64_t eviction = run_.evictions.size() / 2;
  scene_.zoom_to({0, 50'000});
  const TrackId lane = tracks_->lane_of(run_.evictions[eviction].expert);
  scene_.hide(lane);
  ASSERT_TRUE(scene_.reveal({.kind = Target::Kind::eviction, .row = eviction}));
  EXPECT_TRUE(scene_.view().contains(run_.evictions[eviction].at.count_ps()));
  const auto rows = scene_.layout().visible();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const TimelineRow& row) { return row.track == lane; });
  ASSERT_NE(found, rows.end());
  EXPECT_GE(found->top, scene_.layout().scroll_top());
  EXPECT_LE(found->top + found->height, scene_.layout().bottom());
  EXPECT_FALSE(scene_.reveal({.kind = Target::Kind::stall, .row = 1'000'000}));
}

TEST_F(TimelineSceneTest, HidesPinsAndMovesTracks) {
  const auto shows = [&](TrackId track) {
    const auto rows = scene_.layout().visible();
    return std::any_of(rows.begin(), rows.end(), [&](const TimelineRow& row) { return row.track == track; });
  };
  scene_.hide(tracks_->stalls());
  EXPECT_FALSE(shows(tracks_->stalls()));
  scene_.show_all();
  EXPECT_TRUE(shows(tracks_->stalls()));
  scene_.toggle_pin(tracks_->stalls());
  EXPECT_EQ(scene_.layout().visible().front().track, tracks_->stalls());
  scene_.toggle_pin(tracks_->stalls());
  EXPECT_EQ(scene_.layout().visible().front().track, tracks_->steps());
  EXPECT_TRUE(scene_.move_before(tracks_->stalls(), tracks_->steps()));
  EXPECT_EQ(scene_.layout().visible().front().track, tracks_->stalls());
  EXPECT_FALSE(scene_.move_track(tracks_->stalls(), -1));
  EXPECT_TRUE(scene_.move_track(tracks_->stalls(), 1));
  EXPECT_EQ(scene_.layout().visible()[1].track, tracks_->stalls());
  EXPECT_TRUE(scene_.move_before(tracks_->steps(), kNoTrack));
  EXPECT_EQ(scene_.state().order.back(), tracks_->steps());
}

TEST_F(TimelineSceneTest, TrackAtIsTheRowThatIsDrawnThere) {
  scene_.toggle_fold(tracks_->expert_group());
  scene_.toggle_pin(tracks_->npu());
  scene_.resize(900, 300);
  scene_.scroll(77);
  const Picture picture = scene_.picture();
  for (int y = 0; y < 300; ++y) {
    const auto track = scene_.track_at(y + 0.5);
    const Mark* mark = picture.hit(5, static_cast<float>(y) + 0.5F);
    const bool named = mark != nullptr && mark->target.kind == Target::Kind::track_name;
    ASSERT_EQ(track.has_value(), named) << y;
    if (!named) continue;
    EXPECT_EQ(mark->target.row, *track);
  }
}

TEST_F(TimelineSceneTest, ExpertLanesAreLaidOutWhereTheyAreVisibleAndFiltered) {
  const RunRecord run = made_run({.layers = 40, .layers_a_bank = 1, .experts = 200});
  const auto tracks = build(run);
  TimelineScene scene(*tracks);
  scene.resize(800, 500);
  scene.toggle_fold(tracks->expert_group());
  EXPECT_EQ(scene.layout().experts().size(), 39U * 200U);
  EXPECT_LT(scene.layout().visible().size(), 60U);
  scene.scroll(1'000'000);
  EXPECT_EQ(scene.layout().visible().back().track, tracks->lane_of(ExpertId(39 * 200 - 1)));
  scene.set_expert_order(ExpertOrder::by_uses);
  EXPECT_EQ(scene.layout().experts().front(), tracks->experts().order(ExpertOrder::by_uses).front());
  scene.set_expert_filter({ExpertId(7), ExpertId(3), ExpertId(7)});
  EXPECT_EQ(scene.layout().experts().size(), 2U);
}

TEST_F(TimelineSceneTest, SelectionChainAndAreaAreDrawn) {
  const auto frames = [&](Ink ink) {
    const Picture picture = scene_.picture();
    return std::count_if(picture.marks.begin(), picture.marks.end(),
                         [&](const Mark& mark) { return mark.shape == Shape::frame && mark.ink == ink; });
  };
  EXPECT_EQ(frames(Ink::selection), 0);
  ASSERT_TRUE(scene_.reveal({.kind = Target::Kind::stall, .row = 5}));
  EXPECT_EQ(frames(Ink::selection), 1);
  const Picture picture = scene_.picture();
  EXPECT_TRUE(std::any_of(picture.marks.begin(), picture.marks.end(), [](const Mark& mark) {
    return mark.shape == Shape::polyline;
  })) << "an arrow from the load to the stall";
  scene_.select({});
  const std::uint64_t load = run_.stalls[5].load.value();
  scene_.set_chain({{.kind = Target::Kind::stall, .row = 5}, {.kind = Target::Kind::load, .row = load}});
  EXPECT_GE(frames(Ink::link), 1);
}

TEST_F(TimelineSceneTest, AreasAreClippedToTheRunAndTurnedRound) {
  scene_.set_area(TimeSpan{500, -300});
  EXPECT_EQ(scene_.state().area, (TimeSpan{0, 500}));
  scene_.set_area(TimeSpan{7, 7});
  EXPECT_EQ(scene_.state().area, std::nullopt);
}

TEST_F(TimelineSceneTest, BookmarksComeBackToWhatWasSeen) {
  scene_.zoom_to({100'000, 900'000});
  scene_.set_bookmark(4, 500'000);
  scene_.set_note(4, "here");
  scene_.set_note(5, "nowhere");
  scene_.fit();
  EXPECT_FALSE(scene_.go_to_bookmark(5));
  EXPECT_TRUE(scene_.go_to_bookmark(4));
  EXPECT_EQ(scene_.view(), (TimeSpan{100'000, 900'000}));
  EXPECT_EQ(scene_.state().bookmarks[4]->note, "here");
  const Picture picture = scene_.picture();
  const Mark* flag = picture.hit(static_cast<float>(scene_.x_of(500'000)) + 3, 5);
  ASSERT_NE(flag, nullptr);
  EXPECT_EQ(flag->target, (Target{.kind = Target::Kind::bookmark, .row = 4}));
}

TEST_F(TimelineSceneTest, HitsAreSteppedThroughAround) {
  scene_.set_hits({{.kind = Target::Kind::stall, .row = 2}, {.kind = Target::Kind::stall, .row = 9}});
  ASSERT_TRUE(scene_.next_hit(1));
  EXPECT_EQ(scene_.state().selected.row, 2U);
  ASSERT_TRUE(scene_.next_hit(1));
  EXPECT_EQ(scene_.state().selected.row, 9U);
  ASSERT_TRUE(scene_.next_hit(1));
  EXPECT_EQ(scene_.state().selected.row, 2U);
  ASSERT_TRUE(scene_.next_hit(-1));
  EXPECT_EQ(scene_.state().selected.row, 9U);
}

TEST(TimelineSceneOfNothing, HasAPicture) {
  const RunRecord run;
  const auto tracks = RunTracks::build(run);
  ASSERT_TRUE(tracks.ok());
  TimelineScene scene(**tracks);
  for (const int size : {1, 20, 300}) {
    scene.resize(size, size);
    const Picture picture = scene.picture();
    EXPECT_EQ(picture.width, size);
    EXPECT_EQ(Minimap(**tracks).picture(scene.state(), 100, size, 40).width, size);
  }
  EXPECT_FALSE(scene.next_stall(1));
}

TEST_F(TimelineSceneTest, TheMinimapsHeatIsTheShareOfStallTime) {
  Minimap map(*tracks_);
  constexpr int kLeft = 100, kWidth = 700;
  const Picture picture = map.picture(scene_.state(), kLeft, kWidth, Minimap::kHeight);
  const PixelGrid grid(tracks_->span(), kWidth - kLeft);
  double summed = 0;
  int columns = 0;
  for (const Mark& mark : picture.marks) {
    if (mark.ink != Ink::heat) continue;
    for (int x = static_cast<int>(mark.x); x < static_cast<int>(mark.x + mark.w); ++x) {
      const TimeSpan column{grid.edge(x - kLeft), grid.edge(x - kLeft + 1)};
      std::int64_t stalled = 0;
      for (const StallRecord& stall : run_.stalls) {
        const TimeSpan span{stall.begin.count_ps(), stall.end.count_ps()};
        stalled += std::max<std::int64_t>(0, span.common(column).length());
      }
      const double share = static_cast<double>(stalled) / static_cast<double>(column.length());
      EXPECT_NEAR(static_cast<double>(mark.value), share, 1.0 / 32);
      summed += share;
      ++columns;
    }
  }
  EXPECT_EQ(columns, kWidth - kLeft);
  EXPECT_GT(summed, 0);
}

TEST_F(TimelineSceneTest, TheMinimapMovesTheWindow) {
  Minimap map(*tracks_);
  const TimeSpan view{0, 1'000'000};
  const TimeSpan moved = map.view_around(view, 400, 100, 700);
  EXPECT_EQ(moved.length(), view.length());
  EXPECT_NEAR(static_cast<double>(moved.first + moved.length() / 2),
              static_cast<double>(tracks_->span().last) / 2, 2);
}

TEST(TimelineScene, ARunOfTheLongestTimeIsMovedBetweenItsEnds) {
  RunRecord run = made_run({.tokens = 1});
  run.steps[0].end = SimTime::at_ps(INT64_C(1) << 62);
  const auto built = RunTracks::build(run);
  ASSERT_TRUE(built.ok());
  TimelineScene scene(**built);
  const TimeSpan all = (*built)->span();
  scene.zoom_at(500, 0.5);
  scene.pan(1e9);
  EXPECT_EQ(scene.view().last, all.last);
  EXPECT_EQ(scene.view().length(), all.length() / 2);
  scene.pan(-1e9);
  EXPECT_EQ(scene.view().first, 0);
  scene.zoom_to({1, INT64_MAX});
  EXPECT_EQ(scene.view().last, all.last);
  EXPECT_GE(scene.time_at(1e12), all.last);
  EXPECT_LT(scene.time_at(-1e12), 0);
  scene.resize(1, 1);
  EXPECT_TRUE(scene.reveal({.kind = Target::Kind::operation, .row = 0}));
  EXPECT_LT(scene.view().length(), all.length());
}

TEST(RowCache, OfALongRunMakesInTwoThreadsWhatTheRowsHold) {
  const RunRecord run = made_run({.tokens = 3000, .layers = 12});
  ASSERT_GT(run.operators.size() + run.loads.size(), 200'000U);
  const auto built = RunTracks::build(run);
  ASSERT_TRUE(built.ok());
  const RunTracks* const tracks = built->get();
  TimelineScene scene(*tracks);
  scene.resize(1000, 700);
  const PixelGrid grid(scene.view(), scene.plot_width());
  RowCache cache(*tracks);
  cache.show(grid);
  const std::vector<TimelineRow> rows = scene.layout().visible();
  cache.prepare(rows);
  EXPECT_EQ(cache.band(), tracks->band().columns(grid));
  std::vector<SliceSpan> spans;
  std::vector<CounterSpan> changes;
  for (const TimelineRow& row : rows) {
    tracks->row(row.track).spans(grid, spans);
    EXPECT_EQ(cache.spans(row.track), spans) << tracks->name_of(row.track);
    tracks->counter(row.track).spans(grid, changes);
    EXPECT_EQ(cache.counter(row.track), changes) << tracks->name_of(row.track);
  }
}

}  // namespace
}  // namespace pregate
