// SPDX-License-Identifier: Apache-2.0
// Colours that stay apart for colour-blind readers, and on paper without colour. Categories: Okabe and Ito,
// "Color Universal Design" (2008, jfly.uni-koeln.de/color). Sequences: viridis (Smith and van der Walt, 2015,
// CC0) and cividis (Nunez, Anderton and Renslow, PLoS ONE 13(7), 2018), each from ten points of its published
// table with straight lines between; the lightness rises evenly.
#pragma once

#include <cstdint>

namespace pregate::plot {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  friend bool operator==(const Colour&, const Colour&) = default;
};

enum class ColourMap : std::uint8_t { viridis, cividis };

inline constexpr std::size_t kCategoryColours = 8;
// The first eight differ; later ones begin again.
Colour category_colour(std::size_t index);

// share 0 (dark) to 1 (light); beyond, the end's colour.
Colour sequence_colour(ColourMap map, double share);

// Relative luminance (WCAG 2.1), 0 to 1: tells whether black or white text can be read on it.
double luminance(Colour colour);

}  // namespace pregate::plot
