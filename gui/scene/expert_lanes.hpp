// SPDX-License-Identifier: Apache-2.0
// The life of each expert as a row of slices: queued, loading, resident and not used yet, resident and used,
// in use, and a mark without length where it was evicted; where there is nothing it was absent. Rows are made
// when they are first asked for, so that thousands of experts cost what is looked at.
//
//   ExpertLanes lanes(run, end);
//   for (ExpertId expert : lanes.order(ExpertOrder::by_stall)) draw(lanes.lane(expert).row);
//
// A load that was withdrawn before it started is a queued slice without length: the record does not say when.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "gui/scene/lod.hpp"
#include "traces/run_record.hpp"

namespace pregate {

enum class ExpertOrder : std::uint8_t { by_id, by_stall, by_uses };
std::string_view to_text(ExpertOrder order);

struct ExpertLane {
  SliceRow row;
  // What in the record contradicts itself (a use while the expert is absent), the first; empty: nothing. The
  // row leaves such parts out.
  std::string conflict;
};

class ExpertLanes {
 public:
  // The run must outlive it, its slices must be in order (work_rows.hpp), its loads checked
  // (flash_lanes.hpp).
  ExpertLanes(const RunRecord& run, std::int64_t end);

  [[nodiscard]] std::size_t size() const { return table_.size(); }
  [[nodiscard]] const ExpertTable& table() const { return table_; }
  // "2:17": bank and number in the bank.
  [[nodiscard]] std::string name(ExpertId expert) const;

  // Alive until the next call of forget().
  const ExpertLane& lane(ExpertId expert);
  // Lets go of rows when they hold more than `slices` slices together.
  void forget(std::size_t slices);

  // Waits for its loads; lookups.
  [[nodiscard]] Duration stall_of(ExpertId expert) const { return stall_[expert.value()]; }
  [[nodiscard]] std::int64_t uses_of(ExpertId expert) const { return uses_[expert.value()]; }
  // Of equal ones by id.
  [[nodiscard]] const std::vector<ExpertId>& order(ExpertOrder order) const {
    return orders_.at(static_cast<std::size_t>(order));
  }

  // Its rows of the tables, in order.
  [[nodiscard]] std::span<const std::uint32_t> loads_of(ExpertId expert) const { return loads_.of(expert); }
  [[nodiscard]] std::span<const std::uint32_t> evictions_of(ExpertId expert) const {
    return evictions_.of(expert);
  }
  [[nodiscard]] std::span<const std::uint32_t> operators_of(ExpertId expert) const {
    return operators_.of(expert);
  }

 private:
  // Rows of a table by expert.
  struct Index {
    std::vector<std::uint32_t> first, rows;
    [[nodiscard]] std::span<const std::uint32_t> of(ExpertId expert) const;
  };
  template <typename Row>
  static Index index_of(const std::vector<Row>& rows, std::size_t experts);

  const RunRecord& run_;
  ExpertTable table_;
  std::int64_t end_;
  Index loads_, evictions_, operators_;
  std::vector<Duration> stall_;
  std::vector<std::int64_t> uses_;
  std::array<std::vector<ExpertId>, 3> orders_;
  std::map<std::uint32_t, std::unique_ptr<ExpertLane>> made_;
  std::size_t slices_made_ = 0;
};

}  // namespace pregate
