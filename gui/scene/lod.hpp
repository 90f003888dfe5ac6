// SPDX-License-Identifier: Apache-2.0
// The slices of one row of the timeline, and their level of detail: a row of any length is drawn as at most
// one span a pixel column. The slices that begin in one column are one span (of these only the last can reach
// beyond it); the widest gives the span its colour and its target, and how many there are and how much of the
// column they fill is kept. So every slice of the range lies in exactly one span, and a column that holds no
// part of a slice is never painted.
//
//   SliceRow row(std::move(slices));                   // in order, none overlaps another
//   std::vector<SliceSpan> spans;
//   row.spans(PixelGrid({first, last}, width), spans);
//
// A pyramid over blocks of 16 slices makes the cost of a query that of the columns, not of the slices
// (2 bytes a slice).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gui/scene/picture.hpp"
#include "gui/scene/pixel_grid.hpp"
#include "gui/scene/range_best.hpp"

namespace pregate {

// Picoseconds; `row` in the table that `kind` names.
struct Slice {
  std::int64_t begin = 0, end = 0;
  std::uint32_t row = 0;
  Target::Kind kind = Target::Kind::none;
  Ink ink = Ink::none;

  [[nodiscard]] std::int64_t width() const { return end - begin; }
  [[nodiscard]] TimeSpan span() const { return {begin, end}; }
  friend bool operator==(const Slice&, const Slice&) = default;
};
static_assert(sizeof(Slice) == 24);
static_assert(static_cast<int>(Ink::count) <= 64, "a set of inks is a word");

struct SliceSpan {
  int first_column = 0, last_column = 0;  // last exclusive; at least one column
  std::uint32_t first = 0, count = 0;     // the slices
  std::uint32_t widest = 0;
  std::int64_t covered = 0;  // of a single column: how much of its time lies in slices

  friend bool operator==(const SliceSpan&, const SliceSpan&) = default;
};

class SliceRow {
 public:
  SliceRow() = default;
  explicit SliceRow(std::vector<Slice> slices);

  // The first slice that ends before it begins or begins before the one in front of it ends.
  static std::optional<std::size_t> first_disorder(std::span<const Slice> slices);

  [[nodiscard]] std::span<const Slice> slices() const { return slices_; }
  [[nodiscard]] bool empty() const { return slices_.empty(); }
  // Which inks there are: bit i for the ink of number i.
  [[nodiscard]] std::uint64_t inks() const { return inks_; }
  // The first slice that ends after `time`, or begins at or after it; size() if none does.
  [[nodiscard]] std::size_t first_reaching(std::int64_t time) const;
  // The first slice that begins at or after `time`, at `from` or behind it.
  [[nodiscard]] std::size_t first_beginning(std::int64_t time, std::size_t from = 0) const;
  // The slice that holds the time.
  [[nodiscard]] std::optional<std::size_t> at(std::int64_t time) const;

  // Replaces what is in `out`.
  void spans(const PixelGrid& grid, std::vector<SliceSpan>& out) const;

  // Of the pyramid.
  [[nodiscard]] std::size_t memory() const;

 private:
  [[nodiscard]] std::int64_t begin_at(std::size_t level, std::size_t i) const {
    return level == 0 ? slices_[i].begin : begins_[level - 1][i];
  }
  [[nodiscard]] std::int64_t covered_before(std::size_t index) const;
  [[nodiscard]] std::size_t size_at(std::size_t level) const {
    return level == 0 ? slices_.size() : begins_[level - 1].size();
  }

  std::vector<Slice> slices_;
  std::uint64_t inks_ = 0;
  RangeBest widest_;
  std::vector<std::int64_t> covered_;              // by the slices before each block
  std::vector<std::vector<std::int64_t>> begins_;  // of the first slice of each block, level by level
};

}  // namespace pregate
