// SPDX-License-Identifier: Apache-2.0
#include "experiments/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pregate {

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) ++width;
  }
  return width;
}

std::string pad(std::string_view text, std::size_t width, Align align) {
  const std::size_t used = display_width(text);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return align == Align::left ? std::string(text) + blanks : blanks + std::string(text);
}

void Table::row(std::vector<std::string> cells) {
  check(cells.size() == columns_.size(), "a table row has one cell a column");
  rows_.push_back(std::move(cells));
}

std::string Table::line(const Look& look, const std::vector<std::string>& cells,
                        const std::vector<std::size_t>& widths, Tone tone) const {
  std::string out;
  for (std::size_t c = 0; c < columns_.size(); ++c) out += "  " + pad(cells[c], widths[c], columns_[c].align);
  out.erase(out.find_last_not_of(' ') + 1);
  return toned(look, tone, out) + "\n";
}

std::string Table::text(const Look& look) const {
  // Titles of one line stand on the lower one.
  std::vector<std::string> upper, lower;
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const std::string& title = columns_[c].title;
    const std::size_t cut = title.find('\n');
    upper.push_back(cut == std::string::npos ? "" : title.substr(0, cut));
    lower.push_back(cut == std::string::npos ? title : title.substr(cut + 1));
    widths.push_back(std::max(display_width(upper.back()), display_width(lower.back())));
    for (const auto& row : rows_) widths[c] = std::max(widths[c], display_width(row[c]));
  }
  const bool two_lines =
      std::any_of(upper.begin(), upper.end(), [](const auto& title) { return !title.empty(); });
  std::string out = two_lines ? line(look, upper, widths, Tone::faint) : std::string();
  out += line(look, lower, widths, Tone::faint);
  for (const auto& row : rows_) out += line(look, row, widths, Tone::plain);
  return out;
}

}  // namespace pregate
