// SPDX-License-Identifier: Apache-2.0
// The timeline of a run without a window: what it shows, how it is moved, and the picture of it. The cost of
// a picture is that of the visible rows and the pixels. Positions are the picture's pixels; rows lie right of
// names_width() and below ruler_height().
//
//   TimelineScene scene(*tracks);
//   scene.resize(1920, 1080);
//   scene.zoom_at(900, 0.5);                    // closer; the time under pixel 900 stays there
//   Picture picture = scene.picture();
//   if (const Mark* mark = picture.hit(x, y)) scene.select(mark->target);
//
// Why a stall happened is told elsewhere; the scene takes the chain of its causes and draws it.
#pragma once

#include <map>

#include "gui/scene/legend.hpp"
#include "gui/scene/picture.hpp"
#include "gui/scene/timeline_layout.hpp"
#include "gui/scene/timeline_state.hpp"

namespace pregate {

// What the rows hold within the view, kept as long as it does not change.
class RowCache {
 public:
  explicit RowCache(const RunTracks& tracks) : tracks_(tracks) {}

  void show(const PixelGrid& grid);
  // Makes what the rows need: of long runs the band and the counters beside the slices, in a second thread.
  void prepare(const std::vector<TimelineRow>& rows);
  [[nodiscard]] const PixelGrid& grid() const { return *grid_; }
  const std::vector<SliceSpan>& spans(TrackId track);
  const std::vector<CounterSpan>& counter(TrackId track);
  const std::vector<Flow::Sums>& band();

 private:
  [[nodiscard]] Track::Kind kind_of(TrackId track) const;

  const RunTracks& tracks_;
  std::optional<PixelGrid> grid_;
  std::map<TrackId, std::vector<SliceSpan>> spans_;
  std::map<TrackId, std::vector<CounterSpan>> counters_;
  std::vector<Flow::Sums> band_;
};

class TimelineScene {
 public:
  // The tracks must outlive it.
  explicit TimelineScene(const RunTracks& tracks);
  TimelineScene(const TimelineScene&) = delete;
  TimelineScene& operator=(const TimelineScene&) = delete;

  [[nodiscard]] const RunTracks& tracks() const { return tracks_; }
  [[nodiscard]] const TimelineState& state() const { return state_; }

  // ---- the view ----
  void resize(int width, int height);
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] int names_width() const;
  [[nodiscard]] int ruler_height() const { return 32; }
  [[nodiscard]] int legend_height() const;
  // Pixels of time.
  [[nodiscard]] int plot_width() const { return std::max(1, width_ - names_width()); }
  [[nodiscard]] TimeSpan view() const { return state_.view; }
  [[nodiscard]] std::int64_t time_at(double x) const;
  [[nodiscard]] double x_of(std::int64_t time) const;

  void fit();
  void zoom_to(TimeSpan span);
  // factor below 1: closer. The time under x stays under it, unless the run's ends are in the way.
  void zoom_at(double x, double factor);
  void pan(double pixels);  // to the right: later
  void scroll(int pixels);  // down
  [[nodiscard]] bool can_scroll() const;

  // ---- tracks ----
  [[nodiscard]] TimelineLayout layout() const;
  [[nodiscard]] std::optional<TrackId> track_at(double y) const;
  void hide(TrackId track);
  void show_all();
  void toggle_pin(TrackId track);
  void toggle_fold(TrackId group);
  // Among those of its kind: pinned ones, those in no group. Those in a group do not move.
  bool move_track(TrackId track, int by);
  // In front of another, or to the end (kNoTrack); of those in no group.
  bool move_before(TrackId track, TrackId other);
  void set_expert_order(ExpertOrder order);
  void set_expert_filter(std::vector<ExpertId> experts);

  // ---- marks ----
  // Kind none: nothing. The span: of the slice that was hit; without it, that of the target.
  void select(const Target& target, std::optional<TimeSpan> span = {});
  void set_area(std::optional<TimeSpan> area);
  void set_cursor(std::optional<std::int64_t> time) { state_.cursor = time; }
  void set_chain(std::vector<Target> chain) { state_.chain = std::move(chain); }
  // In order of time, as they are stepped through.
  void set_hits(std::vector<Target> hits);
  [[nodiscard]] bool is_hit(Target::Kind kind, std::uint64_t row) const;
  // Begins of hits, in order.
  [[nodiscard]] std::span<const std::int64_t> hits_within(TimeSpan span) const;
  void set_bookmarks(Bookmarks bookmarks) { state_.bookmarks = std::move(bookmarks); }
  void set_bookmark(std::size_t number, std::int64_t at);
  void set_note(std::size_t number, std::string note);
  bool go_to_bookmark(std::size_t number);

  // ---- moves: select something and show it; false: there is nothing ----
  bool next_item(int direction);   // of the selected track: 1 or -1
  bool next_stall(int direction);  // from the selection, else from the middle of the view
  bool next_hit(int direction);
  // Scrolls, unfolds and zooms until it is seen.
  bool reveal(const Target& target);

  // The span of the slice behind a mark of the picture.
  [[nodiscard]] std::optional<TimeSpan> span_of(const Mark& mark) const;
  Picture picture();

 private:
  friend class TimelinePicture;
  // Of expert lanes that are kept, 100 MB.
  static constexpr std::size_t kMostLaneSlices = 4'000'000;

  void keep_in_bounds();
  void show_span(TimeSpan span);
  void show_track(TrackId track);
  bool go_to_slice(TrackId track, std::size_t index);

  const RunTracks& tracks_;
  TimelineState state_;
  RowCache cache_;
  std::vector<LegendEntry> legend_;
  std::vector<std::int64_t> hit_times_;
  std::vector<std::pair<Target::Kind, std::uint64_t>> hit_rows_;
  int width_ = 1024, height_ = 600;
};

}  // namespace pregate
