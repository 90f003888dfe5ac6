// SPDX-License-Identifier: Apache-2.0
// What a user has set in a timeline: where it looks, which tracks it shows in which order, what is marked.
// Plain values; timeline_scene.hpp keeps them in order.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gui/scene/expert_lanes.hpp"
#include "gui/scene/run_tracks.hpp"

namespace pregate {

// A place to come back to: a time, what was looked at, and a note.
struct Bookmark {
  std::int64_t at = 0;
  TimeSpan view;
  std::string note;

  friend bool operator==(const Bookmark&, const Bookmark&) = default;
};
using Bookmarks = std::array<std::optional<Bookmark>, 10>;

struct TimelineState {
  TimeSpan view;
  int scroll = 0;  // pixels of rows above the visible ones

  std::vector<TrackId> order;   // tracks that lie in no group
  std::vector<TrackId> pinned;  // above all others
  std::set<TrackId> hidden;
  std::set<TrackId> folded;  // groups
  ExpertOrder expert_order = ExpertOrder::by_id;
  std::vector<ExpertId> expert_filter;  // empty: all

  Target selected;
  TimeSpan selected_span;  // of the slice that is selected
  std::optional<TimeSpan> area;
  std::optional<std::int64_t> cursor;  // the time under the mouse
  std::vector<Target> chain;           // cause after cause
  std::vector<Target> hits;            // of the search
  Bookmarks bookmarks;
};

}  // namespace pregate
