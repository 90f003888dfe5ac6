// SPDX-License-Identifier: Apache-2.0
#include "experiments/wrap.hpp"

#include <algorithm>

namespace pregate {
namespace {

// A sentence over several lines, each indented.
std::string wrapped_line(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out, line(indent, ' ');
  std::size_t used = 0;
  while (!text.empty()) {
    std::size_t blank = std::min(text.find(' '), text.size());
    if (text.substr(blank).starts_with(" %")) blank = std::min(text.find(' ', blank + 1), text.size());
    if (used > 0 && used + 1 + blank > width - indent) {
      out += line + "\n";
      line.assign(indent, ' ');
      used = 0;
    }
    if (used > 0) line += ' ';
    line += text.substr(0, blank);
    used += blank + (used > 0 ? 1 : 0);
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  if (used == 0) line.clear();
  return out + line + "\n";
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  while (true) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += wrapped_line(text.substr(0, end), indent, width);
    if (end == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace pregate
