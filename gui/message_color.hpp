// SPDX-License-Identifier: Apache-2.0
// Colours of words about what is typed, readable on the palette's own background, light or dark.
#pragma once

#include <QtGui/QPalette>

namespace pregate {

inline bool is_dark(const QPalette& palette) {
  return palette.color(QPalette::Window).lightness() < 128;
}
inline QColor error_color(const QPalette& palette) {
  return is_dark(palette) ? QColor(0xff, 0x8a, 0x80) : QColor(0xb3, 0x1b, 0x1b);
}
// Between text and background: words that may be passed over.
inline QColor faint_color(const QPalette& palette) {
  return is_dark(palette) ? QColor(0xa6, 0xa6, 0xa6) : QColor(0x5f, 0x5f, 0x5f);
}

}  // namespace pregate
