// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/text_fit.hpp"

#include <QtGui/QFontMetricsF>
#include <algorithm>
#include <array>
#include <cmath>

#include "gui/scene/painter.hpp"

namespace pregate {
namespace {

// "50 %", "67.2 GiB": a number and its unit stay together.
bool is_unit(std::string_view word) {
  constexpr std::array<std::string_view, 17> kUnits = {"%", "ps",   "ns",   "us",   "ms",  "s",
                                                       "B", "KiB",  "MiB",  "GiB",  "TiB", "J",
                                                       "W", "MMAC", "GMAC", "TMAC", "GB/s"};
  while (!word.empty() &&
         (word.back() == '.' || word.back() == ',' || word.back() == ';' || word.back() == ':'))
    word.remove_suffix(1);
  return std::find(kUnits.begin(), kUnits.end(), word) != kUnits.end();
}

// Where the word that begins at `at` ends, a unit after a number included.
std::size_t end_of_word(std::string_view text, std::size_t at) {
  const std::size_t end = std::min(text.find(' ', at), text.size());
  if (end == text.size() || end == at || text[end - 1] < '0' || text[end - 1] > '9') return end;
  const std::size_t next = std::min(text.find(' ', end + 1), text.size());
  return is_unit(text.substr(end + 1, next - end - 1)) ? next : end;
}

}  // namespace

int text_width(std::string_view text, TextSize size, bool bold) {
  const QFontMetricsF metrics(font_of(size, bold));
  const QString words = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
  return static_cast<int>(std::ceil(metrics.horizontalAdvance(words)));
}

std::vector<std::string> broken_lines(std::string_view text, TextSize size, int width, int indent) {
  const QFontMetricsF metrics(font_of(size, false));
  const double blank = metrics.horizontalAdvance(QLatin1Char(' '));
  std::vector<std::string> lines(1);
  double used = indent;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = end_of_word(text, at);
    const std::string_view word = text.substr(at, end - at);
    const double wide =
        metrics.horizontalAdvance(QString::fromUtf8(word.data(), static_cast<qsizetype>(word.size())));
    const double gap = lines.back().empty() ? 0 : blank;
    if (used > 0 && used + gap + wide > width) {
      lines.emplace_back();
      used = 0;
    } else if (gap > 0) {
      lines.back() += ' ';
      used += gap;
    }
    lines.back() += word;
    used += wide;
    at = end + 1;
  }
  return lines;
}

}  // namespace pregate
