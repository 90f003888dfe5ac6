// SPDX-License-Identifier: Apache-2.0
// A common axis for two runs: prompt k beside prompt k, decoded token k beside decoded token k, and within a
// token layer beside layer and head beside head. A (step, layer) that one run does faster leaves a rest
// empty, so that what belongs together begins together; nothing is stretched. A step that one run alone has
// is a gap of the other.
//
//   const Alignment axis = Alignment::build(a, b);
//   axis.from_time(Side::a, time);  // place on the axis
//
// Where the runs have steps in another order, a step whose counterpart has passed stands alone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "gui/scene/time_span.hpp"
#include "traces/run_record.hpp"

namespace pregate {

enum class Side : std::uint8_t { a, b };

// longer: each interval is as long as the longer of the two. as_a: as long as A's, so that the axis is A's
// own time; then B's are shrunk or spread to fit.
enum class AxisScale : std::uint8_t { longer, as_a };

// A part of a step: what lies before it, one of its layers, or its head.
struct AlignedInterval {
  std::int64_t axis = 0;                   // begin
  std::array<std::int64_t, 2> begin{};     // in the time of each run
  std::array<std::int64_t, 2> duration{};  // 0 where the run has no such part
};

struct AlignedStep {
  std::optional<std::int32_t> a, b;  // at least one
  TimeSpan axis;                     // from its first layer to its last part
  std::size_t first_interval = 0;    // of its first layer; layers and head follow
};

class Alignment {
 public:
  // Of runs that bin_run() takes (run_diff.hpp).
  static Alignment build(const RunRecord& a, const RunRecord& b, AxisScale scale = AxisScale::longer);

  [[nodiscard]] TimeSpan span() const { return {0, end_}; }
  [[nodiscard]] AxisScale scale() const { return scale_; }
  [[nodiscard]] std::size_t layers() const { return layers_; }  // of the deeper run
  [[nodiscard]] const std::vector<AlignedStep>& steps() const { return steps_; }
  // In order of the axis.
  [[nodiscard]] const std::vector<AlignedInterval>& intervals() const { return intervals_; }
  // The interval's length on the axis.
  [[nodiscard]] std::int64_t width(std::size_t interval) const;

  // Both ways never go back. A time at the border of two intervals is the begin of the later one; with
  // `end`, the end of the earlier one.
  [[nodiscard]] std::int64_t from_time(Side side, std::int64_t time, bool end = false) const;
  // In what a run leaves empty its time stands still.
  [[nodiscard]] std::int64_t to_time(Side side, std::int64_t axis) const;
  // The interval that holds the place.
  [[nodiscard]] std::size_t interval_at(std::int64_t axis) const;

 private:
  friend class Aligner;
  [[nodiscard]] std::int64_t place(Side side, std::size_t interval, std::int64_t offset) const;

  AxisScale scale_ = AxisScale::longer;
  std::size_t layers_ = 0;
  std::int64_t end_ = 0;
  std::vector<AlignedStep> steps_;
  std::vector<AlignedInterval> intervals_;
};

}  // namespace pregate
