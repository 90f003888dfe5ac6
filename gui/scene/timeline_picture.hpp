// SPDX-License-Identifier: Apache-2.0
// Makes the picture of a timeline scene: rows, then what lies over them. Slices are boxes on whole pixels,
// clipped to the place for rows, so that every pixel that a slice colours can be hit.
#pragma once

#include "gui/scene/flow_links.hpp"
#include "gui/scene/time_axis.hpp"
#include "gui/scene/timeline_scene.hpp"

namespace pregate {

class TimelinePicture {
 public:
  explicit TimelinePicture(TimelineScene& scene);
  Picture make();

 private:
  // A frame around something that is marked.
  struct Frame {
    Ink ink;
    float x, y, w, h, thickness;
  };

  // timeline_picture.cpp: rows.
  void draw_rows();
  void draw_row(const TimelineRow& row);
  void draw_slices(const TimelineRow& row);
  void draw_span(const TimelineRow& row, const Slice& widest, const SliceSpan& span);
  void draw_counter(const TimelineRow& row);
  void draw_band(const TimelineRow& row);
  void draw_group(const TimelineRow& row);
  void mark_span(const TimelineRow& row, const Slice& slice, const SliceSpan& span);
  // Clipped to the row's place; false: nothing is left.
  bool box(Ink ink, int x, int y, int w, int h, const Target& target = {}, std::uint32_t merged = 1,
           int alpha = 255);
  void label(const TimelineRow& row, std::string text, int x, int y, int w, int h, Ink on);
  void level_line(Ink ink, int y);

  // timeline_overlay.cpp: what lies over the rows.
  void draw_grid();
  void draw_names();
  void draw_name(const TimelineRow& row);
  void draw_ruler();
  void draw_area();
  void draw_bookmarks();
  void draw_cursor();
  void draw_hits();
  void draw_arrows();
  void draw_arrow(const FlowLink& link, Ink ink);
  void draw_scroll_bar();
  [[nodiscard]] std::optional<float> y_of(TrackId track) const;

  [[nodiscard]] int left() const { return scene_.names_width(); }
  [[nodiscard]] int column_x(int column) const { return left() + column; }

  TimelineScene& scene_;
  const RunTracks& tracks_;
  const TimelineState& state_;
  TimelineLayout layout_;
  std::vector<TimelineRow> rows_;
  TimeAxis axis_;
  Picture picture_;
  int clip_top_ = 0, clip_bottom_ = 0;
  std::vector<Frame> frames_;
  std::map<TrackId, std::string> scales_;  // what the top of a row stands for
};

}  // namespace pregate
