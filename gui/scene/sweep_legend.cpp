// SPDX-License-Identifier: Apache-2.0
// What stands right of a sweep's plot: what colours, rings and lines mean.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gui/scene/sweep_scene.hpp"
#include "gui/scene/sweep_shape.hpp"

namespace pregate {
namespace {

constexpr float kLine = 18;

void name(Picture& picture, Ink ink, float x, float y, float width, std::string text) {
  picture.write(ink, x, y, width, kLine, std::move(text)).size = TextSize::small;
}

}  // namespace

float SweepScene::draw_colours(Picture& picture, float x, float y, float width, float bottom) const {
  const SweepColumn& c = table_.columns[*options_.colour];
  const Scale scale = scale_of(*options_.colour);
  // Every value that is shown, where they are few; else a bar.
  std::set<std::pair<double, std::size_t>> values;  // value, its first row
  std::set<double> seen;
  for (const PlotPoint& point : points_) {
    const double v = value(*options_.colour, point.row);
    if (!std::isnan(v) && seen.insert(v).second) values.emplace(v, point.row);
  }
  constexpr std::size_t kMostValues = 8;
  const bool listed = c.is_words() || values.size() <= kMostValues;
  name(picture, Ink::text_dim, x, y, width,
       listed ? name_of(*options_.colour, scale.unit) : label_of(*options_.colour, scale, true));
  y += kLine;
  if (listed) {
    for (const auto& [v, row] : values) {
      if (y + kLine > bottom) {
        name(picture, Ink::text_dim, x, y, width, fmt::format("... {} values together", values.size()));
        return y + kLine;
      }
      const Tint tint = tint_of(row);
      Mark& dot = picture.dot(tint.ink, x + 6, y + kLine / 2, 5);
      dot.value = tint.heat;
      name(picture, Ink::text, x + 18, y, width - 18, c.text(row));
      y += kLine;
    }
    return y;
  }
  constexpr int kTall = 120;
  for (int i = 0; i < kTall; ++i) {
    picture.rect(Ink::heat, x, y + static_cast<float>(i), 12, 1);
    const double share = 1 - (i + 0.5) / kTall;
    picture.marks.back().value = static_cast<float>(shape::kLeastHeat + (1 - shape::kLeastHeat) * share);
  }
  const PlotAxis axis =
      number_axis({}, plot::Scale::linear, {colour_low_ * scale.factor, colour_high_ * scale.factor}, 4);
  const double low = colour_low_ * scale.factor, high = colour_high_ * scale.factor;
  for (const plot::Tick& tick : axis.ruler.ticks) {
    if (tick.value < low || tick.value > high || high <= low || !std::isfinite(high - low)) continue;
    const auto at = static_cast<float>((1 - (tick.value - low) / (high - low)) * (kTall - 1));
    picture.rect(Ink::axis, x + 12, y + std::round(at), 3, 1);
    name(picture, Ink::text_dim, x + 18, y + at - kLine / 2, width - 18, tick.label);
  }
  return y + kTall + kLine / 2;
}

float SweepScene::draw_shapes(Picture& picture, float x, float y, float width) const {
  const SweepColumn& c = table_.columns[*shapes_];
  name(picture, Ink::text_dim, x, y, width, readable_name(c.name));
  y += kLine;
  std::map<double, std::size_t> values;  // value, a row with it
  for (const PlotPoint& point : points_) values.emplace(value(*shapes_, point.row), point.row);
  for (const auto& [v, row] : values) {
    if (std::isnan(v)) continue;
    Mark& mark = picture.dot(Ink::text_dim, x + 6, y + kLine / 2, 4);
    mark.shape = shape_of(row);
    mark.thickness = 2;
    name(picture, Ink::text, x + 18, y, width - 18, c.text(row));
    y += kLine;
  }
  return y;
}

void SweepScene::draw_legend(Picture& picture, const PlotFrame& frame) const {
  const float x = frame.box().right() + 18, bottom = frame.box().bottom();
  const float width = static_cast<float>(picture.width) - x - 8;
  float y = frame.box().y - 4;
  if (options_.colour) y = draw_colours(picture, x, y, width, bottom - 5 * kLine) + kLine / 2;
  if (shapes_) y = draw_shapes(picture, x, y, width) + kLine / 2;
  if (!front_.empty()) {
    picture.rect(Ink::frontier, x, y + kLine / 2 - 1, 13, 2);
    name(picture, Ink::text, x + 18, y, width - 18, "Pareto front");
    const auto side = [](Better better) { return better == Better::more ? "more" : "less"; };
    const Better across = options_.better_x.value_or(table_.columns[options_.x].better);
    const Better up = options_.better_y.value_or(table_.columns[options_.y].better);
    name(picture, Ink::text_dim, x + 18, y + kLine - 3, width - 18,
         fmt::format("{} x, {} y is better", side(across), side(up)));
    y += 2 * kLine;
  }
  const bool any_ghost = std::any_of(points_.begin(), points_.end(),
                                     [this](const PlotPoint& p) { return !std::isnan(ghost(p.row)); });
  if (rule_ && any_ghost) {
    picture.dot(Ink::ghost, x + 6, y + kLine / 2, 4).shape = Shape::ring;
    name(picture, Ink::text, x + 18, y, width - 18, rule_->name);
    y += kLine;
  }
  const bool any_failed =
      std::any_of(shown_.begin(), shown_.end(), [this](std::size_t row) { return !table_.rows[row].done; });
  if (any_failed) {
    Mark& cross = picture.dot(Ink::warning, x + 6, y + kLine / 2, 4);
    cross.shape = Shape::cross;
    cross.thickness = 2;
    name(picture, Ink::text, x + 18, y, width - 18, "failed");
  }
}

}  // namespace pregate
