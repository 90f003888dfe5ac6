// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/compare_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "traces/number_text.hpp"

namespace pregate {
namespace {

constexpr int kRuler = 26, kGap = 4, kHeading = 18, kLeastLabel = 36;

float px(int value) {
  return static_cast<float>(value);
}

}  // namespace

ComparePicture::ComparePicture(const CompareScene& scene)
    : scene_(scene),
      pair_(scene.pair()),
      grid_(scene.view(), scene.plot_width()),
      ticks_(time_axis(scene.view(), scene.plot_width())) {
  picture_.width = scene.width_;
  picture_.height = scene.height_;
}

// Tokens have their height; the others share what there is.
void ComparePicture::lay_out() {
  const bool over = scene_.overlaid();
  const int fixed = kRuler + (over ? kHeading + 20 : 2 * (kHeading + 20)) + 8 * kGap;
  const int room = std::max(60, scene_.height_ - fixed);
  // In parts of 10: compute unit 2, stalls 2 each; the difference the rest.
  const int npu = over ? room * 3 / 10 : room * 2 / 10, stalls = over ? room * 3 / 10 : room * 2 / 10;
  const int difference = over ? room * 4 / 10 : room * 2 / 10;
  int y = kRuler + kGap;
  const auto take = [&y](const char* name, int height) {
    const Lane lane{name, y, height};
    y += height + kGap;
    return lane;
  };
  y += kHeading;
  a_ = {take(over ? "tokens" : "A  tokens", 20), take(over ? "compute unit" : "A  compute unit", npu),
        take(over ? "stalls" : "A  stalls", stalls)};
  if (over) {
    b_ = a_;
    difference_ = take("B - A", difference);
    return;
  }
  difference_ = take("B - A", difference);
  y += kHeading;
  b_ = {take("B  tokens", 20), take("B  compute unit", npu), take("B  stalls", stalls)};
}

Picture ComparePicture::make() {
  lay_out();
  draw_ruler();
  const bool over = scene_.overlaid();
  for (const Side side : {Side::a, Side::b}) {
    const std::array<Lane, 3>& lanes = side == Side::a ? a_ : b_;
    const RunHeader& header = pair_.run(side).header;
    const Over how = !over ? Over::whole : side == Side::a ? Over::behind : Over::before;
    if (!over || side == Side::a) {
      std::string heading = over ? fmt::format("A behind, B narrow before it: {} and {}", header.policy,
                                               pair_.run(Side::b).header.policy)
                                 : fmt::format("{}: {} on {}: {}", side == Side::a ? "A" : "B", header.model,
                                               header.device, header.policy);
      picture_
          .write(Ink::text_dim, 8, px(lanes[0].top - kHeading - 1), px(scene_.width_ - 16), kHeading,
                 std::move(heading))
          .size = TextSize::small;
      for (const Lane& lane : lanes) {
        picture_.write(Ink::text, 8, px(lane.top), px(scene_.names_width() - 12), px(lane.height), lane.name)
            .size = TextSize::small;
        picture_.rect(Ink::stripe, px(scene_.names_width()), px(lane.top), px(scene_.plot_width()),
                      px(lane.height));
      }
    }
    if (!over || side == Side::a) draw_lane(lanes[0], pair_.steps(side), side, Over::whole);
    draw_lane(lanes[1], pair_.npu(side), side, how);
    draw_lane(lanes[2], pair_.stalls(side), side, how);
  }
  draw_difference();
  draw_selection();
  return std::move(picture_);
}

void ComparePicture::draw_ruler() {
  picture_.rect(Ink::panel, 0, 0, px(scene_.width_), kRuler);
  picture_
      .write(Ink::text_dim, 8, 0, px(scene_.names_width() - 12), kRuler,
             ticks_.base.empty() ? std::string("aligned time") : ticks_.base)
      .size = TextSize::small;
  for (const Tick& tick : ticks_.ticks) {
    const int x = scene_.names_width() + grid_.column_of(tick.at);
    picture_.rect(Ink::axis, px(x), px(tick.label.empty() ? kRuler - 4 : kRuler - 8), 1,
                  tick.label.empty() ? 4 : 8);
    if (tick.label.empty()) continue;
    picture_.rect(Ink::grid, px(x), kRuler, 1, px(scene_.height_ - kRuler));
    picture_.write(Ink::text_dim, px(x + 4), 2, px(std::min(86, scene_.width_ - x - 4)), 14, tick.label)
        .size = TextSize::small;
  }
}

void ComparePicture::draw_lane(const Lane& lane, const SliceRow& row, Side side, Over over) {
  std::vector<SliceSpan> spans;
  row.spans(grid_, spans);
  for (const SliceSpan& span : spans) draw_slice(lane, row.slices()[span.widest], span, side, over);
}

void ComparePicture::draw_slice(const Lane& lane, const Slice& slice, const SliceSpan& span, Side side,
                                Over over) {
  const int x = scene_.names_width() + span.first_column;
  int w = span.last_column - span.first_column;
  if (w <= 0) return;
  int top = lane.top, height = lane.height;
  if (over == Over::before) {
    top += height * 3 / 10;
    height = height * 4 / 10;
  }
  // A pixel that slices share is as high as the part of its time that they fill.
  if (w == 1) {
    const std::int64_t room = grid_.edge(span.first_column + 1) - grid_.edge(span.first_column);
    const double part = room <= 0 ? 1 : static_cast<double>(span.covered) / static_cast<double>(room);
    const int filled = std::clamp(static_cast<int>(std::lround(part * height)), std::min(height, 4), height);
    top += height - filled;
    height = filled;
  } else if (w >= 5) {
    --w;  // set off from the next one
  }
  const Target target{.kind = slice.kind, .track = side == Side::a ? 0U : 1U, .row = slice.row};
  picture_.rect(slice.ink, px(x), px(top), px(w), px(height), target);
  picture_.marks.back().merged = span.count;
  if (over == Over::behind) picture_.marks.back().alpha = 140;
  if (w < kLeastLabel || span.count != 1 || over == Over::before || height < 12) return;
  std::string words = label_of(slice, side);
  if (words.empty()) return;
  Mark& mark =
      picture_.write(Ink::text, px(x + 4), px(top), px(w - 8), px(std::min(height, 20)), std::move(words));
  mark.size = TextSize::small;
  mark.on = slice.ink;
}

std::string ComparePicture::label_of(const Slice& slice, Side side) const {
  const RunRecord& run = pair_.run(side);
  switch (slice.kind) {
    case Target::Kind::step:
      return pair_.names(side).step(static_cast<std::int32_t>(slice.row));
    case Target::Kind::operation:
      return operator_words(run.operators[slice.row].kind);
    case Target::Kind::stall:
      return spaced(to_text(run.stalls[slice.row].cause));
    default:
      return {};
  }
}

// Of tokens or layers that share a pixel, the mean.
void ComparePicture::draw_difference() {
  const Lane& lane = difference_;
  const DifferenceRow& row = scene_.by_layer() ? pair_.by_layer() : pair_.by_step();
  const char* unit = scene_.by_layer() ? "a layer" : "a token";
  const int middle = lane.top + lane.height / 2, half = std::max(lane.height / 2 - 1, 1);
  picture_.rect(Ink::panel, px(scene_.names_width()), px(lane.top), px(scene_.plot_width()), px(lane.height));
  std::vector<SliceSpan> spans;
  row.row.spans(grid_, spans);
  const auto mean_of = [&row](const SliceSpan& span) {
    return static_cast<double>(row.change(span)) / span.count;
  };
  double largest = 0;  // in the view
  for (const SliceSpan& span : spans) largest = std::max(largest, std::abs(mean_of(span)));
  const auto name = [&](int y, std::string text, Ink ink) {
    picture_.write(ink, 8, px(y), px(scene_.names_width() - 12), 14, std::move(text)).size = TextSize::small;
  };
  name(middle - 7, fmt::format("B - A, {}", unit), Ink::text);
  if (lane.height >= 44 && largest > 0) {
    const std::string most = to_text(Duration::ps(std::llround(largest)));
    name(lane.top, fmt::format("+{}", most), Ink::text_dim);
    name(lane.top + lane.height - 14, fmt::format("-{}", most), Ink::text_dim);
  }
  for (const SliceSpan& span : spans) {
    const double mean = mean_of(span);
    const Slice& slice = row.row.slices()[span.widest];
    const int x = scene_.names_width() + span.first_column;
    int w = span.last_column - span.first_column;
    if (w >= 5) --w;
    int h = largest == 0 ? 0 : static_cast<int>(std::lround(std::abs(mean) / largest * half));
    if (mean != 0) h = std::max(h, 1);
    const Target target{.kind = slice.kind, .row = slice.row};
    // The whole height is what can be pointed at.
    picture_.rect(Ink::panel, px(x), px(lane.top), px(std::max(w, 1)), px(lane.height), target);
    picture_.marks.back().alpha = 0;
    if (h == 0) continue;
    picture_.rect(mean > 0 ? Ink::worse : Ink::better, px(x), px(mean > 0 ? middle - h : middle + 1),
                  px(std::max(w, 1)), px(h), target);
    picture_.marks.back().merged = span.count;
  }
  picture_.rect(Ink::axis, px(scene_.names_width()), px(middle), px(scene_.plot_width()), 1);
}

void ComparePicture::draw_selection() {
  const auto columns = [this](TimeSpan span) {
    const TimeSpan seen = span.common(scene_.view());
    const int first = std::clamp(grid_.column_of(seen.first), 0, grid_.columns());
    const int last = std::clamp(grid_.column_of(seen.last), first, grid_.columns());
    return std::pair(first, last);
  };
  if (scene_.area_ && !scene_.area_->common(scene_.view()).empty()) {
    const auto [first, last] = columns(*scene_.area_);
    picture_.rect(Ink::selection, px(scene_.names_width() + first), kRuler, px(std::max(last - first, 1)),
                  px(scene_.height_ - kRuler));
    picture_.marks.back().alpha = 40;
  }
  const std::optional<TimeSpan> place = scene_.place_of(scene_.selected_);
  if (!place || place->last < scene_.view().first || place->first >= scene_.view().last) return;
  const auto [first, last] = columns(*place);
  const Target::Kind kind = scene_.selected_.kind;
  const std::array<Lane, 3>& lanes = scene_.selected_.track == 1 ? b_ : a_;
  const bool difference = kind == Target::Kind::cell || kind == Target::Kind::step_pair;
  const Lane& lane = difference                    ? difference_
                     : kind == Target::Kind::step  ? lanes[0]
                     : kind == Target::Kind::stall ? lanes[2]
                                                   : lanes[1];
  picture_.frame(Ink::selection, px(scene_.names_width() + first - 1), px(lane.top - 1),
                 px(std::max(last - first, 1) + 2), px(lane.height + 2));
  picture_.marks.back().thickness = 2;
}

}  // namespace pregate
