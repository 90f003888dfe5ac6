// SPDX-License-Identifier: Apache-2.0
// Text tables for people, with the numbers of traces/number_text.hpp. A title may have two lines. Columns
// take the width of their widest cell; the first is left-aligned, the others as told. Leaves out wrapping: a
// caller keeps its cells short.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/terminal.hpp"
#include "traces/number_text.hpp"

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

}  // namespace pregate
