// SPDX-License-Identifier: Apache-2.0
// Marks of the timeline, and the moves from one thing to the next.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/scene/slice_words.hpp"
#include "gui/scene/time_axis.hpp"
#include "gui/scene/timeline_scene.hpp"
#include "traces/base/units.hpp"

namespace pregate {

// ---- marks ----

void TimelineScene::select(const Target& target, std::optional<TimeSpan> span) {
  state_.selected = target;
  state_.selected_span = {};
  if (target.kind == Target::Kind::none) return;
  const auto place = tracks_.locate(target);
  if (span) {
    state_.selected_span = *span;
  } else if (place) {
    state_.selected_span = place->span;
    state_.selected.track = place->track;
  }
}

void TimelineScene::set_area(std::optional<TimeSpan> area) {
  if (area && area->last < area->first) std::swap(area->first, area->last);
  if (area) area = area->common(tracks_.span());
  state_.area = area && !area->empty() ? area : std::nullopt;
}

void TimelineScene::set_hits(std::vector<Target> hits) {
  state_.hits = std::move(hits);
  hit_times_.clear();
  hit_rows_.clear();
  for (const Target& hit : state_.hits) {
    hit_rows_.emplace_back(hit.kind, hit.row);
    if (const auto place = tracks_.locate(hit)) hit_times_.push_back(place->span.first);
  }
  std::sort(hit_rows_.begin(), hit_rows_.end());
  std::sort(hit_times_.begin(), hit_times_.end());
}

bool TimelineScene::is_hit(Target::Kind kind, std::uint64_t row) const {
  return !hit_rows_.empty() && std::binary_search(hit_rows_.begin(), hit_rows_.end(), std::pair(kind, row));
}

std::span<const std::int64_t> TimelineScene::hits_within(TimeSpan span) const {
  const auto from = std::lower_bound(hit_times_.begin(), hit_times_.end(), span.first);
  return {from, std::lower_bound(from, hit_times_.end(), span.last)};
}

void TimelineScene::set_bookmark(std::size_t number, std::int64_t at) {
  if (number >= state_.bookmarks.size()) return;
  const std::string note = state_.bookmarks[number] ? state_.bookmarks[number]->note : std::string();
  state_.bookmarks[number] = Bookmark{.at = at, .view = state_.view, .note = note};
}

void TimelineScene::set_note(std::size_t number, std::string note) {
  if (number < state_.bookmarks.size() && state_.bookmarks[number]) {
    state_.bookmarks[number]->note = std::move(note);
  }
}

bool TimelineScene::go_to_bookmark(std::size_t number) {
  if (number >= state_.bookmarks.size() || !state_.bookmarks[number]) return false;
  zoom_to(state_.bookmarks[number]->view);
  return true;
}

// ---- moves ----

// A slice that is selected from afar is seen with what lies around it.
void TimelineScene::show_span(TimeSpan span) {
  const TimeSpan view = state_.view;
  const bool inside = span.first >= view.first && span.last <= view.last;
  const bool wide_enough = Int128{span.length()} >= Int128{view.length()} / plot_width() * 3;
  if (inside && (wide_enough || span.length() == 0)) return;
  const std::int64_t middle = span.first + span.length() / 2;
  // As close as before, if the slice can be seen so; else so that it is a tenth of the view, or all of it.
  std::int64_t length = view.length();
  if (span.length() > length) length = span.length() / 2 * 3;
  if (span.length() > 0 && !wide_enough)
    length = static_cast<std::int64_t>(std::min<Int128>(Int128{span.length()} * 10, length));
  const std::int64_t first = middle - length / 2;
  zoom_to({first, first + std::max<std::int64_t>(1, length)});
}

void TimelineScene::show_track(TrackId track) {
  if (track >= tracks_.size()) return;
  state_.hidden.erase(track);
  TrackId group = kNoTrack;
  if (tracks_.is_expert(track)) group = tracks_.expert_group();
  if (track < tracks_.fixed().size()) group = tracks_.fixed()[track].group;
  if (group != kNoTrack) {
    state_.hidden.erase(group);
    state_.folded.erase(group);
  }
  auto& filter = state_.expert_filter;
  if (tracks_.is_expert(track) && !filter.empty() &&
      !std::binary_search(filter.begin(), filter.end(), tracks_.expert_of(track))) {
    filter.clear();
  }
  const TimelineLayout rows = layout();
  const auto row = rows.find(track);
  if (!row || row->pinned) return;
  const int room = rows.bottom() - rows.scroll_top();
  if (row->top < state_.scroll) state_.scroll = row->top;
  if (row->top + row->height > state_.scroll + room) state_.scroll = row->top + row->height - room;
  keep_in_bounds();
}

bool TimelineScene::reveal(const Target& target) {
  const auto place = tracks_.locate(target);
  if (!place) return false;
  select({.kind = target.kind, .track = place->track, .row = target.row}, place->span);
  show_span(place->span);
  show_track(place->track);
  return true;
}

bool TimelineScene::go_to_slice(TrackId track, std::size_t index) {
  const auto slices = tracks_.row(track).slices();
  if (index >= slices.size()) return false;
  const Slice slice = slices[index];
  select({.kind = slice.kind, .track = track, .row = slice.row}, slice.span());
  show_span(slice.span());
  show_track(track);
  return true;
}

bool TimelineScene::next_item(int direction) {
  const TrackId track = state_.selected.track;
  if (state_.selected.kind == Target::Kind::none || track >= tracks_.size()) return false;
  const SliceRow& row = tracks_.row(track);
  const auto now = tracks_.find(track, state_.selected, state_.selected_span.first);
  if (!now) return false;
  if (direction < 0) return *now > 0 && go_to_slice(track, *now - 1);
  return *now + 1 < row.slices().size() && go_to_slice(track, *now + 1);
}

bool TimelineScene::next_stall(int direction) {
  const TrackId track = tracks_.stalls();
  if (track == kNoTrack) return false;
  const SliceRow& row = tracks_.row(track);
  if (state_.selected.kind == Target::Kind::stall) {
    const auto now = tracks_.find(track, state_.selected, state_.selected_span.first);
    if (now && direction < 0) return *now > 0 && go_to_slice(track, *now - 1);
    if (now) return go_to_slice(track, *now + 1);
  }
  const bool near = state_.selected.kind != Target::Kind::none && state_.selected_span.last > 0 &&
                    !state_.selected_span.common(state_.view).empty();
  const std::int64_t from = near ? state_.selected_span.first : state_.view.first + state_.view.length() / 2;
  const std::size_t next = row.first_beginning(from);
  if (direction > 0) return go_to_slice(track, next);
  return next > 0 && go_to_slice(track, next - 1);
}

bool TimelineScene::next_hit(int direction) {
  const auto& hits = state_.hits;
  if (hits.empty()) return false;
  const auto same = [this](const Target& hit) {
    return hit.kind == state_.selected.kind && hit.row == state_.selected.row;
  };
  const auto now = std::find_if(hits.begin(), hits.end(), same);
  const auto count = static_cast<std::ptrdiff_t>(hits.size());
  const std::ptrdiff_t at = now == hits.end() ? (direction > 0 ? -1 : 0) : now - hits.begin();
  // Around the end to the beginning.
  return reveal(hits[static_cast<std::size_t>((at + direction + count) % count)]);
}

// ---- what is pointed at ----

std::int64_t TimelineScene::snapped(double x, double y) const {
  const std::int64_t time = time_at(x);
  const auto track = track_at(y);
  if (!track) return time;
  constexpr double kNear = 4;
  const SliceRow& row = tracks_.row(*track);
  const std::size_t index = row.first_reaching(time);
  std::int64_t best = time;
  double away = kNear;
  const auto consider = [&](std::int64_t edge) {
    const double distance = std::abs(x_of(edge) - x);
    if (distance >= away) return;
    away = distance;
    best = edge;
  };
  for (std::size_t i = index - std::min<std::size_t>(index, 1); i < std::min(row.slices().size(), index + 2);
       ++i) {
    consider(row.slices()[i].begin);
    consider(row.slices()[i].end);
  }
  return best;
}

namespace {

std::string band_tip(const PixelGrid& grid, const std::vector<Flow::Sums>& columns, int column) {
  const Flow::Sums& sums = columns[static_cast<std::size_t>(column)];
  const double length = static_cast<double>(grid.edge(column + 1) - grid.edge(column));
  std::string out = "DRAM, mean of this pixel's time (estimated within a slice)";
  for (std::size_t use = sums.size(); use-- > 0;) {
    if (sums[use] == 0 || length <= 0) continue;
    out += fmt::format("\n{}: {:.3g} GB/s", words_of(static_cast<DramUse>(use)),
                       static_cast<double>(sums[use]) / length * 1e3);
  }
  return out;
}

}  // namespace

std::string TimelineScene::tip(const Mark& mark, double x) {
  const Target& target = mark.target;
  if (target.kind == Target::Kind::track_name && target.row < tracks_.fixed().size()) {
    return tracks_.fixed()[target.row].about;
  }
  if (target.kind == Target::Kind::track_name && tracks_.is_expert(static_cast<TrackId>(target.row))) {
    const ExpertId expert = tracks_.expert_of(static_cast<TrackId>(target.row));
    const std::string& conflict = tracks_.experts().lane(expert).conflict;
    return describe(tracks_, {.kind = Target::Kind::expert, .row = expert.value()}) +
           (conflict.empty() ? "" : fmt::format("\nThe record contradicts itself: {}", conflict));
  }
  if (target.kind == Target::Kind::bookmark && target.row < state_.bookmarks.size() &&
      state_.bookmarks[target.row]) {
    const Bookmark& bookmark = *state_.bookmarks[target.row];
    return fmt::format("bookmark {} at {}{}{}", target.row, time_text(bookmark.at, 1000),
                       bookmark.note.empty() ? "" : "\n", bookmark.note);
  }
  if (target.kind != Target::Kind::bandwidth) return describe(tracks_, target, mark.merged);
  cache_.show(PixelGrid(view(), plot_width()));
  const int column = std::clamp(static_cast<int>(x) - names_width(), 0, plot_width() - 1);
  return band_tip(cache_.grid(), cache_.band(), column);
}

std::optional<TimeSpan> TimelineScene::span_of(const Mark& mark) const {
  const Target& target = mark.target;
  if (target.track < tracks_.size()) {
    const std::int64_t time = time_at(static_cast<double>(mark.x) + static_cast<double>(mark.w) / 2);
    const auto index = tracks_.find(target.track, target, time);
    if (index) return tracks_.row(target.track).slices()[*index].span();
  }
  const auto place = tracks_.locate(target);
  return place ? std::optional(place->span) : std::nullopt;
}

}  // namespace pregate
