// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/plot.hpp"

#include <algorithm>
#include <cmath>

namespace pregate {
namespace {

constexpr float kLine = 15;

// The share of a value along a ruler, where the ruler has no bounds of its own.
double share_of(const plot::Ruler& ruler, double value) {
  const double share = ruler.share(value);
  return std::isfinite(share) ? std::clamp(share, -1.0, 2.0) : 0;
}

}  // namespace

PlotAxis number_axis(std::string label, plot::Scale scale, std::vector<double> data, int wanted) {
  std::erase_if(data, [](double value) { return !std::isfinite(value); });
  if (scale != plot::Scale::linear) {
    const bool none_above = std::none_of(data.begin(), data.end(), [](double value) { return value > 0; });
    if (none_above) scale = plot::Scale::linear;
    if (!none_above) std::erase_if(data, [](double value) { return value <= 0; });
  }
  plot::Range range{.low = 0, .high = 1};
  if (!data.empty()) {
    const auto [low, high] = std::minmax_element(data.begin(), data.end());
    range = {.low = *low, .high = *high};
  }
  PlotAxis axis{.label = std::move(label)};
  plot::Axis wish;
  wish.scale = scale;
  axis.ruler = plot::make_ruler(wish, range, wanted);
  return axis;
}

PlotAxis word_axis(std::string label, const std::vector<std::string>& words) {
  PlotAxis axis{.label = std::move(label), .words = true};
  axis.ruler.low = -0.5;
  axis.ruler.high = std::max<double>(1, static_cast<double>(words.size())) - 0.5;
  for (std::size_t i = 0; i < words.size(); ++i)
    axis.ruler.ticks.push_back({static_cast<double>(i), words[i]});
  return axis;
}

float PlotFrame::x_of(double value) const {
  return box_.x + box_.w * static_cast<float>(share_of(x_.ruler, value));
}

float PlotFrame::y_of(double value) const {
  return box_.bottom() - box_.h * static_cast<float>(share_of(y_.ruler, value));
}

bool PlotFrame::can_show(double x, double y) const {
  const auto fits = [](const plot::Ruler& ruler, double value) {
    return std::isfinite(value) && (ruler.scale == plot::Scale::linear || value > 0);
  };
  return fits(x_.ruler, x) && fits(y_.ruler, y);
}

void PlotFrame::draw(Picture& picture) const {
  draw_x(picture);
  draw_y(picture);
  picture.rect(Ink::axis, box_.x, box_.bottom(), box_.w, 1);
  picture.rect(Ink::axis, box_.x, box_.y, 1, box_.h);
}

void PlotFrame::draw_x(Picture& picture) const {
  const auto count = static_cast<float>(std::max<std::size_t>(1, x_.ruler.ticks.size()));
  const float room = x_.words ? box_.w / count - 6 : 84;
  float taken = -1e9F;
  for (const plot::Tick& tick : x_.ruler.ticks) {
    const float x = std::round(x_of(tick.value));
    if (!x_.words) picture.rect(Ink::grid, x, box_.y, 1, box_.h);
    picture.rect(Ink::axis, x, box_.bottom(), 1, 4);
    const float half = std::min(room, rough_width(tick.label, TextSize::small) + 8) / 2;
    if (x - half < taken) continue;
    taken = x + half;
    picture.write(Ink::text_dim, x - half, box_.bottom() + 5, 2 * half, kLine, tick.label, Align::centre)
        .size = TextSize::small;
  }
  picture.write(Ink::text, box_.x, box_.bottom() + 5 + kLine, box_.w, kLine + 2, x_.label, Align::centre);
}

void PlotFrame::draw_y(Picture& picture) const {
  float taken = 1e9F;
  for (const plot::Tick& tick : y_.ruler.ticks) {
    const float y = std::round(y_of(tick.value));
    if (!y_.words) picture.rect(Ink::grid, box_.x, y, box_.w, 1);
    picture.rect(Ink::axis, box_.x - 4, y, 4, 1);
    if (y + kLine / 2 > taken) continue;
    taken = y - kLine / 2;
    picture.write(Ink::text_dim, 4, y - kLine / 2, box_.x - 11, kLine, tick.label, Align::right).size =
        TextSize::small;
  }
  // There is no text that stands upright: the name lies above its axis.
  picture.write(Ink::text, 8, box_.y - kLine - 7, box_.w + box_.x - 8, kLine + 2, y_.label);
}

float rough_width(std::string_view text, TextSize size) {
  const float em = size == TextSize::small    ? 11
                   : size == TextSize::normal ? 13
                   : size == TextSize::large  ? 16
                                              : 26;
  // Letters of several bytes count once.
  const auto letters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return static_cast<float>(letters) * em * 0.6F;
}

}  // namespace pregate
