// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/heatmap_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace pregate {

HeatmapData::HeatmapData(std::shared_ptr<const RunRecord> run) : run_(std::move(run)) {
  name_ = run_->header.model;
  about_ = fmt::format("{}, {}, {} routing", run_->header.device, run_->header.policy,
                       to_text(run_->header.origin));
  for (const StepRecord& step : run_->steps) phases_.push_back(step.phase);
  look_at(run_->model);
}

HeatmapData::HeatmapData(std::shared_ptr<const RouteTrace> trace) : trace_(std::move(trace)) {
  name_ = trace_->header.model.name;
  about_ = fmt::format("{} routing", to_text(trace_->header.origin));
  for (const RouteStep& step : trace_->steps) phases_.push_back(step.phase);
  look_at(trace_->header.model);
}

void HeatmapData::look_at(const ModelShape& model) {
  for (int m = 0; m < kExpertMeasures; ++m) {
    const auto measure = static_cast<ExpertMeasure>(m);
    if (run_ ? has_measure(*run_, measure) : has_measure(*trace_, measure)) measures_.push_back(measure);
  }
  std::set<BankId> seen;
  for (const LayerShape& layer : model.layers) {
    if (layer.is_moe() && !seen.insert(layer.bank).second) shares_banks_ = true;
  }
}

const ModelShape& HeatmapData::model() const {
  return run_ ? run_->model : trace_->header.model;
}

const ExpertWindows& HeatmapData::windows(ExpertMeasure measure, Phases phases) {
  const std::pair key(measure, phases);
  const auto found = windows_.find(key);
  if (found != windows_.end()) return found->second;
  Result<ExpertWindows> made =
      run_ ? ExpertWindows::of(*run_, measure, phases) : ExpertWindows::of(*trace_, measure, phases);
  return windows_.emplace(key, std::move(made.value())).first->second;
}

const LayerPairs& HeatmapData::pairs(StepRange range) {
  if (!pairs_ || !(pairs_range_ == range)) {
    pairs_ = run_ ? measure_pairs(*run_, range) : measure_pairs(*trace_, range);
    pairs_range_ = range;
  }
  return *pairs_;
}

StepRange HeatmapData::steps_in(TimeSpan time) const {
  if (!run_) return {};
  StepRange out{.first = steps(), .end = 0};
  for (std::size_t s = 0; s < steps(); ++s) {
    const StepRecord& step = run_->steps[s];
    if (step.begin.count_ps() >= time.last || step.end.count_ps() <= time.first) continue;
    out.first = std::min(out.first, s);
    out.end = s + 1;
  }
  return out.end == 0 ? StepRange{.first = 0, .end = 0} : out;
}

TimeSpan HeatmapData::time_of(StepRange range) const {
  const std::size_t end = std::min(range.end, steps());
  if (!run_ || range.first >= end) return {};
  return {run_->steps[range.first].begin.count_ps(), run_->steps[end - 1].end.count_ps()};
}

}  // namespace pregate
