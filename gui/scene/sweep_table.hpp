// SPDX-License-Identifier: Apache-2.0
// A sweep as the viewer has it: the output of `pregate sweep show FILE --document` (docs/sweep.md), column by
// column, so that its numbers are the command's. Axes first, then the keys of the summary. The text is
// untrusted: what does not fit is an error with its place, never mended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/quantity.hpp"

namespace pregate {

// Which of two values one would rather have.
enum class Better : std::uint8_t { neither, more, less };

struct SweepColumn {
  std::string name;  // "dram.expert_budget", "tokens_per_second"
  bool is_axis = false;
  Quantity::Kind kind = Quantity::Kind::number;  // of an axis
  std::string unit;                              // of a number x factor
  double factor = 1;
  int decimals = 0;
  Better better = Better::neither;
  std::string known;  // "simulated", "counted", "estimated", "measured"; empty for axes
  // One a row: NaN where there is no number, -1 where there is no word. A column that has words is one of
  // words: numbers among them are words, too.
  std::vector<double> numbers;
  std::vector<std::int32_t> words;
  std::vector<std::string> dictionary;  // in order of appearance

  [[nodiscard]] bool is_words() const { return !dictionary.empty(); }
  [[nodiscard]] bool has(std::size_t row) const;
  // For people, with the unit: "4 GiB", "5.79 tokens/s", "lru"; empty where there is nothing.
  [[nodiscard]] std::string text(std::size_t row) const;
  // The number as the command has it, for CSV: 4294967296, 5.794...; or the word.
  [[nodiscard]] std::string raw_text(std::size_t row) const;
};

struct SweepRow {
  std::string hash, error;
  bool done = false;
};

struct SweepTable {
  std::vector<SweepRow> rows;
  std::vector<SweepColumn> columns;  // axes, keys, then wall_s, and version and seed where they differ
  std::size_t axes = 0;

  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  // Axes with more than one value among the rows.
  [[nodiscard]] std::vector<std::size_t> varied_axes() const;
  [[nodiscard]] std::size_t failed() const;
};

Result<SweepTable> parse_sweep(std::string_view json);

// All rows of `shown` (indices), in its order, and all columns: RFC 4180.
std::string sweep_csv(const SweepTable& table, const std::vector<std::size_t>& shown);

// A path or a key for people: "dram.expert budget".
std::string readable_name(std::string_view name);

}  // namespace pregate
