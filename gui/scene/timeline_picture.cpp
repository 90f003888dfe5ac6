// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/timeline_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/scene/slice_words.hpp"

namespace pregate {
namespace {

constexpr int kSeparated = 5;  // a slice this wide is set off from the next one
constexpr int kPadding = 4;
constexpr int kLeastHeight = 5;

float f(int value) {
  return static_cast<float>(value);
}

// 1, 2 or 5 times a power of ten, at least the value.
double nice_ceiling(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (power * times >= value * (1 - 1e-12)) return power * times;
  }
  return power * 10;
}

bool same(const Target& a, Target::Kind kind, std::uint64_t row) {
  return a.kind == kind && a.row == row && kind != Target::Kind::none;
}

}  // namespace

TimelinePicture::TimelinePicture(TimelineScene& scene)
    : scene_(scene),
      tracks_(scene.tracks()),
      state_(scene.state()),
      layout_(scene.layout()),
      rows_(layout_.visible()),
      axis_(time_axis(scene.view(), scene.plot_width())) {
  picture_.width = scene.width();
  picture_.height = scene.height();
}

Picture TimelinePicture::make() {
  scene_.cache_.show(PixelGrid(scene_.view(), scene_.plot_width()));
  scene_.cache_.prepare(rows_);
  draw_grid();
  draw_rows();
  for (const Frame& frame : frames_) {
    picture_.frame(frame.ink, frame.x, frame.y, frame.w, frame.h);
    picture_.marks.back().thickness = frame.thickness;
  }
  draw_arrows();
  draw_area();
  draw_names();
  draw_ruler();
  draw_hits();
  draw_bookmarks();
  draw_cursor();
  draw_scroll_bar();
  const int legend_top = scene_.height() - scene_.legend_height();
  picture_.rect(Ink::panel, 0, f(legend_top), f(scene_.width()), f(scene_.legend_height()));
  draw_legend(picture_, scene_.legend_, 0, legend_top, scene_.width());
  return std::move(picture_);
}

// ---- rows ----

void TimelinePicture::draw_rows() {
  for (const TimelineRow& row : rows_) {
    clip_top_ = row.pinned ? scene_.ruler_height() : layout_.scroll_top();
    clip_bottom_ = layout_.bottom();
    draw_row(row);
  }
}

void TimelinePicture::draw_row(const TimelineRow& row) {
  if (row.shaded) box(Ink::stripe, left(), row.top, scene_.plot_width(), row.height);
  const auto& fixed = tracks_.fixed();
  const auto kind = row.track < fixed.size() ? fixed[row.track].kind : Track::Kind::slices;
  switch (kind) {
    case Track::Kind::group:
      draw_group(row);
      break;
    case Track::Kind::slices:
      draw_slices(row);
      break;
    case Track::Kind::counter:
      draw_counter(row);
      break;
    case Track::Kind::band:
      draw_band(row);
      break;
  }
  const bool lane = tracks_.is_expert(row.track);
  if (!lane) box(Ink::grid, left(), row.top + row.height - 1, scene_.plot_width(), 1);
}

bool TimelinePicture::box(Ink ink, int x, int y, int w, int h, const Target& target, std::uint32_t merged,
                          int alpha) {
  const int x1 = std::clamp(x, left(), scene_.width()), x2 = std::clamp(x + w, left(), scene_.width());
  const int y1 = std::clamp(y, clip_top_, clip_bottom_), y2 = std::clamp(y + h, clip_top_, clip_bottom_);
  if (x2 <= x1 || y2 <= y1) return false;
  picture_.rect(ink, f(x1), f(y1), f(x2 - x1), f(y2 - y1), target);
  picture_.marks.back().merged = merged;
  picture_.marks.back().alpha = static_cast<std::uint8_t>(alpha);
  return true;
}

void TimelinePicture::label(const TimelineRow& row, std::string text, int x, int y, int w, int h, Ink on) {
  if (text.empty() || row.top < clip_top_ || row.top + row.height > clip_bottom_) return;
  Mark& mark = picture_.write(Ink::text, f(x), f(y), f(w), f(h), std::move(text));
  mark.size = TextSize::small;
  mark.on = on;
}

void TimelinePicture::draw_slices(const TimelineRow& row) {
  const SliceRow& slices = tracks_.row(row.track);
  for (const SliceSpan& span : scene_.cache_.spans(row.track)) {
    draw_span(row, slices.slices()[span.widest], span);
  }
}

void TimelinePicture::draw_span(const TimelineRow& row, const Slice& widest, const SliceSpan& span) {
  const int x = column_x(span.first_column), w = span.last_column - span.first_column;
  // What shares a pixel is as high as the part of the pixel's time that it fills.
  const PixelGrid& grid = scene_.cache_.grid();
  const std::int64_t room = w > 1 ? 0 : grid.edge(span.first_column + 1) - grid.edge(span.first_column);
  const int all = row.height - 2;
  const int h = room <= 0
                    ? all
                    : std::max(kLeastHeight, static_cast<int>(std::lround(static_cast<double>(span.covered) /
                                                                          static_cast<double>(room) * all)));
  const int y = row.top + 1 + all - h;
  const Target target{.kind = widest.kind, .track = row.track, .row = widest.row};
  if (!box(widest.ink, x, y, w, h, target, span.count)) return;
  if (w >= kSeparated) box(Ink::background, x + w - 1, y, 1, h, {}, 1, 140);
  const int inside = w - 2 * kPadding;
  label(row, label_of(tracks_, widest, inside), x + kPadding, y, inside, h, widest.ink);
  mark_span(row, widest, span);
}

void TimelinePicture::mark_span(const TimelineRow& row, const Slice& slice, const SliceSpan& span) {
  const auto frame = [&](Ink ink, float thickness) {
    const int top = std::max(row.top, clip_top_), bottom = std::min(row.top + row.height, clip_bottom_);
    if (bottom - top < 4) return;
    frames_.push_back({ink, f(column_x(span.first_column) - 1), f(top),
                       f(span.last_column - span.first_column + 2), f(bottom - top), thickness});
  };
  const auto is_it = [&](const Target& target) { return same(target, slice.kind, slice.row); };
  if (scene_.is_hit(slice.kind, slice.row)) frame(Ink::cursor, 1);
  if (std::any_of(state_.chain.begin(), state_.chain.end(), is_it)) frame(Ink::link, 2);
  if (is_it(state_.selected)) frame(Ink::selection, 2);
}

void TimelinePicture::draw_counter(const TimelineRow& row) {
  const CounterRow& counter = tracks_.counter(row.track);
  const bool bytes = row.track == tracks_.occupancy();
  const std::int64_t budget = bytes ? tracks_.run().summary.expert_budget.count() : 0;
  const double top = bytes ? static_cast<double>(std::max({counter.most(), budget, std::int64_t{1}}))
                           : std::max(1.0, nice_ceiling(static_cast<double>(counter.most())));
  scales_[row.track] =
      bytes ? to_text(Bytes(static_cast<std::int64_t>(top))) : fmt::format("{:.0f} loads", top);
  const int floor = row.top + row.height - 1, room = row.height - 4;
  const auto height_of = [&](std::int64_t value) {
    return static_cast<int>(std::lround(static_cast<double>(std::max<std::int64_t>(0, value)) / top * room));
  };
  for (const CounterSpan& span : scene_.cache_.counter(row.track)) {
    const Target target{
        .kind = Target::Kind::counter, .track = row.track, .row = counter.changes()[span.most_index].row};
    const int x = column_x(span.first_column), w = span.last_column - span.first_column;
    const int least = height_of(span.least), most = std::max(height_of(span.most), span.most > 0 ? 1 : 0);
    box(Ink::occupancy, x, floor - least, w, least, target);
    if (most > least) box(Ink::occupancy, x, floor - most, w, most - least, target, 1, 130);
  }
  if (budget > 0) level_line(Ink::limit, floor - height_of(budget));
}

void TimelinePicture::level_line(Ink ink, int y) {
  if (y < clip_top_ || y >= clip_bottom_) return;
  picture_.line(ink, f(left()), f(y), f(scene_.width()), f(y));
  picture_.marks.back().dashed = true;
}

void TimelinePicture::draw_group(const TimelineRow& row) {
  box(Ink::panel, left(), row.top, scene_.plot_width(), row.height);
  const bool folded = state_.folded.contains(row.track);
  if (row.top < clip_top_ || row.top + row.height > clip_bottom_) return;
  if (row.track != tracks_.expert_group()) return;
  const std::size_t all = tracks_.experts().size();
  std::string words = fmt::format("{} experts", all);
  if (!folded && layout_.experts().size() < all)
    words = fmt::format("{} of {}", layout_.experts().size(), words);
  if (!folded) words += fmt::format(", {}", to_text(state_.expert_order));
  picture_.write(Ink::text_dim, f(left() + kPadding), f(row.top), 200, f(row.height), words).size =
      TextSize::small;
  if (!folded) draw_legend(picture_, life_legend(), left() + 200, row.top - 3, scene_.plot_width());
}

// ---- the band ----

namespace {

// Boxes of one colour, one a column, joined where neighbours are alike.
class Runs {
 public:
  template <typename Draw>
  void add(int column, int top, int height, Draw draw) {
    if (height_ > 0 && (column != end_ || top != top_ || height != height_)) flush(draw);
    if (height_ == 0) first_ = column;
    end_ = column + 1;
    top_ = top;
    height_ = height;
  }
  template <typename Draw>
  void flush(Draw draw) {
    if (height_ > 0) draw(first_, top_, end_ - first_, height_);
    height_ = 0;
  }

 private:
  int first_ = 0, end_ = 0, top_ = 0, height_ = 0;
};

double rate_of(std::int64_t bytes, std::int64_t ps) {
  return ps <= 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(ps) * 1e12;
}

}  // namespace

void TimelinePicture::draw_band(const TimelineRow& row) {
  const auto& columns = scene_.cache_.band();
  const PixelGrid& grid = scene_.cache_.grid();
  double most = 0;
  for (int k = 0; k < grid.columns(); ++k) {
    const Flow::Sums& sums = columns[static_cast<std::size_t>(k)];
    std::int64_t all = 0;
    for (const std::int64_t sum : sums) all += sum;
    most = std::max(most, rate_of(all, grid.edge(k + 1) - grid.edge(k)));
  }
  const auto& limits = tracks_.limits();
  const double limit = limits.ok() ? static_cast<double>(limits->dram.count()) : 0;
  // Far below the limit, what there is would be a line: the scale follows it, and the limit is only named.
  const bool limit_shown = limit > 0 && most >= limit / 4;
  const double top = limit_shown ? std::max(limit, most) : nice_ceiling(most);
  scales_[row.track] = to_text(Bandwidth::bytes_per_second(std::llround(std::min(top, 9e18))));
  const int floor = row.top + row.height - 1, room = row.height - 6;
  std::array<Runs, Flow::kChannels> runs;
  const auto draw = [&](std::size_t use) {
    return [&, use](int column, int y, int w, int h) {
      box(ink_of(static_cast<DramUse>(use)), column_x(column), y, w, h,
          {.kind = Target::Kind::bandwidth, .track = row.track, .row = use});
    };
  };
  for (int k = 0; k < grid.columns(); ++k) {
    const std::int64_t length = grid.edge(k + 1) - grid.edge(k);
    double below = 0;
    for (std::size_t use = 0; use < runs.size(); ++use) {
      const double rate = rate_of(columns[static_cast<std::size_t>(k)][use], length);
      const int from = static_cast<int>(std::lround(below / top * room));
      below += rate;
      const int to = static_cast<int>(std::lround(below / top * room));
      runs[use].add(k, floor - to, to - from, draw(use));
    }
  }
  for (std::size_t use = 0; use < runs.size(); ++use) runs[use].flush(draw(use));
  if (limit_shown) level_line(Ink::limit, floor - static_cast<int>(std::lround(limit / top * room)));
}

Picture TimelineScene::picture() {
  tracks_.experts().forget(kMostLaneSlices);
  return TimelinePicture(*this).make();
}

}  // namespace pregate
