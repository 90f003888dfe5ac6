// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/run_pair.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/scene/work_rows.hpp"

namespace pregate {
namespace {

// Half of what a timeline shows, for the axis may be as long as both together.
Status check_end(const RunRecord& run) {
  const std::int64_t end = run.steps.empty() ? 0 : run.steps.back().end.count_ps();
  if (end <= kLatestTime / 2) return {};
  return bad_input(fmt::format("times up to {} ps", kLatestTime / 2), fmt::format("{} ps", end), "steps");
}

Result<BinnedRun> bins_of(const RunRecord& run, const char* letter) {
  if (Status fits = check_end(run); !fits) return fits.error().at(letter);
  Result<BinnedRun> bins = bin_run(run);
  if (!bins) return bins.error().at(letter);
  return bins;
}

// A row of one run, moved to the axis.
SliceRow on_axis(const SliceRow& row, const Alignment& axis, Side side) {
  std::vector<Slice> slices(row.slices().begin(), row.slices().end());
  for (Slice& slice : slices) {
    const std::int64_t begin = axis.from_time(side, slice.begin);
    slice.end = std::max(begin, axis.from_time(side, slice.end, true));
    slice.begin = begin;
  }
  // Where intervals are shrunk, a slice of no time may be placed behind the next one's begin.
  for (std::size_t i = 1; i < slices.size(); ++i) {
    slices[i].begin = std::max(slices[i].begin, slices[i - 1].end);
    slices[i].end = std::max(slices[i].end, slices[i].begin);
  }
  return SliceRow(std::move(slices));
}

class DifferenceMaker {
 public:
  void add(const Slice& slice, std::int64_t change) {
    slices_.push_back(slice);
    out_.before.push_back(sum_);
    sum_ += change;
  }
  DifferenceRow make() && {
    out_.before.push_back(sum_);
    out_.row = SliceRow(std::move(slices_));
    return std::move(out_);
  }

 private:
  std::vector<Slice> slices_;
  DifferenceRow out_;
  std::int64_t sum_ = 0;
};

}  // namespace

RunPair::RunPair(const RunRecord& a, const RunRecord& b, BinnedRun bins_a, BinnedRun bins_b, AxisScale scale)
    : a_(a),
      b_(b),
      names_a_(a),
      names_b_(b),
      bins_a_(std::move(bins_a)),
      bins_b_(std::move(bins_b)),
      diff_(diff_runs(bins_a_, bins_b_)),
      axis_(Alignment::build(a, b, scale)),
      remarks_(remarks_of(bins_a_, bins_b_, diff_, 'B')) {
  Result<std::vector<ScenarioChange>> changes =
      scenario_changes(a.header.scenario_text, b.header.scenario_text);
  if (changes) {
    changes_ = std::move(*changes);
  } else {
    remarks_.push_back(fmt::format("What the scenarios change is not known: {}.", changes.error().message()));
  }
}

Result<std::unique_ptr<RunPair>> RunPair::build(const RunRecord& a, const RunRecord& b, AxisScale scale) {
  Result<BinnedRun> bins_a = bins_of(a, "A");
  if (!bins_a) return bins_a.error();
  Result<BinnedRun> bins_b = bins_of(b, "B");
  if (!bins_b) return bins_b.error();
  std::unique_ptr<RunPair> out(new RunPair(a, b, std::move(*bins_a), std::move(*bins_b), scale));
  for (const Side side : {Side::a, Side::b}) {
    if (Status made = out->make_lanes(side); !made) return made.error().at(side == Side::a ? "A" : "B");
  }
  out->make_differences();
  return out;
}

bool RunPair::decoded() const {
  return a_.summary.decode.tokens > 0 && b_.summary.decode.tokens > 0;
}

const PhaseDiff& RunPair::focus() const {
  return decoded() ? diff_.of(Phase::decode) : diff_.all();
}

Status RunPair::make_lanes(Side side) {
  Lanes& to = lanes_[static_cast<std::size_t>(side)];
  const Result<SliceRow> npu = npu_row(run(side)), stalls = stall_row(run(side));
  if (!npu) return npu.error();
  if (!stalls) return stalls.error();
  to.npu = on_axis(*npu, axis_, side);
  to.stalls = on_axis(*stalls, axis_, side);
  std::vector<Slice> steps;
  for (const AlignedStep& step : axis_.steps()) {
    const std::optional<std::int32_t>& row = side == Side::a ? step.a : step.b;
    if (!row) continue;
    const Phase phase = run(side).steps[static_cast<std::size_t>(*row)].phase;
    steps.push_back({.begin = step.axis.first,
                     .end = step.axis.last,
                     .row = static_cast<std::uint32_t>(*row),
                     .kind = Target::Kind::step,
                     .ink = phase == Phase::prefill ? Ink::prefill : Ink::decode});
  }
  to.steps = SliceRow(std::move(steps));
  return {};
}

void RunPair::make_differences() {
  DifferenceMaker by_step, by_layer;
  // A's steps come first in a difference, in order; B's alone are not asked for here.
  for (const AlignedStep& step : axis_.steps()) {
    if (!step.a || !step.b) continue;
    const auto row = static_cast<std::uint32_t>(*step.a);
    by_step.add(
        {.begin = step.axis.first, .end = step.axis.last, .row = row, .kind = Target::Kind::step_pair},
        diff_.steps()[row].sum.change().total().count_ps());
    for (std::size_t column = 0; column <= axis_.layers(); ++column) {
      const std::size_t i = step.first_interval + column;
      const AlignedInterval& interval = axis_.intervals()[i];
      by_layer.add({.begin = interval.axis,
                    .end = interval.axis + axis_.width(i),
                    .row = static_cast<std::uint32_t>(i),
                    .kind = Target::Kind::cell},
                   interval.duration[1] - interval.duration[0]);
    }
  }
  by_step_ = std::move(by_step).make();
  by_layer_ = std::move(by_layer).make();
}

RunPair::Place RunPair::place_of(std::size_t interval) const {
  const auto after =
      std::partition_point(axis_.steps().begin(), axis_.steps().end(),
                           [interval](const AlignedStep& step) { return step.first_interval <= interval; });
  if (after == axis_.steps().begin()) return {};
  const AlignedStep& step = *(after - 1);
  const std::size_t layer = interval - step.first_interval;
  return layer <= axis_.layers() ? Place{&step, layer} : Place{};
}

}  // namespace pregate
