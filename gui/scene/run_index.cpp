// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/run_index.hpp"

#include <algorithm>
#include <numeric>

namespace pregate {

void RowsByKey::add(std::uint64_t key, std::uint32_t row) {
  keys_.push_back(key);
  rows_.push_back(row);
}

// Tables of a simulated run are in order of most keys already.
void RowsByKey::sort() {
  if (std::is_sorted(keys_.begin(), keys_.end())) return;
  std::vector<std::uint32_t> order(keys_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [this](std::uint32_t a, std::uint32_t b) { return keys_[a] < keys_[b]; });
  std::vector<std::uint64_t> keys(keys_.size());
  std::vector<std::uint32_t> rows(rows_.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    keys[i] = keys_[order[i]];
    rows[i] = rows_[order[i]];
  }
  keys_ = std::move(keys);
  rows_ = std::move(rows);
}

std::span<const std::uint32_t> RowsByKey::of(std::uint64_t key) const {
  const auto [first, last] = std::equal_range(keys_.begin(), keys_.end(), key);
  return std::span(rows_).subspan(static_cast<std::size_t>(first - keys_.begin()),
                                  static_cast<std::size_t>(last - first));
}

RunIndex::RunIndex(const RunRecord& run) {
  using Key = std::optional<std::uint64_t>;
  stalls_by_load_.build(run.stalls.size(), [&](std::size_t row) {
    const LoadId load = run.stalls[row].load;
    return load.valid() ? Key(load.value()) : Key();
  });
  loads_by_eviction_.build(run.loads.size(), [&](std::size_t row) {
    const EvictionId eviction = run.loads[row].previous_eviction;
    return eviction.valid() ? Key(eviction.value()) : Key();
  });
  const auto place_of = [](const auto& row) {
    return row.layer.valid() ? Key(place(row.step, row.layer)) : Key();
  };
  stalls_by_place_.build(run.stalls.size(), [&](std::size_t row) { return place_of(run.stalls[row]); });
  events_by_place_.build(run.events.size(), [&](std::size_t row) { return place_of(run.events[row]); });
}

EventId RunIndex::event_of(std::int32_t step, LayerId layer) const {
  const std::span<const std::uint32_t> rows = events_by_place_.of(place(step, layer));
  return rows.empty() ? EventId() : EventId(rows.front());
}

}  // namespace pregate
