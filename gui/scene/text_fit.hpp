// SPDX-License-Identifier: Apache-2.0
// How wide a text of a picture is, and where it breaks. Needs a QGuiApplication for its fonts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gui/scene/picture.hpp"

namespace pregate {

// In pixels, rounded up.
int text_width(std::string_view text, TextSize size, bool bold = false);

// Breaks at blanks so that no line is wider than `width`; a word that is wider alone stands alone. `indent`
// is what the first line has used already.
std::vector<std::string> broken_lines(std::string_view text, TextSize size, int width, int indent = 0);

}  // namespace pregate
