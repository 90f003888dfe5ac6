// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/flow.hpp"

#include "traces/base/check.hpp"
#include "traces/base/units.hpp"

namespace pregate {

Flow::Flow(const SliceRow& row, std::vector<std::uint8_t> channels, AmountOf amount_of)
    : row_(&row), amount_of_(std::move(amount_of)), channels_(std::move(channels)) {
  const auto slices = row.slices();
  sums_.reserve((slices.size() / kBlock + 1) * used());
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (i % kBlock == 0) {
      for (const std::uint8_t channel : channels_) sums_.push_back(total_[channel]);
    }
    const Amount part = amount_of_(slices[i]);
    std::int64_t& sum = total_.at(part.channel);
    check(part.amount >= 0 && part.amount <= INT64_MAX - sum, "amounts of a flow fit 63 bits");
    sum += part.amount;
  }
}

Flow::Sums Flow::before(std::int64_t time) const {
  return row_ == nullptr ? Sums{} : before(time, row_->first_reaching(time));
}

Flow::Sums Flow::before(std::int64_t time, std::size_t reached) const {
  const auto slices = row_->slices();
  if (reached == slices.size()) return total();
  const std::size_t block = reached / kBlock;
  Sums sums{};
  for (std::size_t k = 0; k < used(); ++k) sums[channels_[k]] = sums_[block * used() + k];
  for (std::size_t i = block * kBlock; i < reached; ++i) {
    const Amount whole = amount_of_(slices[i]);
    sums[whole.channel] += whole.amount;
  }
  const Slice& slice = slices[reached];
  if (time <= slice.begin || slice.width() == 0) return sums;
  const Amount whole = amount_of_(slice);
  sums[whole.channel] +=
      static_cast<std::int64_t>(Int128{whole.amount} * (time - slice.begin) / slice.width());
  return sums;
}

void Flow::add_columns(const PixelGrid& grid, std::vector<Sums>& out) const {
  if (row_ == nullptr || row_->empty()) return;
  check(out.size() == static_cast<std::size_t>(grid.columns()), "a sum for each column");
  std::size_t reached = row_->first_reaching(grid.edge(0));
  Sums earlier = before(grid.edge(0), reached);
  for (int column = 0; column < grid.columns() && reached < row_->slices().size(); ++column) {
    const std::int64_t edge = grid.edge(column + 1);
    // What holds the edge, or is reached next, is the last that begins before it or the first that does not.
    std::size_t next = row_->first_beginning(edge, reached);
    if (next > reached && row_->slices()[next - 1].end > edge) --next;
    reached = next;
    const Sums now = before(edge, reached);
    for (std::size_t i = 0; i < kChannels; ++i) {
      out[static_cast<std::size_t>(column)][i] += now[i] - earlier[i];
    }
    earlier = now;
  }
}

}  // namespace pregate
