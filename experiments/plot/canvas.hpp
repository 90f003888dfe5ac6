// SPDX-License-Identifier: Apache-2.0
// Private to experiments/plot/: what a figure is drawn with, on cairo, which stays inside canvas.cpp. Lengths
// are pixels at 1x from the top left corner; a text's place is on its baseline. Text in an SVG is outlines,
// so that it looks the same where the font is missing.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "experiments/plot/figure.hpp"

namespace pregate::plot {

struct Place {
  double x = 0, y = 0;
};

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  [[nodiscard]] double right() const { return x + width; }
  [[nodiscard]] double bottom() const { return y + height; }
  [[nodiscard]] bool meets(const Box& o) const {
    return x < o.right() && o.x < right() && y < o.bottom() && o.y < bottom();
  }
};

inline constexpr Colour kInk = {34, 34, 34}, kFaintInk = {96, 96, 96}, kGrid = {228, 228, 228},
                        kFrame = {140, 140, 140}, kPaper = {255, 255, 255}, kAbsent = {205, 205, 205};

struct Stroke {
  Colour colour = kInk;
  double width = 1;
  Dash dash = Dash::solid;
};

enum class Anchor : std::uint8_t { start, middle, end };

struct TextStyle {
  double size = 11;
  bool bold = false;
  Colour colour = kInk;
  Anchor anchor = Anchor::start;
  bool upwards = false;  // turned a quarter to the left
  bool halo = false;     // a rim of paper, to be read over lines
};

struct CanvasSize {
  std::int32_t width = 0, height = 0;
  double pixels_per_unit = 1;  // of a PNG
};

class Canvas {
 public:
  Canvas(Format format, const CanvasSize& size);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  void line(std::span<const Place> places, const Stroke& stroke);
  void fill(std::span<const Place> corners, Colour colour, double opacity = 1);
  void fill(const Box& box, Colour colour, double opacity = 1);
  void frame(const Box& box, const Stroke& stroke);
  // `radius` of the circle; other shapes look as large.
  void marker(Marker marker, Place at, double radius, Colour colour);
  void text(Place at, std::string_view text, const TextStyle& style);
  [[nodiscard]] double text_width(std::string_view text, const TextStyle& style) const;
  // Cells of one colour each, row after row, with sharp edges.
  void cells(const Box& box, std::size_t columns, std::span<const Colour> colours);
  // What is drawn until unclip() shows only inside the box.
  void clip(const Box& box);
  void unclip();

  // The file's bytes; draws no more. `title`, `description`: for readers that cannot see an SVG.
  Result<std::string> finish(std::string_view title, std::string_view description);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pregate::plot
