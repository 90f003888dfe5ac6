// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/step_strip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "traces/base/ticks.hpp"

namespace pregate {
namespace {

constexpr float kSide = 14, kTop = 4, kBottom = 17, kGrip = 5;

float span_of(int width) {
  return std::max(1.0F, static_cast<float>(width) - 2 * kSide);
}

}  // namespace

StepStrip::StepStrip(const std::vector<double>& sums, const std::vector<Phase>& phases)
    : sums_(sums), phases_(phases) {
  measure();
}

void StepStrip::measure() {
  most_ = 0;
  double all = 0;
  for (std::size_t s = 0; s < std::min(sums_.size(), phases_.size()); ++s) {
    all = std::max(all, sums_[s]);
    if (phases_[s] == Phase::decode) most_ = std::max(most_, sums_[s]);
  }
  if (most_ == 0) most_ = all;
}

float StepStrip::x_of(std::size_t boundary, int width) const {
  const auto steps = static_cast<double>(std::max<std::size_t>(1, phases_.size()));
  const double share = static_cast<double>(std::min(boundary, phases_.size())) / steps;
  return kSide + static_cast<float>(std::round(share * static_cast<double>(span_of(width))));
}

std::size_t StepStrip::step_at(float x, int width) const {
  if (phases_.empty()) return 0;
  const double share = static_cast<double>(std::clamp((x - kSide) / span_of(width), 0.0F, 1.0F));
  return std::min(static_cast<std::size_t>(share * static_cast<double>(phases_.size())), phases_.size() - 1);
}

std::size_t StepStrip::boundary_at(float x, int width) const {
  const double share = static_cast<double>(std::clamp((x - kSide) / span_of(width), 0.0F, 1.0F));
  return static_cast<std::size_t>(std::lround(share * static_cast<double>(phases_.size())));
}

StepRange StepStrip::whole(StepRange range) const {
  range.end = std::min(range.end, phases_.size());
  range.first = std::min(range.first, range.end);
  return range;
}

StepRange StepStrip::moved(StepRange range, std::int64_t by) const {
  range = whole(range);
  const auto length = static_cast<std::int64_t>(range.end - range.first);
  const auto last = static_cast<std::int64_t>(phases_.size()) - length;
  const std::int64_t first = std::clamp<std::int64_t>(static_cast<std::int64_t>(range.first) + by, 0, last);
  return {.first = static_cast<std::size_t>(first), .end = static_cast<std::size_t>(first + length)};
}

StepStrip::Part StepStrip::part_at(float x, int width, StepRange range) const {
  range = whole(range);
  const float first = x_of(range.first, width), end = x_of(range.end, width);
  // Where both handles lie on each other, each is taken from its own side.
  if (std::abs(x - end) <= kGrip && (x >= end || std::abs(x - end) <= std::abs(x - first))) return Part::end;
  if (std::abs(x - first) <= kGrip) return Part::first;
  return x > first && x < end ? Part::range : Part::outside;
}

Picture StepStrip::picture(int width, int height, StepRange range) const {
  Picture picture;
  picture.width = width;
  picture.height = height;
  range = whole(range);
  const float bottom = static_cast<float>(height) - kBottom, room = bottom - kTop;
  picture.rect(Ink::panel, kSide, kTop, span_of(width), room);
  const auto columns = static_cast<int>(span_of(width));
  for (int c = 0; c < columns && !phases_.empty(); ++c) {
    const float x = kSide + static_cast<float>(c);
    const std::size_t begin = step_at(x, width), end = std::max(begin + 1, step_at(x + 1, width));
    double most = 0;
    bool prefill = false;
    for (std::size_t s = begin; s < std::min(end, phases_.size()); ++s) {
      if (s < sums_.size()) most = std::max(most, sums_[s]);
      prefill = prefill || phases_[s] == Phase::prefill;
    }
    const double share = most_ > 0 ? std::clamp(most / most_, 0.0, 1.0) : 0;
    const auto tall = static_cast<float>(std::round(share * static_cast<double>(room)));
    const bool inside = range.contains(begin);
    if (prefill) picture.rect(Ink::prefill, x, bottom - 3, 1, 3);
    if (tall <= 0) continue;
    picture.rect(prefill ? Ink::prefill : Ink::series_0, x, bottom - tall, 1, tall);
    picture.marks.back().alpha = inside ? 255 : 70;
  }
  const float first = x_of(range.first, width), end = x_of(range.end, width);
  picture.frame(Ink::selection, first, kTop, std::max(1.0F, end - first), room);
  for (const float x : {first, end}) picture.rect(Ink::selection, x - 2, kTop - 2, 4, room + 4);
  const plot::Ruler ruler =
      plot::make_ruler({.min = 0, .max = static_cast<double>(std::max<std::size_t>(1, phases_.size()))},
                       {0, static_cast<double>(std::max<std::size_t>(1, phases_.size()))}, columns / 90);
  for (const plot::Tick& tick : ruler.ticks) {
    if (tick.value != std::floor(tick.value)) continue;
    const float x = x_of(static_cast<std::size_t>(tick.value), width);
    picture.rect(Ink::axis, x, bottom, 1, 3);
    picture
        .write(Ink::text_dim, x - 30, bottom + 3, 60, 13,
               tick.value == 0 ? std::string("step 0") : plot::number_text(tick.value, 0), Align::centre)
        .size = TextSize::small;
  }
  return picture;
}

}  // namespace pregate
