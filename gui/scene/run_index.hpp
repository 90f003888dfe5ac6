// SPDX-License-Identifier: Apache-2.0
// The ways back through a run record, which refers from effects to causes alone: the stalls that a load
// ended, the loads that an eviction made necessary, the event and the stalls of a (step, layer). Twelve bytes
// a row; built once in a sort. Refers to the run.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "traces/run_record.hpp"

namespace pregate {

// Rows of a table by a key each; rows of one key keep their order.
class RowsByKey {
 public:
  template <typename KeyOf>
  void build(std::size_t rows, const KeyOf& key_of) {
    rows_.clear();
    keys_.clear();
    for (std::size_t row = 0; row < rows; ++row) {
      if (const std::optional<std::uint64_t> key = key_of(row)) add(*key, static_cast<std::uint32_t>(row));
    }
    sort();
  }
  [[nodiscard]] std::span<const std::uint32_t> of(std::uint64_t key) const;

 private:
  void add(std::uint64_t key, std::uint32_t row);
  void sort();

  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> rows_;
};

class RunIndex {
 public:
  explicit RunIndex(const RunRecord& run);

  [[nodiscard]] std::span<const std::uint32_t> stalls_ended_by(LoadId load) const {
    return stalls_by_load_.of(load.value());
  }
  [[nodiscard]] std::span<const std::uint32_t> loads_after(EvictionId eviction) const {
    return loads_by_eviction_.of(eviction.value());
  }
  [[nodiscard]] std::span<const std::uint32_t> stalls_of(std::int32_t step, LayerId layer) const {
    return stalls_by_place_.of(place(step, layer));
  }
  // Invalid: nothing was looked up there.
  [[nodiscard]] EventId event_of(std::int32_t step, LayerId layer) const;

 private:
  static std::uint64_t place(std::int32_t step, LayerId layer) {
    return (std::uint64_t{static_cast<std::uint32_t>(step)} << 32) | layer.value();
  }

  RowsByKey stalls_by_load_, loads_by_eviction_, stalls_by_place_, events_by_place_;
};

}  // namespace pregate
