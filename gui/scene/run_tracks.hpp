// SPDX-License-Identifier: Apache-2.0
// A run as the tracks of a timeline, from top to bottom: tokens, layers, the compute unit, stalls, flash
// lanes and the queue before them, DRAM bandwidth, cache occupancy, the life of each expert. Made once a run,
// in two threads; what is drawn of it is the business of timeline_scene.
//
//   auto tracks = RunTracks::build(run);              // error: the record contradicts itself
//   const SliceRow& row = (*tracks)->row(tracks->npu());
//
// A track is known by its number: first the fixed ones, then a lane for each expert.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/scene/counter_row.hpp"
#include "gui/scene/dram_band.hpp"
#include "gui/scene/expert_lanes.hpp"
#include "gui/scene/flash_lanes.hpp"
#include "gui/scene/lod.hpp"
#include "gui/scene/run_names.hpp"
#include "traces/base/result.hpp"
#include "traces/run_record.hpp"

namespace pregate {

using TrackId = std::uint32_t;
inline constexpr TrackId kNoTrack = UINT32_MAX;

struct Track {
  enum class Kind : std::uint8_t { group, slices, counter, band };
  Kind kind = Kind::slices;
  std::string name;
  std::string about;  // a sentence: what is shown, and what of it is not exact
  int height = 20;
  TrackId group = kNoTrack;  // it lies in; groups lie in none
  std::uint32_t data = 0;    // which row or counter
};

class RunTracks {
 public:
  // The run must outlive it. Errors: slices that overlap, times before the start, a load that arrives before
  // it starts; the place names table and row.
  static Result<std::unique_ptr<RunTracks>> build(const RunRecord& run);
  RunTracks(const RunTracks&) = delete;
  RunTracks& operator=(const RunTracks&) = delete;

  [[nodiscard]] const RunRecord& run() const { return run_; }
  [[nodiscard]] const RunNames& names() const { return names_; }
  // From 0 to the last thing that happens; not empty.
  [[nodiscard]] TimeSpan span() const { return {0, end_}; }

  [[nodiscard]] const std::vector<Track>& fixed() const { return tracks_; }
  [[nodiscard]] std::size_t size() const { return tracks_.size() + experts_->size(); }
  [[nodiscard]] bool is_expert(TrackId track) const { return track >= tracks_.size() && track < size(); }
  [[nodiscard]] TrackId lane_of(ExpertId expert) const {
    return static_cast<TrackId>(tracks_.size()) + expert.value();
  }
  [[nodiscard]] ExpertId expert_of(TrackId lane) const {
    return ExpertId(lane - static_cast<TrackId>(tracks_.size()));
  }
  [[nodiscard]] std::string name_of(TrackId track) const;

  // kNoTrack where the run has nothing to show there.
  [[nodiscard]] TrackId steps() const { return steps_; }
  [[nodiscard]] TrackId layers() const { return layers_; }
  [[nodiscard]] TrackId npu() const { return npu_; }
  [[nodiscard]] TrackId stalls() const { return stalls_; }
  [[nodiscard]] TrackId flash() const { return flash_; }  // the group
  [[nodiscard]] TrackId band_track() const { return band_track_; }
  [[nodiscard]] TrackId occupancy() const { return counter_track_[0]; }
  [[nodiscard]] TrackId queue() const { return counter_track_[1]; }
  [[nodiscard]] TrackId expert_group() const { return expert_group_; }

  // Of a track of slices, an expert's lane among them; an empty one for others.
  [[nodiscard]] const SliceRow& row(TrackId track) const;
  [[nodiscard]] const CounterRow& counter(TrackId track) const;
  [[nodiscard]] const DramBand& band() const { return band_; }
  [[nodiscard]] std::span<const SliceRow> flash_rows() const { return lanes_.lanes; }
  [[nodiscard]] ExpertLanes& experts() const { return *experts_; }
  // Of all rows but the experts' (SliceRow::inks).
  [[nodiscard]] std::uint64_t inks() const;
  // Time of stalls; channel 0.
  [[nodiscard]] const Flow& stall_flow() const { return stall_flow_; }
  // What the scenario says of the device; or why it says nothing.
  [[nodiscard]] const Result<DeviceLimits>& limits() const { return limits_; }

  // Where a target lies. Empty: nowhere on the timeline.
  struct Place {
    TrackId track = kNoTrack;
    TimeSpan span;
    friend bool operator==(const Place&, const Place&) = default;
  };
  [[nodiscard]] std::optional<Place> locate(const Target& target) const;
  // The slice of a row that stands for the target, nearest to the time.
  [[nodiscard]] std::optional<std::size_t> find(TrackId track, const Target& target, std::int64_t near) const;

 private:
  explicit RunTracks(const RunRecord& run)
      : run_(run), names_(run), limits_(bad_input("a scenario", "none")) {}
  [[nodiscard]] std::optional<Place> place_of_load(std::size_t row) const;
  Status make_work_rows();
  Status make_device_rows();
  Status make_counters();
  void name_tracks();
  TrackId add(Track track);

  const RunRecord& run_;
  RunNames names_;
  std::int64_t end_ = 1;
  std::vector<Track> tracks_;
  SliceRow step_row_, layer_row_, npu_row_, stall_row_, none_;
  FlashLanes lanes_;
  std::array<CounterRow, kCounterNames.size()> counters_;
  CounterRow no_counter_;
  DramBand band_;
  Flow stall_flow_;
  std::unique_ptr<ExpertLanes> experts_;
  Result<DeviceLimits> limits_;
  TrackId steps_ = kNoTrack, layers_ = kNoTrack, npu_ = kNoTrack, stalls_ = kNoTrack, flash_ = kNoTrack,
          first_lane_ = kNoTrack, band_track_ = kNoTrack, expert_group_ = kNoTrack;
  std::array<TrackId, kCounterNames.size()> counter_track_{kNoTrack, kNoTrack, kNoTrack};
};

}  // namespace pregate
