// SPDX-License-Identifier: Apache-2.0
// A number that changes over time, drawn as at most one box a pixel column: the least and the most that it
// was there. Neighbours that do not differ are one box.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gui/scene/pixel_grid.hpp"
#include "gui/scene/range_best.hpp"

namespace pregate {

struct CounterChange {
  std::int64_t at = 0;
  std::int64_t value = 0;
  std::uint32_t row = 0;  // in the table that it comes from
};

struct CounterSpan {
  int first_column = 0, last_column = 0;  // last exclusive
  std::int64_t least = 0, most = 0;
  std::uint32_t most_index = 0;  // the change that brought `most`
  std::uint32_t changes = 0;     // within the columns

  friend bool operator==(const CounterSpan&, const CounterSpan&) = default;
};

class CounterRow {
 public:
  CounterRow() = default;
  // In order of time; of several at one time the last one holds. After `end` there is no value.
  CounterRow(std::vector<CounterChange> changes, std::int64_t end);

  [[nodiscard]] std::span<const CounterChange> changes() const { return changes_; }
  [[nodiscard]] bool empty() const { return changes_.empty(); }
  [[nodiscard]] std::int64_t most() const { return most_value_; }
  // How many changes are at or before the time: the one before them holds.
  [[nodiscard]] std::size_t changes_until(std::int64_t time) const;

  // Replaces what is in `out`.
  void spans(const PixelGrid& grid, std::vector<CounterSpan>& out) const;

 private:
  [[nodiscard]] std::size_t first_at(std::int64_t time, std::size_t from) const;

  std::vector<CounterChange> changes_;
  RangeBest most_, least_;  // least: of the negated values
  std::int64_t end_ = 0;
  std::int64_t most_value_ = 0;
};

}  // namespace pregate
