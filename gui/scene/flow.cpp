// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/flow.hpp"

#include "traces/base/check.hpp"
#include "traces/base/units.hpp"

namespace pregate {

Flow::Flow(const SliceRow& row, AmountOf amount_of) : row_(&row), amount_of_(std::move(amount_of)) {
  const auto slices = row.slices();
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (i % kBlock == 0) sums_.push_back(sum);
    const std::int64_t amount = amount_of_(slices[i]);
    check(amount >= 0 && amount <= INT64_MAX - sum, "amounts of a flow fit 63 bits");
    sum += amount;
  }
  sums_.push_back(sum);
}

std::int64_t Flow::before(std::int64_t time) const {
  return row_ == nullptr ? 0 : before(time, row_->first_reaching(time));
}

std::int64_t Flow::before(std::int64_t time, std::size_t reached) const {
  const auto slices = row_->slices();
  if (reached == slices.size()) return total();
  const std::size_t block = reached / kBlock;
  std::int64_t sum = sums_[block];
  for (std::size_t i = block * kBlock; i < reached; ++i) sum += amount_of_(slices[i]);
  const Slice& slice = slices[reached];
  if (time <= slice.begin || slice.width() == 0) return sum;
  const Int128 part = Int128{amount_of_(slice)} * (time - slice.begin) / slice.width();
  return sum + static_cast<std::int64_t>(part);
}

void Flow::add_columns(const PixelGrid& grid, std::vector<std::int64_t>& out) const {
  if (row_ == nullptr || row_->empty()) return;
  out.resize(static_cast<std::size_t>(grid.columns()));
  std::size_t reached = row_->first_reaching(grid.edge(0));
  std::int64_t before_column = before(grid.edge(0), reached);
  for (int column = 0; column < grid.columns(); ++column) {
    const std::int64_t edge = grid.edge(column + 1);
    // The slice that holds the edge is the one in front of the first that begins behind it.
    std::size_t next = row_->first_beginning(edge, reached);
    if (next > reached && row_->slices()[next - 1].end > edge) --next;
    reached = next;
    const std::int64_t now = before(edge, reached);
    out[static_cast<std::size_t>(column)] += now - before_column;
    before_column = now;
    if (reached == row_->slices().size()) break;
  }
}

}  // namespace pregate
