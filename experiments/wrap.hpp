// SPDX-License-Identifier: Apache-2.0
// Prose in lines that a terminal shows whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pregate {

// `text` in lines of at most `width`, broken at blanks but not before a percent sign, each indented; lines of
// its own stay apart. Ends with a line end.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace pregate
