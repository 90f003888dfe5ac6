// SPDX-License-Identifier: Apache-2.0
// Amounts that the slices of a row carry, spread evenly over their time: the bytes of loads, the time of
// stalls. An amount belongs to a channel (the kind of load). What flowed between two times is before(b) -
// before(a), exact at the ends of slices and rounded down within one. Only sums a block of slices are kept;
// amounts come from the function that it was built with.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "gui/scene/lod.hpp"

namespace pregate {

struct Amount {
  std::int64_t amount = 0;
  std::uint8_t channel = 0;
};

class Flow {
 public:
  static constexpr std::size_t kChannels = 4;
  using Sums = std::array<std::int64_t, kChannels>;
  using AmountOf = std::function<Amount(const Slice&)>;

  Flow() = default;
  // `row` must outlive it. `channels`: those that can occur, each once. Amounts are not negative, and their
  // sum fits 63 bits.
  Flow(const SliceRow& row, std::vector<std::uint8_t> channels, AmountOf amount_of);

  [[nodiscard]] Sums total() const { return total_; }
  [[nodiscard]] Sums before(std::int64_t time) const;
  // For each column of the grid what flows in it, added to `out`, which has as many entries.
  void add_columns(const PixelGrid& grid, std::vector<Sums>& out) const;

 private:
  static constexpr std::size_t kBlock = 4;
  [[nodiscard]] std::size_t used() const { return channels_.size(); }
  // `reached`: the first slice that ends after the time.
  [[nodiscard]] Sums before(std::int64_t time, std::size_t reached) const;

  const SliceRow* row_ = nullptr;
  AmountOf amount_of_;
  Sums total_{};
  std::vector<std::uint8_t> channels_;
  std::vector<std::int64_t> sums_;  // before each block, a number for each channel
};

}  // namespace pregate
