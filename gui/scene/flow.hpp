// SPDX-License-Identifier: Apache-2.0
// An amount that each slice of a row carries, spread evenly over its time: the bytes of a load, the time of a
// stall. What flowed between two times is before(b) - before(a), exact to the unit at the ends of slices and
// rounded down within one. Only a sum a block of slices is kept; amounts come from the function that it was
// built with, row by row.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gui/scene/lod.hpp"

namespace pregate {

class Flow {
 public:
  using AmountOf = std::function<std::int64_t(const Slice&)>;

  Flow() = default;
  // `row` must outlive it. Amounts are not negative, and their sum fits 63 bits.
  Flow(const SliceRow& row, AmountOf amount_of);

  [[nodiscard]] std::int64_t total() const { return sums_.empty() ? 0 : sums_.back(); }
  [[nodiscard]] std::int64_t before(std::int64_t time) const;
  // For each column of the grid what flows in it, added to `out` (columns of them).
  void add_columns(const PixelGrid& grid, std::vector<std::int64_t>& out) const;

 private:
  static constexpr std::size_t kBlock = 16;
  // `reached`: the first slice that ends after the time.
  [[nodiscard]] std::int64_t before(std::int64_t time, std::size_t reached) const;

  const SliceRow* row_ = nullptr;
  AmountOf amount_of_;
  std::vector<std::int64_t> sums_;  // before each block, and of all
};

}  // namespace pregate
