// SPDX-License-Identifier: Apache-2.0
// The whole run in a strip: its steps, below them how much of each pixel's time was stalls (heat), the window
// that the timeline shows, bookmarks and the area. A press or drag on it moves the window.
#pragma once

#include "gui/scene/timeline_state.hpp"

namespace pregate {

class Minimap {
 public:
  static constexpr int kHeight = 40;

  explicit Minimap(const RunTracks& tracks) : tracks_(tracks) {}

  // `left`: where time begins, so that it stands above the timeline's.
  Picture picture(const TimelineState& state, int left, int width, int height);
  // The view of unchanged length around the time at x.
  [[nodiscard]] TimeSpan view_around(TimeSpan view, double x, int left, int width) const;
  [[nodiscard]] std::int64_t time_at(double x, int left, int width) const;

 private:
  void draw_steps(Picture& picture, int left, int top, int height);
  void draw_heat(Picture& picture, int left, int top, int height) const;

  const RunTracks& tracks_;
  std::vector<Flow::Sums> stalls_;  // by column; kept while the width is
  std::vector<SliceSpan> steps_;
  std::optional<PixelGrid> grid_;
};

}  // namespace pregate
