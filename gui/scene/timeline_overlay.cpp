// SPDX-License-Identifier: Apache-2.0
// What lies over the rows of a timeline: names, ruler, area, bookmarks, arrows, cursor.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/scene/slice_words.hpp"
#include "gui/scene/timeline_picture.hpp"

namespace pregate {
namespace {

float f(int value) {
  return static_cast<float>(value);
}

// Where a time's column is drawn, between the ends of the plot.
float pixel(const TimelineScene& scene, std::int64_t time) {
  const double x = std::clamp(scene.x_of(time), -1e6, 1e6);
  return static_cast<float>(std::floor(x));
}

}  // namespace

void TimelinePicture::draw_grid() {
  for (const Tick& tick : axis_.ticks) {
    if (tick.label.empty()) continue;
    const float x = pixel(scene_, tick.at);
    picture_.rect(Ink::grid, x, f(scene_.ruler_height()), 1, f(layout_.bottom() - scene_.ruler_height()));
  }
}

void TimelinePicture::draw_names() {
  picture_.rect(Ink::panel, 0, 0, f(left()), f(layout_.bottom()));
  for (const TimelineRow& row : rows_) {
    clip_top_ = row.pinned ? scene_.ruler_height() : layout_.scroll_top();
    draw_name(row);
  }
  picture_.rect(Ink::grid, f(left() - 1), 0, 1, f(layout_.bottom()));
  if (layout_.scroll_top() > scene_.ruler_height()) {
    picture_.rect(Ink::axis, 0, f(layout_.scroll_top() - 1), f(scene_.width()), 1);
  }
}

void TimelinePicture::draw_name(const TimelineRow& row) {
  const int top = std::max(row.top, clip_top_), bottom = std::min(row.top + row.height, layout_.bottom());
  if (bottom <= top) return;
  const Target target{.kind = Target::Kind::track_name, .track = row.track, .row = row.track};
  const bool lane = tracks_.is_expert(row.track);
  const bool group = !lane && tracks_.fixed()[row.track].kind == Track::Kind::group;
  const bool child = lane || tracks_.fixed()[row.track].group != kNoTrack;
  picture_.rect(Ink::panel, 0, f(top), f(left() - 1), f(bottom - top), target);
  if (!lane) picture_.rect(Ink::grid, 0, f(bottom - 1), f(left() - 1), 1);
  if (row.top < clip_top_ || row.top + row.height > layout_.bottom()) return;
  std::string name = tracks_.name_of(row.track);
  if (lane) name.insert(0, "expert ");
  if (group) name.insert(0, state_.folded.contains(row.track) ? "▸ " : "▾ ");
  if (lane && !tracks_.experts().lane(tracks_.expert_of(row.track)).conflict.empty()) name += " (!)";
  const int line = std::min(row.height, 20);
  Mark& mark = picture_.write(child ? Ink::text_dim : Ink::text, child ? 18.0F : 6.0F, f(row.top),
                              f(left() - (child ? 20 : 8)), f(line), std::move(name));
  mark.size = TextSize::small;
  mark.bold = !child;
  const auto scale = scales_.find(row.track);
  if (scale == scales_.end()) return;
  const auto line_below = [&](int place, const std::string& words) {
    picture_.write(Ink::text_dim, child ? 18 : 6, f(row.top + 2 + 15 * place), f(left() - 20), 14, words)
        .size = TextSize::small;
  };
  line_below(1, "to " + scale->second);
  if (row.track != tracks_.band_track() || row.height < 60) return;
  const auto& limits = tracks_.limits();
  line_below(2, limits.ok() ? "limit " + to_text(limits->dram) : "limit unknown");
  line_below(3, "estimated in a slice");
}

void TimelinePicture::draw_ruler() {
  const int height = scene_.ruler_height();
  picture_.rect(Ink::panel, f(left()), 0, f(scene_.plot_width()), f(height));
  picture_.rect(Ink::panel, 0, 0, f(left()), f(height));
  for (const Tick& tick : axis_.ticks) {
    const float x = pixel(scene_, tick.at);
    const bool major = !tick.label.empty();
    picture_.rect(Ink::axis, x, f(height - (major ? 8 : 4)), 1, f(major ? 8 : 4));
    if (!major) continue;
    const float room = std::min(84.0F, f(scene_.width()) - x - 3);
    if (room < 48) continue;  // a piece of a label says nothing
    Mark& mark =
        picture_.write(tick.whole ? Ink::text : Ink::text_dim, x + 3, 13, room, f(height - 17), tick.label);
    mark.size = TextSize::small;
    mark.bold = tick.whole;
  }
  picture_.rect(Ink::axis, 0, f(height - 1), f(scene_.width()), 1);
  if (!axis_.base.empty()) {
    Mark& mark =
        picture_.write(Ink::text, 6, 13, f(left() - 12), f(height - 17), axis_.base + " …", Align::right);
    mark.size = TextSize::small;
    mark.bold = true;
  }
}

void TimelinePicture::draw_area() {
  if (!state_.area) return;
  const float from = std::max(f(left()), pixel(scene_, state_.area->first));
  const float to = std::min(f(scene_.width()), std::max(from + 1, pixel(scene_, state_.area->last)));
  if (to <= f(left()) || from >= f(scene_.width())) return;
  const float top = f(scene_.ruler_height()), height = f(layout_.bottom()) - top;
  picture_.rect(Ink::selection, from, top, to - from, height);
  picture_.marks.back().alpha = 34;
  picture_.rect(Ink::selection, from, top, 1, height);
  picture_.rect(Ink::selection, to - 1, top, 1, height);
  const std::string words = to_text(Duration::ps(state_.area->length()));
  const float w = static_cast<float>(words.size()) * 7.0F + 10, middle = (from + to) / 2;
  const float x =
      std::clamp(std::round(middle - w / 2), f(left()), std::max(f(left()), f(scene_.width()) - w));
  picture_.rect(Ink::selection, x, top + 2, w, 16);
  Mark& mark = picture_.write(Ink::text, x, top + 2, w, 16, words, Align::centre);
  mark.size = TextSize::small;
  mark.on = Ink::selection;
}

void TimelinePicture::draw_bookmarks() {
  for (std::size_t i = 0; i < state_.bookmarks.size(); ++i) {
    const auto& bookmark = state_.bookmarks[i];
    if (!bookmark || bookmark->at < scene_.view().first || bookmark->at >= scene_.view().last) continue;
    const float x = pixel(scene_, bookmark->at);
    const Target target{.kind = Target::Kind::bookmark, .row = i};
    picture_.rect(Ink::bookmark, x, f(scene_.ruler_height()), 1, f(layout_.bottom() - scene_.ruler_height()));
    picture_.marks.back().alpha = 150;
    picture_.rect(Ink::bookmark, x, 0, 13, 13, target);
    Mark& number = picture_.write(Ink::text, x, 0, 13, 13, fmt::format("{}", i), Align::centre);
    number.size = TextSize::small;
    number.on = Ink::bookmark;
    if (bookmark->note.empty()) continue;
    const float w = std::min(static_cast<float>(bookmark->note.size()) * 7.0F + 10, 180.0F);
    picture_.rect(Ink::panel, x + 13, 0, w, 13, target);
    picture_.write(Ink::bookmark, x + 17, 0, w - 6, 13, bookmark->note).size = TextSize::small;
  }
}

void TimelinePicture::draw_cursor() {
  if (!state_.cursor || *state_.cursor < scene_.view().first || *state_.cursor >= scene_.view().last) return;
  const float x = pixel(scene_, *state_.cursor);
  picture_.rect(Ink::cursor, x, f(scene_.ruler_height()), 1, f(layout_.bottom() - scene_.ruler_height()));
  picture_.marks.back().alpha = 130;
  const std::string words =
      time_text(*state_.cursor, std::max<std::int64_t>(1, scene_.view().length() / scene_.plot_width()));
  const float w = static_cast<float>(words.size()) * 7.0F + 8;
  const float at = std::clamp(x + 1, f(left()), std::max(f(left()), f(scene_.width()) - w));
  picture_.rect(Ink::cursor, at, 0, w, 14);
  Mark& mark = picture_.write(Ink::text, at, 0, w, 14, words, Align::centre);
  mark.size = TextSize::small;
  mark.on = Ink::cursor;
}

void TimelinePicture::draw_hits() {
  float last = -1;
  for (const std::int64_t at : scene_.hits_within(scene_.view())) {
    const float x = pixel(scene_, at);
    if (x == last) continue;
    last = x;
    picture_.rect(Ink::cursor, x, f(scene_.ruler_height() - 5), 1, 5);
  }
}

std::optional<float> TimelinePicture::y_of(TrackId track) const {
  for (const TimelineRow& row : rows_) {
    const int middle = row.top + row.height / 2;
    const int top = row.pinned ? scene_.ruler_height() : layout_.scroll_top();
    if (row.track == track && middle >= top && middle < layout_.bottom()) return f(middle);
  }
  return std::nullopt;
}

void TimelinePicture::draw_arrows() {
  for (std::size_t i = 1; i < state_.chain.size(); ++i) {
    // A chain leads from what happened to its cause; the arrow shows how it came.
    draw_arrow({state_.chain[i], state_.chain[i - 1]}, Ink::link);
  }
  for (const FlowLink& link : links_of(tracks_, state_.selected)) draw_arrow(link, Ink::selection);
}

void TimelinePicture::draw_arrow(const FlowLink& link, Ink ink) {
  const auto from = tracks_.locate(link.from), to = tracks_.locate(link.to);
  if (!from || !to) return;
  const auto y1 = y_of(from->track), y2 = y_of(to->track);
  if (!y1 || !y2) return;
  // A load ends a wait when it arrives; an operator begins with what it was brought.
  const bool ends = link.to.kind == Target::Kind::stall;
  const float x1 = pixel(scene_, from->span.last), x2 = pixel(scene_, ends ? to->span.last : to->span.first);
  if (std::max(x1, x2) < f(left()) || std::min(x1, x2) > f(scene_.width())) return;
  const float bend = std::max(12.0F, std::abs(x2 - x1) / 2);
  const auto first = static_cast<std::uint32_t>(picture_.points.size());
  constexpr int kParts = 16;
  for (int i = 0; i <= kParts; ++i) {
    const float t = f(i) / kParts, s = 1 - t;
    const float x =
        s * s * s * x1 + 3 * s * s * t * (x1 + bend) + 3 * s * t * t * (x2 - bend) + t * t * t * x2;
    const float y = s * s * (s + 3 * t) * *y1 + t * t * (t + 3 * s) * *y2;
    if (x >= f(left()) && x <= f(scene_.width())) picture_.points.push_back({x, y});
  }
  // From out of sight: its last piece.
  if (picture_.points.size() - first < 2) {
    picture_.points.resize(first);
    picture_.points.push_back({std::max(f(left()), x2 - 30), *y2});
    picture_.points.push_back({x2, *y2});
  }
  picture_.shape_of(Shape::polyline, ink, first).thickness = 1.5F;
  if (x2 < f(left()) || x2 > f(scene_.width())) return;
  const auto head = static_cast<std::uint32_t>(picture_.points.size());
  picture_.points.push_back({x2, *y2});
  picture_.points.push_back({x2 - 7, *y2 - 4});
  picture_.points.push_back({x2 - 7, *y2 + 4});
  picture_.shape_of(Shape::area, ink, head);
}

void TimelinePicture::draw_scroll_bar() {
  if (layout_.most_scroll() == 0) return;
  const double room = layout_.bottom() - layout_.scroll_top(), all = layout_.content_height();
  const double length = std::max(20.0, room * room / all);
  const double top = layout_.scroll_top() + (room - length) * state_.scroll / layout_.most_scroll();
  picture_.rect(Ink::axis, f(scene_.width() - 5), static_cast<float>(std::round(top)), 4,
                static_cast<float>(std::round(length)));
  picture_.marks.back().alpha = 150;
}

}  // namespace pregate
