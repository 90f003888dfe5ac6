// SPDX-License-Identifier: Apache-2.0
// Which track lies where: rows one under the other, pinned ones above that do not scroll. Expert lanes, of
// which there may be thousands, are one block of equal rows, so that only what is visible is laid out.
#pragma once

#include <vector>

#include "gui/scene/timeline_state.hpp"

namespace pregate {

struct TimelineRow {
  TrackId track = kNoTrack;
  int top = 0, height = 0;  // pixels of the picture; top may lie above the place for rows
  bool pinned = false;
  bool shaded = false;  // every second lane

  friend bool operator==(const TimelineRow&, const TimelineRow&) = default;
};

class TimelineLayout {
 public:
  static constexpr int kLaneHeight = 14;
  static constexpr int kGroupHeight = 18;

  // `top` to `bottom`: the place for rows.
  TimelineLayout(const RunTracks& tracks, const TimelineState& state, int top, int bottom);

  // From top to bottom, pinned ones first: those that are at least partly visible.
  [[nodiscard]] std::vector<TimelineRow> visible() const;
  // Where the scrolled rows begin.
  [[nodiscard]] int scroll_top() const { return top_ + pinned_height_; }
  [[nodiscard]] int bottom() const { return bottom_; }
  // Of all rows that scroll; how far that is possible.
  [[nodiscard]] int content_height() const { return content_height_; }
  [[nodiscard]] int most_scroll() const { return std::max(0, content_height_ - (bottom_ - scroll_top())); }
  // A track's row within the content, if it is shown; pinned rows: within the pinned ones.
  [[nodiscard]] std::optional<TimelineRow> find(TrackId track) const;
  // The lanes as they are ordered and filtered.
  [[nodiscard]] const std::vector<ExpertId>& experts() const { return experts_; }

 private:
  struct Block {
    TrackId track = kNoTrack;  // kNoTrack: the expert lanes
    int top = 0, height = 0;
  };
  [[nodiscard]] int height_of(TrackId track) const;
  void add(TrackId track);
  void add_experts();
  [[nodiscard]] bool shown(TrackId track) const;

  const RunTracks& tracks_;
  const TimelineState& state_;
  int top_, bottom_;
  int pinned_height_ = 0, content_height_ = 0;
  std::vector<Block> pinned_, blocks_;
  std::vector<ExpertId> experts_;
};

}  // namespace pregate
