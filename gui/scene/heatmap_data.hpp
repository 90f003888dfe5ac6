// SPDX-License-Identifier: Apache-2.0
// What a run or a trace has for a heatmap: which measures, over which steps, and quick sums of any stretch of
// them. One for a document, shared by its pictures; not for several threads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gui/scene/time_span.hpp"
#include "traces/expert_windows.hpp"
#include "traces/locality_pairs.hpp"

namespace pregate {

class HeatmapData {
 public:
  explicit HeatmapData(std::shared_ptr<const RunRecord> run);
  explicit HeatmapData(std::shared_ptr<const RouteTrace> trace);

  [[nodiscard]] const ModelShape& model() const;
  // "qwen3-30b-a3b"; "oneplus-15r, lru, prefetch none" or the origin of a trace.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& about() const { return about_; }
  // What is said beside a time of a run.
  [[nodiscard]] std::string_view times() const { return run_ != nullptr ? run_->header.times() : "counted"; }
  [[nodiscard]] bool is_run() const { return run_ != nullptr; }
  [[nodiscard]] const std::vector<ExpertMeasure>& measures() const { return measures_; }
  [[nodiscard]] const std::vector<Phase>& phases() const { return phases_; }  // of the steps
  [[nodiscard]] std::size_t steps() const { return phases_.size(); }
  // Whether layers share banks of experts.
  [[nodiscard]] bool shares_banks() const { return shares_banks_; }

  // Made when first asked for. `measure` must be one of measures().
  const ExpertWindows& windows(ExpertMeasure measure, Phases phases);
  // Of the decode steps of a stretch; the last one asked for is kept.
  const LayerPairs& pairs(StepRange range);

  // Steps that overlap the time; of a trace, which has none, all.
  [[nodiscard]] StepRange steps_in(TimeSpan time) const;
  // From the first step's begin to the last one's end; empty where there is no time or no step.
  [[nodiscard]] TimeSpan time_of(StepRange range) const;

 private:
  void look_at(const ModelShape& model);

  std::shared_ptr<const RunRecord> run_;
  std::shared_ptr<const RouteTrace> trace_;
  std::string name_, about_;
  std::vector<ExpertMeasure> measures_;
  std::vector<Phase> phases_;
  bool shares_banks_ = false;
  std::map<std::pair<ExpertMeasure, Phases>, ExpertWindows> windows_;
  StepRange pairs_range_;
  std::optional<LayerPairs> pairs_;
};

}  // namespace pregate
