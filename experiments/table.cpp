// SPDX-License-Identifier: Apache-2.0
#include "experiments/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

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

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  const double shown = std::round(value * scale) / scale;
  return shown == 0 ? 0.0 : shown;
}
std::string signed_text(double value, std::string_view unit) {
  return fmt::format("{:+.1f} {}", rounded(value, 1), unit);
}

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}
double ratio(Duration part, Duration whole) {
  return ratio(part.count_ps(), whole.count_ps());
}
double seconds(Duration d) {
  return static_cast<double>(d.count_ps()) / 1e12;
}
std::string milliseconds(Duration d) {
  return fmt::format("{:.2f} ms", seconds(d) * 1e3);
}
std::string time_text(Duration d) {
  return d < Duration::seconds(1) ? milliseconds(d) : fmt::format("{:.2f} s", seconds(d));
}

std::vector<std::int64_t> apportion(std::span<const std::int64_t> values, std::int64_t total) {
  const Int128 sum = std::accumulate(values.begin(), values.end(), Int128{0});
  std::vector<std::int64_t> out(values.size(), 0);
  if (sum == 0) return out;
  std::vector<std::pair<Int128, std::size_t>> remainders;
  std::int64_t left = total;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Int128 scaled = Int128{values[i]} * total;
    out[i] = static_cast<std::int64_t>(scaled / sum);
    left -= out[i];
    remainders.emplace_back(scaled % sum, i);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; left > 0; ++i, --left) ++out[remainders[i].second];
  return out;
}

}  // namespace pregate
