// SPDX-License-Identifier: Apache-2.0
// Private to the heatmap: its measures in pixels.
#pragma once

#include <algorithm>

namespace pregate::shape {

inline constexpr int kMargin = 14;
inline constexpr int kLeft = 62;    // names of rows
inline constexpr int kTop = 86;     // title, line below it, scale of colours
inline constexpr int kBottom = 44;  // numbers of the columns and what they are
inline constexpr int kSums = 130;   // bars of the rows' sums
inline constexpr int kScaleWidth = 260;
inline constexpr int kBankGap = 3;
inline constexpr int kGroupGap = 9;
inline constexpr int kPairsHead = 18;  // above the numbers of the pairs
inline constexpr int kMostCellWidth = 72;
inline constexpr int kMostCellHeight = 30;
inline constexpr int kVerdict = 34;  // lines below the pairs
inline constexpr int kLine = 15;     // of small text

inline int pairs_width(int width) {
  return std::clamp(width * 2 / 5, 380, 560);
}

}  // namespace pregate::shape
