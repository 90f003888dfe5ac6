// SPDX-License-Identifier: Apache-2.0
// Private to the sweep's plot: its measures in pixels.
#pragma once

#include <algorithm>

namespace pregate::shape {

inline constexpr int kPlotLeft = 70;
inline constexpr int kPlotTop = 86;
inline constexpr int kPlotBottom = 46;
inline constexpr double kLeastHeat = 0.25;  // of points: lighter ones would be lost on the background

inline int legend_width(int width) {
  return std::clamp(width / 5, 150, 250);
}

}  // namespace pregate::shape
