// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/minimap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/scene/time_axis.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

float f(int value) {
  return static_cast<float>(value);
}

}  // namespace

std::int64_t Minimap::time_at(double x, int left, int width) const {
  const double part = std::clamp((x - left) / std::max(1, width - left), 0.0, 1.0);
  return static_cast<std::int64_t>(
      std::llround(static_cast<long double>(tracks_.span().length()) * static_cast<long double>(part)));
}

TimeSpan Minimap::view_around(TimeSpan view, double x, int left, int width) const {
  const std::int64_t first = time_at(x, left, width) - view.length() / 2;
  return {first, first + view.length()};
}

Picture Minimap::picture(const TimelineState& state, int left, int width, int height) {
  Picture picture;
  picture.width = width;
  picture.height = height;
  const int columns = std::max(1, width - left);
  const PixelGrid grid(tracks_.span(), columns);
  if (!grid_ || !(*grid_ == grid)) {
    grid_ = grid;
    stalls_.assign(static_cast<std::size_t>(columns), {});
    tracks_.stall_flow().add_columns(grid, stalls_);
    tracks_.row(tracks_.steps()).spans(grid, steps_);
  }
  picture.rect(Ink::panel, 0, 0, f(width), f(height));
  constexpr int kSteps = 10, kGap = 3;
  draw_steps(picture, left, kGap, kSteps);
  const int heat_top = kGap + kSteps + 2;
  draw_heat(picture, left, heat_top, height - heat_top - kGap);
  const auto words = [&](int y, int h, std::string text) {
    picture.write(Ink::text_dim, 6, f(y), f(left - 10), f(h), std::move(text)).size = TextSize::small;
  };
  words(0, kSteps + kGap + 2,
        time_text(tracks_.span().last, std::max<std::int64_t>(1, tracks_.span().last / 1000)));
  words(heat_top, height - heat_top - kGap, "stall share");
  // What lies outside the window is dimmed.
  const auto x_of = [&](std::int64_t time) {
    return f(left + std::clamp(grid_->column_of(time), 0, columns));
  };
  const float from = x_of(state.view.first), to = std::max(from + 2, x_of(state.view.last));
  const auto dim = [&](float x, float w) {
    if (w <= 0) return;
    picture.rect(Ink::background, x, 0, w, f(height));
    picture.marks.back().alpha = 150;
  };
  dim(f(left), from - f(left));
  dim(to, f(width) - to);
  picture.frame(Ink::selection, from, 0, to - from, f(height));
  if (state.area) {
    const float begin = x_of(state.area->first);
    picture.rect(Ink::selection, begin, 0, std::max(1.0F, x_of(state.area->last) - begin), f(height));
    picture.marks.back().alpha = 90;
  }
  for (std::size_t i = 0; i < state.bookmarks.size(); ++i) {
    if (!state.bookmarks[i]) continue;
    const float x = x_of(state.bookmarks[i]->at);
    const Target target{.kind = Target::Kind::bookmark, .row = i};
    picture.rect(Ink::bookmark, x, 0, 1, f(height), target);
    picture.rect(Ink::bookmark, x, 0, 10, 11, target);
    Mark& number = picture.write(Ink::text, x, 0, 10, 11, fmt::format("{}", i), Align::centre);
    number.size = TextSize::small;
    number.on = Ink::bookmark;
  }
  picture.rect(Ink::axis, 0, f(height - 1), f(width), 1);
  return picture;
}

void Minimap::draw_steps(Picture& picture, int left, int top, int height) {
  const SliceRow& row = tracks_.row(tracks_.steps());
  for (const SliceSpan& span : steps_) {
    const Slice& step = row.slices()[span.widest];
    const int w = span.last_column - span.first_column;
    picture.rect(step.ink, f(left + span.first_column), f(top), f(w), f(height),
                 {.kind = step.kind, .track = tracks_.steps(), .row = step.row});
    picture.marks.back().merged = span.count;
    if (w < 5) continue;
    picture.rect(Ink::panel, f(left + span.last_column - 1), f(top), 1, f(height));
  }
}

// Equal neighbours are one box.
void Minimap::draw_heat(Picture& picture, int left, int top, int height) const {
  const PixelGrid& grid = *grid_;
  constexpr int kShades = 64;
  int first = 0, shade = -1;
  const auto flush = [&](int end) {
    if (shade < 0 || end <= first) return;
    picture.rect(Ink::heat, f(left + first), f(top), f(end - first), f(height));
    picture.marks.back().value = static_cast<float>(shade) / kShades;
  };
  for (int k = 0; k < grid.columns(); ++k) {
    const std::int64_t length = grid.edge(k + 1) - grid.edge(k);
    const std::int64_t stalled = stalls_[static_cast<std::size_t>(k)][0];
    const int now = length <= 0 ? 0 : static_cast<int>(Int128{stalled} * kShades / length);
    if (now == shade) continue;
    flush(k);
    first = k;
    shade = now;
  }
  flush(grid.columns());
}

}  // namespace pregate
