// SPDX-License-Identifier: Apache-2.0
// Two runs made ready to be compared: their difference (run_diff.hpp), their common axis (alignment.hpp), and
// rows of slices in the axis' own time, so that the level of detail of the timeline draws them (lod.hpp).
// Made once, may be made in the background.
#pragma once

#include <memory>

#include "gui/scene/alignment.hpp"
#include "gui/scene/lod.hpp"
#include "gui/scene/run_names.hpp"
#include "traces/run_waterfall.hpp"
#include "traces/scenario_changes.hpp"

namespace pregate {

// Changes of consecutive parts of the axis, B - A, with their sums.
struct DifferenceRow {
  SliceRow row;                      // row of a slice: see RunPair
  std::vector<std::int64_t> before;  // change of all slices before each, in ps, and of all

  [[nodiscard]] std::int64_t change(const SliceSpan& span) const {
    return before[span.first + span.count] - before[span.first];
  }
};

class RunPair {
 public:
  // Both must outlive it. Errors: a run whose slices do not fill its steps; the file is "A" or "B".
  static Result<std::unique_ptr<RunPair>> build(const RunRecord& a, const RunRecord& b,
                                                AxisScale scale = AxisScale::longer);
  RunPair(const RunPair&) = delete;
  RunPair& operator=(const RunPair&) = delete;

  [[nodiscard]] const RunRecord& run(Side side) const { return side == Side::a ? a_ : b_; }
  [[nodiscard]] const RunNames& names(Side side) const { return side == Side::a ? names_a_ : names_b_; }
  [[nodiscard]] const RunDiff& diff() const { return diff_; }
  [[nodiscard]] const Alignment& axis() const { return axis_; }
  [[nodiscard]] const std::vector<ScenarioChange>& changes() const { return changes_; }
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
  // Decode of both, or the whole runs where one has none.
  [[nodiscard]] bool decoded() const;
  [[nodiscard]] const PhaseDiff& focus() const;

  // On the axis; steps take all of their aligned width.
  [[nodiscard]] const SliceRow& steps(Side side) const { return lanes(side).steps; }
  [[nodiscard]] const SliceRow& npu(Side side) const { return lanes(side).npu; }
  [[nodiscard]] const SliceRow& stalls(Side side) const { return lanes(side).stalls; }
  // A slice a step that both have; its row is that of RunDiff::steps().
  [[nodiscard]] const DifferenceRow& by_step() const { return by_step_; }
  // A slice a layer or head that both have; its row is that of Alignment::intervals().
  [[nodiscard]] const DifferenceRow& by_layer() const { return by_layer_; }
  // Of an interval: its step, and its layer (layers(): the head).
  struct Place {
    const AlignedStep* step = nullptr;
    std::size_t layer = 0;
  };
  [[nodiscard]] Place place_of(std::size_t interval) const;

 private:
  struct Lanes {
    SliceRow steps, npu, stalls;
  };
  RunPair(const RunRecord& a, const RunRecord& b, BinnedRun bins_a, BinnedRun bins_b, AxisScale scale);
  [[nodiscard]] const Lanes& lanes(Side side) const { return lanes_[static_cast<std::size_t>(side)]; }
  Status make_lanes(Side side);
  void make_differences();

  const RunRecord &a_, &b_;
  RunNames names_a_, names_b_;
  BinnedRun bins_a_, bins_b_;
  RunDiff diff_;
  Alignment axis_;
  std::vector<ScenarioChange> changes_;
  std::vector<std::string> remarks_;
  std::array<Lanes, 2> lanes_;
  DifferenceRow by_step_, by_layer_;
};

}  // namespace pregate
