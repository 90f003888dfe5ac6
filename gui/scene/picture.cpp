// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/picture.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pregate {
namespace {

constexpr float kGrace = 2;

float distance_to_segment(Point p, Point a, Point b) {
  const float dx = b.x - a.x, dy = b.y - a.y;
  const float length = dx * dx + dy * dy;
  const float along =
      length == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0F, 1.0F);
  return std::hypot(p.x - (a.x + along * dx), p.y - (a.y + along * dy));
}

bool inside_polygon(const Picture& picture, const Mark& mark, float x, float y) {
  bool inside = false;
  for (std::uint32_t i = 0, j = mark.points - 1; i < mark.points; j = i++) {
    const Point a = picture.points[mark.first_point + i], b = picture.points[mark.first_point + j];
    if ((a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

bool near_polyline(const Picture& picture, const Mark& mark, float x, float y) {
  for (std::uint32_t i = 1; i < mark.points; ++i) {
    const Point a = picture.points[mark.first_point + i - 1], b = picture.points[mark.first_point + i];
    if (distance_to_segment({x, y}, a, b) <= kGrace + mark.thickness / 2) return true;
  }
  return false;
}

bool holds(const Picture& picture, const Mark& mark, float x, float y) {
  switch (mark.shape) {
    case Shape::rect:
    case Shape::frame:
    case Shape::text:
      return x >= mark.x && x < mark.x + mark.w && y >= mark.y && y < mark.y + mark.h;
    case Shape::line:
      return distance_to_segment({x, y}, {mark.x, mark.y}, {mark.x + mark.w, mark.y + mark.h}) <=
             kGrace + mark.thickness / 2;
    case Shape::dot:
    case Shape::ring:
    case Shape::cross:
      return std::hypot(x - mark.x, y - mark.y) <= mark.w + kGrace;
    case Shape::area:
      return mark.points > 2 && inside_polygon(picture, mark, x, y);
    case Shape::polyline:
      return near_polyline(picture, mark, x, y);
  }
  return false;
}

}  // namespace

void Picture::rect(Ink ink, float x, float y, float w, float h, Target target) {
  marks.push_back({.shape = Shape::rect, .ink = ink, .x = x, .y = y, .w = w, .h = h, .target = target});
}

void Picture::frame(Ink ink, float x, float y, float w, float h, Target target) {
  marks.push_back({.shape = Shape::frame, .ink = ink, .x = x, .y = y, .w = w, .h = h, .target = target});
}

void Picture::line(Ink ink, float x1, float y1, float x2, float y2, float thickness) {
  marks.push_back({.shape = Shape::line,
                   .ink = ink,
                   .x = x1,
                   .y = y1,
                   .w = x2 - x1,
                   .h = y2 - y1,
                   .thickness = thickness});
}

Mark& Picture::dot(Ink ink, float x, float y, float radius, Target target) {
  marks.push_back(
      {.shape = Shape::dot, .ink = ink, .x = x, .y = y, .w = radius, .h = radius, .target = target});
  return marks.back();
}

Mark& Picture::write(Ink ink, float x, float y, float w, float h, std::string text, Align align) {
  marks.push_back({.shape = Shape::text,
                   .ink = ink,
                   .align = align,
                   .x = x,
                   .y = y,
                   .w = w,
                   .h = h,
                   .text = static_cast<std::int32_t>(texts.size())});
  texts.push_back(std::move(text));
  return marks.back();
}

Mark& Picture::shape_of(Shape shape, Ink ink, std::uint32_t first, Target target) {
  marks.push_back({.shape = shape,
                   .ink = ink,
                   .first_point = first,
                   .points = static_cast<std::uint32_t>(points.size()) - first,
                   .target = target});
  return marks.back();
}

const Mark* Picture::hit(float x, float y) const {
  const auto found = std::find_if(marks.rbegin(), marks.rend(), [&](const Mark& mark) {
    return mark.target.kind != Target::Kind::none && holds(*this, mark, x, y);
  });
  return found == marks.rend() ? nullptr : &*found;
}

std::string_view Picture::text_of(const Mark& mark) const {
  return mark.text < 0 ? std::string_view() : std::string_view(texts[static_cast<std::size_t>(mark.text)]);
}

}  // namespace pregate
