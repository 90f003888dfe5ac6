// SPDX-License-Identifier: Apache-2.0
// How each meaning looks: a colour in light and in dark, and a pattern where two meanings that may lie side
// by side are alike to some eyes. That they can be told apart is computed by a test, for normal sight and for
// the three kinds of colour blindness (simulate_sight, after Machado, Oliveira and Fernandes 2009, "A
// Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.0).
#pragma once

#include <QtGui/QColor>
#include <span>

#include "gui/scene/picture.hpp"

namespace pregate {

enum class Pattern : std::uint8_t { solid, diagonal, back_diagonal, cross, dots, horizontal, vertical };

class Theme {
 public:
  static const Theme& light();
  static const Theme& dark();

  [[nodiscard]] bool is_dark() const { return dark_; }
  [[nodiscard]] QColor color(Ink ink) const;
  // heat: 0 to 1, from the background's neighbour to the strongest; lightness rises evenly.
  [[nodiscard]] QColor heat(double value) const;
  // -1 (better) over 0 (neutral) to 1 (worse).
  [[nodiscard]] QColor diverging(double value) const;
  // Black or white, whichever reads better on it.
  [[nodiscard]] static QColor text_on(QColor fill);

 private:
  explicit Theme(bool dark) : dark_(dark) {}
  bool dark_;
};

Pattern pattern_of(Ink ink);

// Inks that may touch each other and must be told apart: steps, operators, stalls, loads, lives, bands,
// series, differences.
std::span<const std::span<const Ink>> ink_families();

enum class Sight : std::uint8_t { normal, protan, deutan, tritan };
QColor simulate_sight(QColor color, Sight sight);
// Distance in CIE L*a*b* (1976), D65. 2.3 is just noticeable side by side.
double color_distance(QColor a, QColor b);
// WCAG 2 contrast ratio, 1 to 21.
double contrast(QColor a, QColor b);

}  // namespace pregate
