// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/timeline_scene.hpp"

#include <algorithm>
#include <cmath>
#include <future>

#include "gui/scene/work_rows.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

// The closest look: a nanosecond.
constexpr std::int64_t kShortestView = 1'000;

// Within what a time may be: a mouse may be dragged far out of the window.
std::int64_t bounded(Int128 time) {
  return static_cast<std::int64_t>(std::clamp<Int128>(time, -kLatestTime, kLatestTime));
}

std::int64_t scaled(std::int64_t value, double factor) {
  constexpr auto kMost = static_cast<long double>(kLatestTime);
  const long double product = static_cast<long double>(value) * static_cast<long double>(factor);
  return static_cast<std::int64_t>(std::llround(std::clamp(product, -kMost, kMost)));
}

}  // namespace

void RowCache::show(const PixelGrid& grid) {
  if (grid_ && *grid_ == grid) return;
  grid_ = grid;
  spans_.clear();
  counters_.clear();
  band_.clear();
}

Track::Kind RowCache::kind_of(TrackId track) const {
  return track < tracks_.fixed().size() ? tracks_.fixed()[track].kind : Track::Kind::slices;
}

void RowCache::prepare(const std::vector<TimelineRow>& rows) {
  const bool with_band = std::any_of(rows.begin(), rows.end(), [this](const TimelineRow& row) {
    return kind_of(row.track) == Track::Kind::band;
  });
  const bool is_long = tracks_.run().operators.size() + tracks_.run().loads.size() > 200'000;
  if (!with_band || !is_long || !band_.empty()) return;  // all is made as it is drawn
  auto beside = std::async(std::launch::async, [&] {
    band();
    for (const TimelineRow& row : rows) {
      if (kind_of(row.track) == Track::Kind::counter) counter(row.track);
    }
  });
  for (const TimelineRow& row : rows) {
    if (kind_of(row.track) == Track::Kind::slices) spans(row.track);
  }
  beside.get();
}

const std::vector<SliceSpan>& RowCache::spans(TrackId track) {
  const auto [found, made] = spans_.try_emplace(track);
  if (made) tracks_.row(track).spans(*grid_, found->second);
  return found->second;
}

const std::vector<CounterSpan>& RowCache::counter(TrackId track) {
  const auto [found, made] = counters_.try_emplace(track);
  if (made) tracks_.counter(track).spans(*grid_, found->second);
  return found->second;
}

const std::vector<Flow::Sums>& RowCache::band() {
  if (band_.empty()) band_ = tracks_.band().columns(*grid_);
  return band_;
}

TimelineScene::TimelineScene(const RunTracks& tracks)
    : tracks_(tracks), cache_(tracks), legend_(legend_of(tracks)) {
  for (TrackId track = 0; track < tracks.fixed().size(); ++track) {
    if (tracks.fixed()[track].group == kNoTrack) state_.order.push_back(track);
  }
  if (tracks.expert_group() != kNoTrack) state_.folded.insert(tracks.expert_group());
  fit();
}

// ---- the view ----

void TimelineScene::resize(int width, int height) {
  width_ = std::max(1, width);
  height_ = std::max(1, height);
  keep_in_bounds();
}

int TimelineScene::names_width() const {
  return std::min(128, width_ / 4);
}

int TimelineScene::legend_height() const {
  return pregate::legend_height(legend_, width_);
}

std::int64_t TimelineScene::time_at(double x) const {
  const double part = (x - names_width()) / plot_width();
  return bounded(Int128{state_.view.first} + scaled(state_.view.length(), part));
}

double TimelineScene::x_of(std::int64_t time) const {
  return names_width() + static_cast<double>(time - state_.view.first) * plot_width() /
                             static_cast<double>(state_.view.length());
}

void TimelineScene::fit() {
  state_.view = tracks_.span();
  keep_in_bounds();
}

void TimelineScene::zoom_to(TimeSpan span) {
  if (span.last < span.first) std::swap(span.first, span.last);
  span = {std::clamp<std::int64_t>(span.first, 0, kLatestTime),
          std::clamp<std::int64_t>(span.last, 0, kLatestTime)};
  const std::int64_t missing = kShortestView - span.length();
  if (missing > 0) span = {span.first - missing / 2, span.last + missing - missing / 2};
  state_.view = span;
  keep_in_bounds();
}

void TimelineScene::zoom_at(double x, double factor) {
  const std::int64_t length = state_.view.length();
  const std::int64_t most = std::max(kShortestView, tracks_.span().length());
  const std::int64_t wanted =
      std::isfinite(factor) && factor > 0 ? scaled(length, std::min(factor, 1e6)) : length;
  const std::int64_t now = std::clamp(wanted, kShortestView, most);
  const double part = std::clamp((x - names_width()) / plot_width(), 0.0, 1.0);
  const std::int64_t still = state_.view.first + scaled(length, part);
  const std::int64_t first = still - scaled(now, part);
  state_.view = {first, first + now};
  keep_in_bounds();
}

void TimelineScene::pan(double pixels) {
  const TimeSpan run = tracks_.span();
  const std::int64_t length = state_.view.length(), shift = scaled(length, pixels / plot_width());
  state_.view.first = static_cast<std::int64_t>(std::clamp<Int128>(
      Int128{state_.view.first} + shift, run.first, std::max(run.first, run.last - length)));
  state_.view.last = state_.view.first + length;
  keep_in_bounds();
}

void TimelineScene::scroll(int pixels) {
  state_.scroll += pixels;
  keep_in_bounds();
}

bool TimelineScene::can_scroll() const {
  return layout().most_scroll() > 0;
}

// The view lies within the run, and is as long as it wants to be where the run is.
void TimelineScene::keep_in_bounds() {
  const TimeSpan run = tracks_.span();
  const std::int64_t length =
      std::clamp(state_.view.length(), kShortestView, std::max(kShortestView, run.length()));
  state_.view.first = std::clamp(state_.view.first, run.first, std::max(run.first, run.last - length));
  state_.view.last = state_.view.first + length;
  state_.scroll = std::clamp(state_.scroll, 0, layout().most_scroll());
}

// ---- tracks ----

TimelineLayout TimelineScene::layout() const {
  return {tracks_, state_, ruler_height(), height_ - legend_height()};
}

std::optional<TrackId> TimelineScene::track_at(double y) const {
  const TimelineLayout rows = layout();
  for (const TimelineRow& row : rows.visible()) {
    const int top = row.pinned ? row.top : std::max(row.top, rows.scroll_top());
    if (y >= top && y < std::min(row.top + row.height, rows.bottom())) return row.track;
  }
  return std::nullopt;
}

void TimelineScene::hide(TrackId track) {
  if (track >= tracks_.size()) return;
  std::erase(state_.pinned, track);
  state_.hidden.insert(track);
  keep_in_bounds();
}

void TimelineScene::show_all() {
  state_.hidden.clear();
  keep_in_bounds();
}

void TimelineScene::toggle_pin(TrackId track) {
  if (track >= tracks_.size()) return;
  const bool group = track < tracks_.fixed().size() && tracks_.fixed()[track].kind == Track::Kind::group;
  if (group) return;
  if (std::erase(state_.pinned, track) == 0) state_.pinned.push_back(track);
  keep_in_bounds();
}

void TimelineScene::toggle_fold(TrackId group) {
  if (group >= tracks_.fixed().size() || tracks_.fixed()[group].kind != Track::Kind::group) return;
  if (state_.folded.erase(group) == 0) state_.folded.insert(group);
  keep_in_bounds();
}

bool TimelineScene::move_track(TrackId track, int by) {
  for (auto* list : {&state_.pinned, &state_.order}) {
    const auto found = std::find(list->begin(), list->end(), track);
    if (found == list->end()) continue;
    const auto from = found - list->begin();
    const auto to = std::clamp<std::ptrdiff_t>(from + by, 0, static_cast<std::ptrdiff_t>(list->size()) - 1);
    if (to == from) return false;
    list->erase(found);
    list->insert(list->begin() + to, track);
    keep_in_bounds();
    return true;
  }
  return false;
}

bool TimelineScene::move_before(TrackId track, TrackId other) {
  auto& order = state_.order;
  const auto found = std::find(order.begin(), order.end(), track);
  const bool known = other == kNoTrack || std::find(order.begin(), order.end(), other) != order.end();
  if (found == order.end() || !known || track == other) return false;
  order.erase(found);
  order.insert(std::find(order.begin(), order.end(), other), track);
  keep_in_bounds();
  return true;
}

void TimelineScene::set_expert_order(ExpertOrder order) {
  state_.expert_order = order;
  keep_in_bounds();
}

void TimelineScene::set_expert_filter(std::vector<ExpertId> experts) {
  std::sort(experts.begin(), experts.end());
  experts.erase(std::unique(experts.begin(), experts.end()), experts.end());
  state_.expert_filter = std::move(experts);
  keep_in_bounds();
}

}  // namespace pregate
