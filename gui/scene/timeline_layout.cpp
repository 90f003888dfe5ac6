// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/timeline_layout.hpp"

#include <algorithm>

namespace pregate {

// Where there is room, tracks are taller; by the window alone, so that they do not jump as others come and
// go.
int TimelineLayout::height_of(TrackId track) const {
  if (track >= tracks_.fixed().size()) return kLaneHeight;
  const Track& fixed = tracks_.fixed()[track];
  if (fixed.kind == Track::Kind::group) return kGroupHeight;
  constexpr int kTall = 760;
  if (bottom_ - top_ < kTall) return fixed.height;
  return fixed.height + (fixed.kind == Track::Kind::slices ? fixed.height / 5 : fixed.height * 3 / 4);
}

TimelineLayout::TimelineLayout(const RunTracks& tracks, const TimelineState& state, int top, int bottom)
    : tracks_(tracks), state_(state), top_(top), bottom_(std::max(top, bottom)) {
  for (const TrackId track : state.pinned) {
    if (track >= tracks.size()) continue;
    pinned_.push_back({track, pinned_height_, height_of(track)});
    pinned_height_ += pinned_.back().height;
  }
  for (const TrackId track : state.order) {
    if (!shown(track)) continue;
    add(track);
    if (tracks.fixed()[track].kind != Track::Kind::group || state.folded.contains(track)) continue;
    for (TrackId child = 0; child < tracks.fixed().size(); ++child) {
      if (tracks.fixed()[child].group == track && shown(child)) add(child);
    }
    if (track == tracks.expert_group()) add_experts();
  }
}

bool TimelineLayout::shown(TrackId track) const {
  const auto& pinned = state_.pinned;
  return !state_.hidden.contains(track) && std::find(pinned.begin(), pinned.end(), track) == pinned.end();
}

void TimelineLayout::add(TrackId track) {
  const int height = height_of(track);
  blocks_.push_back({track, content_height_, height});
  content_height_ += height;
}

void TimelineLayout::add_experts() {
  const auto& filter = state_.expert_filter;
  for (const ExpertId expert : tracks_.experts().order(state_.expert_order)) {
    const bool chosen = filter.empty() || std::binary_search(filter.begin(), filter.end(), expert);
    if (chosen && shown(tracks_.lane_of(expert))) experts_.push_back(expert);
  }
  blocks_.push_back({kNoTrack, content_height_, static_cast<int>(experts_.size()) * kLaneHeight});
  content_height_ += blocks_.back().height;
}

std::vector<TimelineRow> TimelineLayout::visible() const {
  std::vector<TimelineRow> rows;
  for (const Block& block : pinned_) {
    if (top_ + block.top < bottom_) rows.push_back({block.track, top_ + block.top, block.height, true});
  }
  const int shift = scroll_top() - state_.scroll;
  for (const Block& block : blocks_) {
    const int top = block.top + shift;
    if (top >= bottom_ || top + block.height <= scroll_top()) continue;
    if (block.track != kNoTrack) {
      rows.push_back({block.track, top, block.height});
      continue;
    }
    const int first = std::max(0, (scroll_top() - top) / kLaneHeight);
    for (int i = first; i < static_cast<int>(experts_.size()) && top + i * kLaneHeight < bottom_; ++i) {
      const ExpertId expert = experts_[static_cast<std::size_t>(i)];
      rows.push_back({tracks_.lane_of(expert), top + i * kLaneHeight, kLaneHeight, false, i % 2 == 1});
    }
  }
  return rows;
}

std::optional<TimelineRow> TimelineLayout::find(TrackId track) const {
  for (const Block& block : pinned_) {
    if (block.track == track) return TimelineRow{track, block.top, block.height, true};
  }
  for (const Block& block : blocks_) {
    if (block.track == track && track != kNoTrack) return TimelineRow{track, block.top, block.height};
    if (block.track != kNoTrack || !tracks_.is_expert(track)) continue;
    const auto found = std::find(experts_.begin(), experts_.end(), tracks_.expert_of(track));
    if (found == experts_.end()) continue;
    const auto i = static_cast<int>(found - experts_.begin());
    return TimelineRow{track, block.top + i * kLaneHeight, kLaneHeight};
  }
  return std::nullopt;
}

}  // namespace pregate
