// SPDX-License-Identifier: Apache-2.0
// Everything that the viewer makes of a run that validate_run() passes, looked at from places of its own
// choosing by a seed.
#pragma once

#include <QtGui/QGuiApplication>
#include <QtGui/QImage>
#include <cmath>
#include <memory>

#include "gui/scene/area_table.hpp"
#include "gui/scene/compare_cards.hpp"
#include "gui/scene/explanation.hpp"
#include "gui/scene/heatmap_scene.hpp"
#include "gui/scene/minimap.hpp"
#include "gui/scene/painter.hpp"
#include "gui/scene/search.hpp"
#include "gui/scene/slice_words.hpp"
#include "gui/scene/timeline_scene.hpp"
#include "gui/scene/verdict.hpp"
#include "tests/fuzz/target.hpp"
#include "traces/base/random.hpp"

namespace pregate::fuzz {

// Fonts need one; no window is made.
inline void need_application() {
  static int count = 1;
  static char name[] = "fuzz";
  static char* words[] = {name, nullptr};
  qputenv("QT_QPA_PLATFORM", "offscreen");
  static const QGuiApplication kApplication(count, words);
}

class RunViews {
 public:
  RunViews(std::shared_ptr<const RunRecord> run, std::uint64_t seed)
      : run_(std::move(run)), random_(seed), paints_(seed % 32 == 0) {
    need_application();
  }

  void look() {
    explain();
    find();
    heatmaps();
    page(verdict_of(*run_));
    if (const auto tracks = RunTracks::build(*run_)) {
      ++tracks_made;
      timeline(**tracks);
    } else {
      check(!tracks.error().expected.empty() && !tracks.error().found.empty(), "a refusal says why");
    }
  }

  // Beside another.
  void compare(const RunRecord& other) {
    const bool swapped = random_.chance(0.5);
    const auto pair = RunPair::build(swapped ? other : *run_, swapped ? *run_ : other);
    if (!pair) return;
    ++pairs_made;
    CompareScene scene(**pair);
    page(comparison_of(**pair));
    for (int i = 0; i < 6; ++i) {
      scene.resize(some(1500), some(500));
      scene.set_overlaid(random_.chance(0.5));
      if (random_.chance(0.5)) scene.zoom_at(random_.unit() * 1500, std::pow(10, random_.unit() * 8 - 6));
      if (random_.chance(0.3)) scene.zoom_to({time(), time()});
      if (random_.chance(0.3)) scene.pan(random_.unit() * 1e4 - 5e3);
      if (random_.chance(0.3)) scene.set_area(TimeSpan{time(), time()});
      const Picture picture = scene.picture();
      seen(picture);
      for (const Mark& mark : picture.marks) {
        if (mark.target.kind == Target::Kind::none || !random_.chance(0.1)) continue;
        (void)scene.describe(mark.target);
        (void)scene.in_a(mark.target);
        scene.select(mark.target);
        if (random_.chance(0.3)) (void)scene.reveal(mark.target);
      }
    }
  }

  static inline std::uint64_t tracks_made = 0, pairs_made = 0;

 private:
  using Kind = Target::Kind;
  int some(int most) { return 1 + static_cast<int>(random_.below(static_cast<std::uint64_t>(most))); }
  std::int64_t time() { return static_cast<std::int64_t>(random_.next() >> (2 + random_.below(60))); }
  Target any_target() {
    const auto kind = static_cast<Kind>(random_.below(static_cast<std::uint64_t>(Kind::action) + 1));
    return {.kind = kind, .row = random_.chance(0.02) ? random_.next() : random_.below(80)};
  }

  // What is drawn lies somewhere, and what is hit was drawn.
  void seen(const Picture& picture) {
    for (const Mark& mark : picture.marks) {
      check(std::isfinite(mark.x) && std::isfinite(mark.y) && std::isfinite(mark.w) &&
                std::isfinite(mark.h) && std::isfinite(mark.value),
            "a mark has a place");
      (void)picture.text_of(mark);
    }
    (void)picture.hit(static_cast<float>(some(1000)), static_cast<float>(some(600)));
    if (!paints_) return;
    QImage image(std::clamp(picture.width, 1, 600), std::clamp(picture.height, 1, 400), QImage::Format_RGB32);
    QPainter painter(&image);
    paint(painter, picture, Theme::light(), labels_);
  }

  void page(const CardPage& page) {
    (void)plain_text(page);
    (void)csv_of(page);
    seen(picture_of(page, 200 + some(1000)));
  }

  void explain() {
    const Explainer why(*run_);
    for (int i = 0; i < 60; ++i) {
      const Explanation text = why.explain(any_target());
      check(text.empty() || !text.plain().empty(), "an explanation has words");
      for (const Target& link : text.chain) (void)why.explain(link);
    }
    (void)why.explain_cell(LayerId(static_cast<std::uint32_t>(random_.below(8))),
                           ExpertId(static_cast<std::uint32_t>(random_.below(40))));
  }

  void find() {
    const RunNames names(*run_);
    for (const char* text :
         {"attention", "cause:late", "longer:1us", "kind:eviction", "expert:1..7 reload:yes", "kind:lookup",
          "kind:event", "shorter:1ms bank:0", "step:..3", "kind:step"}) {
      const auto query = parse_query(text);
      check(query.ok(), "a query of the help is one");
      hits_ = search(*run_, names, *query);
      if (random_.chance(0.2)) break;
    }
  }

  void heatmaps() {
    HeatmapData data(run_);
    for (const ExpertMeasure measure : data.measures()) {
      HeatmapOptions options{.view = static_cast<HeatmapView>(random_.below(data.shares_banks() ? 2 : 1)),
                             .measure = measure,
                             .phases = static_cast<Phases>(random_.below(3))};
      options.look = {.rows = static_cast<HeatRows>(random_.below(2)),
                      .scaling = static_cast<HeatScaling>(random_.below(2)),
                      .colours = static_cast<HeatColours>(random_.below(2)),
                      .order = static_cast<HeatOrder>(random_.below(2))};
      if (random_.chance(0.3)) options.steps = data.steps_in({time(), time()});
      const HeatmapScene scene(data, options);
      const Picture picture = scene.picture(some(1200), some(700));
      seen(picture);
      (void)scene.csv();
      (void)scene.summary();
      for (const Mark& mark : picture.marks) {
        if (mark.target.kind != Kind::none && random_.chance(0.1)) (void)scene.tip(mark.target);
      }
    }
  }

  void timeline(const RunTracks& tracks) {
    TimelineScene scene(tracks);
    Minimap map(tracks);
    scene.set_hits(hits_);
    for (int i = 0; i < 12; ++i) {
      for (int moves = some(4); moves > 0; --moves) move(scene, tracks);
      const Picture picture = scene.picture();
      seen(picture);
      for (const Mark& mark : picture.marks) {
        if (mark.target.kind == Kind::none || !random_.chance(0.05)) continue;
        (void)scene.tip(mark, mark.x);
        const auto span = scene.span_of(mark);
        if (random_.chance(0.2)) scene.select(mark.target, span);
      }
      seen(map.picture(scene.state(), scene.names_width(), scene.width(), Minimap::kHeight));
    }
    const TimeSpan area = scene.state().area.value_or(tracks.span());
    (void)area_table(tracks, area).to_csv();
  }

  void move(TimelineScene& scene, const RunTracks& tracks) {
    const double x = random_.unit() * scene.width(), y = random_.unit() * scene.height();
    const int direction = random_.chance(0.5) ? 1 : -1;
    const auto track = static_cast<TrackId>(random_.below(tracks.size() + 1));
    switch (random_.below(16)) {
      case 0:
        return scene.resize(some(1600), some(900));
      case 1:
        return scene.fit();
      case 2:
        return scene.zoom_to({time(), time()});
      case 3:
      case 4:
        return scene.zoom_at(x, std::pow(10, random_.unit() * 8 - 6));
      case 5:
        return scene.pan(random_.unit() * 1e4 - 5e3);
      case 6:
        return scene.scroll(some(400) * direction);
      case 7:
        return scene.toggle_fold(random_.chance(0.5) ? tracks.expert_group() : track);
      case 8:
        return scene.set_area(TimeSpan{time(), scene.time_at(x)});
      case 9:
        (void)scene.next_item(direction);
        return (void)scene.next_hit(direction);
      case 10:
        return (void)scene.next_stall(direction);
      case 11: {
        const Target target = any_target();
        if (!scene.reveal(target)) return;
        (void)describe(tracks, target);
        return scene.set_chain(Explainer(*run_).explain(target).chain);
      }
      case 12:
        scene.set_cursor(scene.snapped(x, y));
        return scene.set_bookmark(random_.below(10), scene.time_at(x));
      case 13:
        return scene.set_expert_order(static_cast<ExpertOrder>(random_.below(3)));
      case 14:
        return scene.toggle_pin(track);
      default:
        return (void)scene.go_to_bookmark(random_.below(10));
    }
  }

  std::shared_ptr<const RunRecord> run_;
  Random random_;
  bool paints_;
  LabelCache labels_;
  std::vector<Target> hits_;
};

}  // namespace pregate::fuzz
