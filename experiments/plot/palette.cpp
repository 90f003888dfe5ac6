// SPDX-License-Identifier: Apache-2.0
#include "experiments/plot/palette.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace pregate::plot {
namespace {

// Okabe and Ito's eight in an order that puts yellow, weak on white, last.
constexpr std::array<Colour, kCategoryColours> kCategories = {{{0, 114, 178},     // blue
                                                               {213, 94, 0},      // vermillion
                                                               {0, 158, 115},     // bluish green
                                                               {204, 121, 167},   // reddish purple
                                                               {230, 159, 0},     // orange
                                                               {86, 180, 233},    // sky blue
                                                               {0, 0, 0},         // black
                                                               {240, 228, 66}}};  // yellow

using Table = std::array<Colour, 10>;
constexpr Table kViridis = {{{68, 1, 84},
                             {72, 40, 120},
                             {62, 74, 137},
                             {49, 104, 142},
                             {38, 130, 142},
                             {31, 158, 137},
                             {53, 183, 121},
                             {109, 205, 89},
                             {180, 222, 44},
                             {253, 231, 37}}};
constexpr Table kCividis = {{{0, 32, 77},
                             {0, 51, 111},
                             {57, 72, 107},
                             {87, 92, 109},
                             {112, 113, 115},
                             {138, 135, 121},
                             {166, 157, 117},
                             {196, 181, 108},
                             {228, 207, 91},
                             {255, 234, 70}}};

std::uint8_t between(std::uint8_t a, std::uint8_t b, double share) {
  return static_cast<std::uint8_t>(std::lround(a + (b - a) * share));
}

double linear_light(std::uint8_t channel) {
  const double value = channel / 255.0;
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

}  // namespace

Colour category_colour(std::size_t index) {
  return kCategories[index % kCategories.size()];
}

Colour sequence_colour(ColourMap map, double share) {
  const Table& table = map == ColourMap::viridis ? kViridis : kCividis;
  const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(table.size() - 1);
  const std::size_t below = std::min(static_cast<std::size_t>(at), table.size() - 2);
  const double rest = at - static_cast<double>(below);
  const Colour a = table[below], b = table[below + 1];
  return {between(a.red, b.red, rest), between(a.green, b.green, rest), between(a.blue, b.blue, rest)};
}

double luminance(Colour colour) {
  return 0.2126 * linear_light(colour.red) + 0.7152 * linear_light(colour.green) +
         0.0722 * linear_light(colour.blue);
}

}  // namespace pregate::plot
