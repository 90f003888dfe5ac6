// SPDX-License-Identifier: Apache-2.0
// What lies in the box of a sweep's plot.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "gui/scene/sweep_scene.hpp"
#include "gui/scene/sweep_shape.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

float radius_of(std::size_t points) {
  return points > 3000 ? 2 : points > 600 ? 3 : 4;
}

}  // namespace

void SweepScene::draw_head(Picture& picture, int width) const {
  const auto w = static_cast<float>(width - 28);
  Mark& title = picture.write(
      Ink::text, 14, 10, w, 22,
      fmt::format("{} over {}", name_of(options_.y, y_scale_.unit), name_of(options_.x, x_scale_.unit)));
  title.size = TextSize::large;
  title.bold = true;
  picture.write(Ink::text_dim, 14, 33, w, 16, summary()).size = TextSize::small;
}

void SweepScene::draw_cycle(Picture& picture, const PlotFrame& frame) const {
  const auto budget = [this](std::size_t column) {
    const std::string& name = table_.columns[column].name;
    return name == "dram.expert_budget" || name == "expert_budget_bytes";
  };
  const bool across = budget(options_.x);
  if (!across && !budget(options_.y)) return;
  const auto cycle = common_token_cycle(table_, shown_);
  constexpr double kMostBytes = 9e18;
  if (!cycle || *cycle > kMostBytes) return;
  const plot::Ruler& ruler = across ? frame.x().ruler : frame.y().ruler;
  const double at = *cycle * (across ? x_scale_ : y_scale_).factor;
  if (at < ruler.low || at > ruler.high) return;
  const std::string text = "T = " + to_text(Bytes(std::llround(*cycle)));
  const PlotBox& box = frame.box();
  const float x = across ? std::round(frame.x_of(at)) : box.x,
              y = across ? box.y : std::round(frame.y_of(at));
  picture.line(Ink::limit, x, y, across ? x : box.right(), across ? box.bottom() : y, 1);
  picture.marks.back().dashed = true;
  const float wide = rough_width(text, TextSize::small) + 12;
  const bool left = across && x + wide > box.right();
  const float text_x = !across ? box.right() - wide : left ? x - wide - 4 : x + 5;
  picture.rect(Ink::background, text_x - 2, y + 2, wide, 15);
  picture.write(Ink::text, text_x, y + 2, wide, 15, text, left || !across ? Align::right : Align::left).size =
      TextSize::small;
}

void SweepScene::draw_lines(Picture& picture, const PlotFrame& frame) const {
  if (options_.x >= table_.axes || table_.columns[options_.x].is_words()) return;
  for (const std::vector<std::size_t>& line : lines_along(table_, shown_, options_.x)) {
    // Points closer than this make no line that an eye could follow, and drawing it takes seconds.
    constexpr float kLeastApart = 3;
    if (static_cast<float>(line.size()) > frame.box().w / kLeastApart) continue;
    std::optional<std::uint32_t> first;
    const Tint tint = tint_of(line.front());
    const bool own_ink = tint.ink != Ink::heat || options_.colour < table_.axes;
    const auto end = [&] {
      if (first && picture.points.size() > *first + 1) {
        Mark& mark = picture.shape_of(Shape::polyline, own_ink ? tint.ink : Ink::ghost, *first);
        mark.value = tint.heat;
        mark.thickness = 1.5F;
        mark.alpha = 150;
      }
      first.reset();
    };
    for (const std::size_t row : line) {
      const double x = value(options_.x, row) * x_scale_.factor, y = value(options_.y, row) * y_scale_.factor;
      if (!table_.rows[row].done || !frame.can_show(x, y)) {
        end();  // what failed parts the line
        continue;
      }
      if (!first) first = static_cast<std::uint32_t>(picture.points.size());
      picture.points.push_back({frame.x_of(x), frame.y_of(y)});
    }
    end();
  }
}

void SweepScene::draw_ghosts(Picture& picture, const PlotFrame& frame) const {
  if (ghosts_.empty()) return;
  const float radius = radius_of(points_.size()) - 1;
  for (const PlotPoint& point : points_) {
    const double x = point.x * x_scale_.factor, y = point.y * y_scale_.factor;
    const double opt_x = ghost_x(point.row) * x_scale_.factor, opt_y = ghosts_[point.row] * y_scale_.factor;
    if (!frame.can_show(x, y) || !frame.can_show(opt_x, opt_y)) continue;
    const Point from{frame.x_of(x), frame.y_of(y)}, to{frame.x_of(opt_x), frame.y_of(opt_y)};
    // Over a word many lines would lie on each other.
    if (!frame.x().words && std::hypot(to.x - from.x, to.y - from.y) > 8) {
      const bool upright = from.x == to.x;
      picture.line(Ink::ghost, upright ? std::round(from.x) : from.x, from.y,
                   upright ? std::round(to.x) : to.x, to.y, 1);
      picture.marks.back().dashed = true;
      picture.marks.back().alpha = 120;
    }
    picture.dot(Ink::ghost, to.x, to.y, radius).shape = Shape::ring;
  }
}

void SweepScene::draw_front(Picture& picture, const PlotFrame& frame) const {
  if (front_.empty()) return;
  // Between two points of the front nothing better is known: the corner lies on the worse side of both.
  const bool up_is_better = options_.better_y.value_or(table_.columns[options_.y].better) == Better::more;
  const auto first = static_cast<std::uint32_t>(picture.points.size());
  for (const PlotPoint& point : front_) {
    const double x = point.x * x_scale_.factor, y = point.y * y_scale_.factor;
    if (!frame.can_show(x, y)) continue;
    const Point at{frame.x_of(x), frame.y_of(y)};
    if (picture.points.size() > first) {
      const Point before = picture.points.back();
      const bool before_is_worse = up_is_better ? before.y >= at.y : before.y <= at.y;
      picture.points.push_back(before_is_worse ? Point{at.x, before.y} : Point{before.x, at.y});
    }
    picture.points.push_back(at);
  }
  Mark& mark = picture.shape_of(Shape::polyline, Ink::frontier, first);
  mark.thickness = 2;
  mark.alpha = 170;
}

void SweepScene::draw_points(Picture& picture, const PlotFrame& frame, const SweepMarks& marks) const {
  const float radius = radius_of(points_.size());
  const auto place = [&](const PlotPoint& point) {
    return Point{frame.x_of(point.x * x_scale_.factor), frame.y_of(point.y * y_scale_.factor)};
  };
  const auto is_shown = [&](const PlotPoint& point) {
    return frame.can_show(point.x * x_scale_.factor, point.y * y_scale_.factor);
  };
  for (const PlotPoint& point : points_) {
    if (!is_shown(point)) continue;
    const Point at = place(point);
    const Tint tint = tint_of(point.row);
    Mark& mark =
        picture.dot(tint.ink, at.x, at.y, radius, {.kind = Target::Kind::sweep_row, .row = point.row});
    mark.value = tint.heat;
    mark.shape = shape_of(point.row);
    mark.thickness = 2;
  }
  for (const PlotPoint& point : front_) {
    if (is_shown(point))
      picture.dot(Ink::frontier, place(point).x, place(point).y, radius + 1.5F).shape = Shape::ring;
  }
  const std::set<std::size_t> chosen(marks.selected.begin(), marks.selected.end());
  for (const PlotPoint& point : points_) {
    const bool selected = chosen.contains(point.row);
    if (!is_shown(point) || (!selected && marks.hovered != point.row)) continue;
    // Of very many each is marked more lightly.
    const bool many = selected && chosen.size() > 100;
    Mark& ring =
        picture.dot(Ink::cursor, place(point).x, place(point).y, radius + (selected && !many ? 4 : 2));
    ring.shape = Shape::ring;
    ring.thickness = selected && !many ? 2.5F : 1.5F;
  }
}

// At the border: where x or y is known, over it or beside it (beyond the axis at its end); else in a row.
void SweepScene::draw_failed(Picture& picture, const PlotFrame& frame) const {
  constexpr float kInside = 8, kApart = 12;
  const PlotBox& box = frame.box();
  float next = box.x + kInside;
  for (const std::size_t row : shown_) {
    if (table_.rows[row].done) continue;
    const double x = value(options_.x, row) * x_scale_.factor, y = value(options_.y, row) * y_scale_.factor;
    const bool has_x = frame.can_show(x, frame.y().ruler.high),
               has_y = frame.can_show(frame.x().ruler.high, y);
    Point at{box.x + kInside, box.bottom() - kInside};
    if (has_x) {
      at.x = std::clamp(frame.x_of(x), box.x + kInside, std::max(box.x + kInside, box.right() - kInside));
    } else if (has_y) {
      at.y = std::clamp(frame.y_of(y), box.y + kInside, std::max(box.y + kInside, box.bottom() - kInside));
    } else {
      at.x = next;
      if (next + kApart < box.right()) next += kApart;
    }
    Mark& cross = picture.dot(Ink::warning, at.x, at.y, 4, {.kind = Target::Kind::sweep_row, .row = row});
    cross.shape = Shape::cross;
    cross.thickness = 2;
  }
}

}  // namespace pregate
