// SPDX-License-Identifier: Apache-2.0
// The timeline on a made run of ten million slices on about 40 rows (PREGATE_BENCH_SLICES changes the
// number): from the file to the first picture, and frames of 1920x1080 on a QImage. Targets: the first
// picture within 2 s of opening, a frame under 16 ms.
#include <benchmark/benchmark.h>

#include <QtGui/QGuiApplication>
#include <QtGui/QImage>
#include <cstdlib>
#include <filesystem>

#include "gui/scene/area_table.hpp"
#include "gui/scene/minimap.hpp"
#include "gui/scene/painter.hpp"
#include "gui/scene/timeline_scene.hpp"
#include "tests/scene/made_run.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

constexpr int kWidth = 1920, kHeight = 1080;

std::size_t wanted_slices() {
  const char* text = std::getenv("PREGATE_BENCH_SLICES");
  return text == nullptr ? 10'000'000 : std::strtoull(text, nullptr, 10);
}

std::size_t slices_of(const RunTracks& tracks) {
  std::size_t count = 0;
  for (TrackId track = 0; track < tracks.fixed().size(); ++track) count += tracks.row(track).slices().size();
  return count;
}

// 32 layers, each with a bank and 8 experts chosen: about 530 slices a token.
const RunRecord& big_run() {
  static const RunRecord run = [] {
    fixtures::MadeRunShape shape{.layers = 32,
                                 .layers_a_bank = 1,
                                 .experts = 64,
                                 .top_k = 8,
                                 .resident = 1200,
                                 .lanes = 30,
                                 .prefetches = 8,
                                 .load_time = 12};
    shape.tokens = static_cast<int>(wanted_slices() / 530);
    return fixtures::made_run(shape);
  }();
  return run;
}

const RunTracks& big_tracks() {
  static const auto tracks = [] {
    auto built = RunTracks::build(big_run());
    check(built.ok(), "a made run has tracks");
    return std::move(*built);
  }();
  return *tracks;
}

const std::string& big_file() {
  static const std::string path = [] {
    std::string file = (std::filesystem::temp_directory_path() / "pregate_timeline_bench.run").string();
    check(write_run(file, big_run()).ok(), "a made run can be written");
    return file;
  }();
  return path;
}

void add_rows(benchmark::State& state, const RunTracks& tracks) {
  state.counters["slices"] = static_cast<double>(slices_of(tracks));
  state.counters["rows"] = static_cast<double>(tracks.fixed().size());
}

class Frame {
 public:
  Frame() : image_(kWidth, kHeight, QImage::Format_RGB32) {}
  void draw(const Picture& picture) {
    QPainter painter(&image_);
    paint(painter, picture, Theme::light(), labels_);
  }

 private:
  QImage image_;
  LabelCache labels_;
};

void BM_ReadRunFile(benchmark::State& state) {
  const std::string& path = big_file();
  for (auto _ : state) {
    auto run = read_run(path);
    check(run.ok(), "it reads");
    benchmark::DoNotOptimize(*run);
  }
  state.counters["file_MB"] = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
}
BENCHMARK(BM_ReadRunFile)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

void BM_BuildTracks(benchmark::State& state) {
  const RunRecord& run = big_run();
  for (auto _ : state) {
    auto tracks = RunTracks::build(run);
    benchmark::DoNotOptimize(*tracks);
  }
  add_rows(state, big_tracks());
}
BENCHMARK(BM_BuildTracks)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_FirstPictureFromFile(benchmark::State& state) {
  const std::string& path = big_file();
  for (auto _ : state) {
    auto run = read_run(path);
    auto tracks = RunTracks::build(*run);
    TimelineScene scene(**tracks);
    scene.resize(kWidth, kHeight);
    Frame frame;
    frame.draw(scene.picture());
  }
}
BENCHMARK(BM_FirstPictureFromFile)->Unit(benchmark::kMillisecond)->UseRealTime();

// Views of 1 / range(0) of the run, each a step further, so that no frame finds the one before. Picture and
// paint.
void BM_Frame(benchmark::State& state) {
  TimelineScene scene(big_tracks());
  scene.resize(kWidth, kHeight);
  const std::int64_t all = big_tracks().span().length(), length = all / state.range(0);
  std::int64_t shift = 0;
  std::size_t marks = 0;
  Frame frame;
  for (auto _ : state) {
    shift = (shift + length / 997 + 1) % (all - length + 1 + all / 300);
    // Where everything is seen nothing can move: each frame is a little closer than the one before.
    scene.zoom_to({shift, shift + length - (state.range(0) == 1 ? shift : 0)});
    const Picture picture = scene.picture();
    marks = picture.marks.size();
    frame.draw(picture);
  }
  state.counters["marks"] = static_cast<double>(marks);
  add_rows(state, big_tracks());
}
BENCHMARK(BM_Frame)->Arg(1)->Arg(3)->Arg(10)->Arg(1'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// The same view again: the cursor moves, something is selected.
void BM_FrameOfTheSameView(benchmark::State& state) {
  TimelineScene scene(big_tracks());
  scene.resize(kWidth, kHeight);
  Frame frame;
  std::int64_t time = 0;
  for (auto _ : state) {
    scene.set_cursor(time += 1'000'000'000);
    frame.draw(scene.picture());
  }
}
BENCHMARK(BM_FrameOfTheSameView)->Unit(benchmark::kMillisecond);

void BM_PictureOnly(benchmark::State& state) {
  TimelineScene scene(big_tracks());
  scene.resize(kWidth, kHeight);
  const std::int64_t all = big_tracks().span().length();
  std::int64_t shift = 0;
  for (auto _ : state) {
    shift = (shift + 1'000'003) % (all / 1000);
    scene.zoom_to({shift, all});
    benchmark::DoNotOptimize(scene.picture());
  }
}
BENCHMARK(BM_PictureOnly)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// All lanes of experts that fit, new ones in each frame.
void BM_FrameOfNewExpertLanes(benchmark::State& state) {
  const RunTracks& tracks = big_tracks();
  TimelineScene scene(tracks);
  scene.resize(kWidth, kHeight);
  scene.toggle_fold(tracks.expert_group());
  Frame frame;
  for (auto _ : state) {
    scene.scroll(14);
    if (scene.state().scroll == scene.layout().most_scroll()) scene.scroll(-1'000'000);
    frame.draw(scene.picture());
  }
}
BENCHMARK(BM_FrameOfNewExpertLanes)->Unit(benchmark::kMillisecond);

void BM_HitTest(benchmark::State& state) {
  TimelineScene scene(big_tracks());
  scene.resize(kWidth, kHeight);
  const Picture picture = scene.picture();
  Random random(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        picture.hit(static_cast<float>(random.below(kWidth)), static_cast<float>(random.below(kHeight))));
  }
}
BENCHMARK(BM_HitTest)->Unit(benchmark::kMicrosecond);

void BM_AreaTableOfEverything(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(area_table(big_tracks(), big_tracks().span()));
}
BENCHMARK(BM_AreaTableOfEverything)->Unit(benchmark::kMillisecond);

void BM_Minimap(benchmark::State& state) {
  const TimelineScene scene(big_tracks());
  int width = kWidth;
  Minimap map(big_tracks());
  for (auto _ : state) {
    width = width == kWidth ? kWidth - 1 : kWidth;  // another width: nothing is kept
    benchmark::DoNotOptimize(map.picture(scene.state(), 128, width, Minimap::kHeight));
  }
}
BENCHMARK(BM_Minimap)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pregate

int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  const QGuiApplication application(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  std::error_code ignored;
  std::filesystem::remove(std::filesystem::temp_directory_path() / "pregate_timeline_bench.run", ignored);
  return 0;
}
