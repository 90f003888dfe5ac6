// SPDX-License-Identifier: Apache-2.0
// Private to the validations' text, document and pictures: how numbers and cells are written there.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "experiments/validation/errors.hpp"
#include "traces/number_text.hpp"

namespace pregate {

// About four digits: "0.797", "10.79", "115.4", "2048".
inline std::string four_digits(double value) {
  const double size = std::abs(value);
  return size >= 1000  ? fmt::format("{:.0f}", value)
         : size >= 100 ? fmt::format("{:.1f}", value)
         : size >= 10  ? fmt::format("{:.2f}", value)
                       : fmt::format("{:.3f}", value);
}

// A bar would end a cell of a Markdown table.
inline std::string markdown_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

// 0.0312 -> "+3.1 %"; nothing -> "-".
inline std::string error_cell(const std::optional<double>& error) {
  return error ? signed_text(100 * *error, "%") : "-";
}

// "12.34 (12.10..12.60)"; without the range where there is one repeat.
inline std::string measured_cell(const ComparedFigure& figure, std::size_t repeats, double factor = 1) {
  if (!figure.measured) return "-";
  const Repeats& m = *figure.measured;
  const std::string median = four_digits(m.median * factor);
  if (repeats < 2) return median;
  return fmt::format("{} ({}..{})", median, four_digits(m.low * factor), four_digits(m.high * factor));
}
inline std::string predicted_cell(const ComparedFigure& figure, double factor = 1) {
  return figure.predicted ? four_digits(*figure.predicted * factor) : "-";
}
inline std::string median_cell(const ComparedFigure& figure, double factor = 1) {
  return figure.measured ? four_digits(figure.measured->median * factor) : "-";
}

// 0.4523 -> "45.2".
std::string share_cell(const std::optional<double>& share);

// Of tokens/s: half the way from a cell's slowest to its fastest repeat, over the median. "+/- 0.4 % in the
// median cell, at most 2.1 %".
std::string noise_text(const Validation& validation);
// "24 cells, 3 repeats each" ("2 to 3" where they differ).
std::string size_text(const Validation& validation);
// "tokens/s: median |error| 3.1 % (target 10 %: met), worst +12.0 % (target 20 %: met); counts equal in all
// 24 cells".
std::string verdict_text(const ModelVerdict& verdict);
// "310.2 MiB/s with 1 lane, 602.0 MiB/s with 4 lanes".
std::string plain_reads_text(const std::vector<PlainRead>& reads);
// "predicted 13.90 tokens/s, measured 14.20, 13.80, 13.95 in the course of the grid: +/- 1.4 % of the
// machine's own"; empty where it is not known.
std::string resident_text(const ValidationHead& head);
// "disk-bound cells with prefetch reach ..." and the like of those without, which are not judged; of kinds
// that there are none of, or where the plain rate is not known, nothing.
std::vector<std::string> disk_texts(const std::vector<DiskShare>& shares);
// Counts that differ, a sentence each, the first twenty and how many more there are.
std::vector<std::string> difference_lines(const Validation& validation);

}  // namespace pregate
