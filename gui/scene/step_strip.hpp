// SPDX-License-Identifier: Apache-2.0
// A strip over the steps of a run, under a heatmap: how much of a measure falls on each, and the stretch that
// is looked at, with a handle at each end. Geometry only: the widget (step_slider.hpp) drags.
#pragma once

#include <vector>

#include "gui/scene/picture.hpp"
#include "traces/route_trace.hpp"

namespace pregate {

class StepStrip {
 public:
  // One sum a step, and its phase; both may be empty. The vectors must outlive the strip.
  StepStrip(const std::vector<double>& sums, const std::vector<Phase>& phases);

  // Once the sums have changed.
  void measure();

  // What a point of the strip is for.
  enum class Part : std::uint8_t { outside, first, end, range };
  [[nodiscard]] Part part_at(float x, int width, StepRange range) const;
  // The step under x, from 0 to the last one; and the boundary between steps that is nearest.
  [[nodiscard]] std::size_t step_at(float x, int width) const;
  [[nodiscard]] std::size_t boundary_at(float x, int width) const;
  [[nodiscard]] float x_of(std::size_t boundary, int width) const;

  // A range of this length around its old place, moved by so many steps and kept inside.
  [[nodiscard]] StepRange moved(StepRange range, std::int64_t by) const;
  // With its end cut to the last step.
  [[nodiscard]] StepRange whole(StepRange range) const;
  [[nodiscard]] std::size_t steps() const { return phases_.size(); }

  [[nodiscard]] Picture picture(int width, int height, StepRange range) const;

 private:
  const std::vector<double>& sums_;
  const std::vector<Phase>& phases_;
  double most_ = 0;  // that has the full height: of decode steps, which a prompt would dwarf
};

}  // namespace pregate
