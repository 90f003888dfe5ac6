// SPDX-License-Identifier: Apache-2.0
#include "gui/render.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/documents.hpp"
#include "gui/scene/card.hpp"
#include "gui/scene/compare_cards.hpp"
#include "gui/scene/compare_scene.hpp"
#include "gui/scene/heatmap_scene.hpp"
#include "gui/scene/painter.hpp"
#include "gui/scene/sweep_scene.hpp"
#include "gui/scene/timeline_scene.hpp"
#include "gui/scene/verdict.hpp"
#include "gui/sweep_file.hpp"
#include "traces/import.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

// Lanes of experts are made within a moment.
constexpr std::size_t kFewLookups = 1'000'000;

Status save(const RenderRequest& request, const Picture& picture) {
  return save_picture(picture, request.dark ? Theme::dark() : Theme::light(), request.out, request.scale);
}

Result<std::shared_ptr<const RunDocument>> open_run(const std::string& path) {
  auto run = read_run(path);
  if (!run) return run.error();
  return RunDocument::make(path, std::move(*run));
}

// The time of --range; without it all of the run.
Result<TimeSpan> range_of(const RenderRequest& request, const RunDocument& document) {
  const TimeSpan all = document.tracks->span();
  if (request.range) {
    const TimeSpan common = request.range->common(all);
    if (!common.empty()) return common;
    return bad_input(fmt::format("a time before the end, {}", to_text(Duration::ps(all.last))),
                     to_text(Duration::ps(request.range->first)))
        .at("--range");
  }
  if (!request.tokens) return all;
  TimeSpan span{INT64_MAX, 0};
  std::int32_t last = 0;
  for (std::size_t i = 0; i < document.run.steps.size(); ++i) {
    const StepRecord& step = document.run.steps[i];
    if (step.phase != Phase::decode) continue;
    last = document.why->names().number_of(static_cast<std::int32_t>(i));
    if (last < request.tokens->first || last > request.tokens->second) continue;
    span.first = std::min(span.first, step.begin.count_ps());
    span.last = std::max(span.last, step.end.count_ps());
  }
  if (!span.empty()) return span;
  return bad_input(fmt::format("a decoded token up to {}", last), fmt::format("{}", request.tokens->first))
      .at("--range");
}

Status render_timeline(const RenderRequest& request) {
  const auto document = open_run(request.files.front());
  if (!document) return document.error();
  const auto span = range_of(request, **document);
  if (!span) return span.error();
  TimelineScene scene(*(*document)->tracks);
  scene.resize(request.width, request.height);
  scene.zoom_to(*span);
  // A still picture cannot be unfolded by whoever looks at it.
  const RunTracks& tracks = *(*document)->tracks;
  if ((*document)->run.lookups.size() <= kFewLookups) scene.toggle_fold(tracks.expert_group());
  return save(request, scene.picture());
}

Status render_verdict(const RenderRequest& request) {
  const auto document = open_run(request.files.front());
  if (!document) return document.error();
  return save(request, picture_of(verdict_of((*document)->run), request.width, request.height));
}

Status render_compare(const RenderRequest& request) {
  const auto a = open_run(request.files[0]), b = open_run(request.files[1]);
  if (!a) return a.error();
  if (!b) return b.error();
  const auto pair = RunPair::build((*a)->run, (*b)->run);
  if (!pair) return pair.error();
  return save(request, picture_of_comparison(CompareScene(**pair), comparison_of(**pair), request.width,
                                             request.height));
}

Status draw_heatmap(const RenderRequest& request, HeatmapData& data) {
  auto options = heatmap_options(data, request.measure, request.view);
  if (!options) return options.error();
  if (request.range) options->steps = data.steps_in(*request.range);
  return save(request, HeatmapScene(data, *options).picture(request.width, request.height));
}

Status render_heatmap(const RenderRequest& request) {
  const std::string& path = request.files.front();
  const auto kind = file_kind(path);
  if (!kind) return kind.error();
  if (*kind == FileKind::run) {
    auto run = read_run(path);
    if (!run) return run.error();
    HeatmapData data(std::make_shared<const RunRecord>(std::move(*run)));
    return draw_heatmap(request, data);
  }
  if (*kind == FileKind::sweep) return bad_input("a run or a routing trace", "a sweep").at(path);
  auto trace = load_trace(path);
  if (!trace) return trace.error();
  HeatmapData data(std::make_shared<const RouteTrace>(std::move(*trace)));
  return draw_heatmap(request, data);
}

Status render_sweep(const RenderRequest& request) {
  const auto table = read_sweep_file(request.files.front());
  if (!table) return table.error();
  if (table->columns.empty()) return bad_input("a sweep with rows", "an empty one").at(request.files.front());
  const auto options = sweep_options(*table, request.x, request.y, request.color);
  if (!options) return options.error();
  return save(request, SweepScene(*table, *options).picture(request.width, request.height));
}

}  // namespace

Status render(const RenderRequest& request) {
  switch (request.what) {
    case RenderWhat::timeline:
      return render_timeline(request);
    case RenderWhat::heatmap:
      return render_heatmap(request);
    case RenderWhat::sweep:
      return render_sweep(request);
    case RenderWhat::verdict:
      return render_verdict(request);
    case RenderWhat::compare:
      return render_compare(request);
  }
  return {};
}

}  // namespace pregate
