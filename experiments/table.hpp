// SPDX-License-Identifier: Apache-2.0
// Text tables and numbers for people. A title may have two lines. Columns take the width of their widest
// cell; the first is left-aligned, the others as told. Leaves out wrapping: a caller keeps its cells short.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/terminal.hpp"
#include "traces/base/units.hpp"

namespace pregate {

enum class Align : std::uint8_t { left, right };
struct Column {
  std::string title;
  Align align = Align::right;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void row(std::vector<std::string> cells);
  // Every line begins with two blanks and ends without any.
  [[nodiscard]] std::string text(const Look& look) const;

 private:
  [[nodiscard]] std::string line(const Look& look, const std::vector<std::string>& cells,
                                 const std::vector<std::size_t>& widths, Tone tone) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Characters a text takes on the screen: UTF-8 sequences count once, colour codes not at all.
std::size_t display_width(std::string_view text);
std::string pad(std::string_view text, std::size_t width, Align align);

// 46080 -> "46,080".
std::string with_commas(std::int64_t value);
// 0.1234 -> "12.3 %".
std::string percent(double share);
// Rounded to so many decimals, for formats with as many; never -0, which would be printed with its sign.
double rounded(double value, int decimals);
// A change, 12.34 with "%" -> "+12.3 %"; what rounds to nothing is "+0.0 %".
std::string signed_text(double value, std::string_view unit);
// A share of two counts; 0 where there is nothing to share.
double ratio(std::int64_t part, std::int64_t whole);
double ratio(Duration part, Duration whole);
// Division rounds correctly, which multiplication by 1e-12 does not: 120 ms is 0.12 and nothing else.
double seconds(Duration d);
// "118.90 ms", always in milliseconds.
std::string milliseconds(Duration d);
// The same below a second, else in seconds.
std::string time_text(Duration d);

// Whole numbers in proportion to `values` (not negative) that sum to `total` exactly, by largest remainder:
// what is shown as parts of a whole must add up to it.
std::vector<std::int64_t> apportion(std::span<const std::int64_t> values, std::int64_t total);

}  // namespace pregate
