// SPDX-License-Identifier: Apache-2.0
#include "experiments/stream/expert_pool.hpp"

#include "traces/base/check.hpp"

namespace pregate {

Result<ExpertPool> ExpertPool::create(Bytes slot, std::size_t slots) {
  const Bytes bytes = slot * static_cast<std::int64_t>(slots);
  if (const Status enough = require_memory(bytes, "the pool of experts"); !enough) return enough.error();
  Result<Arena> arena = Arena::create(bytes);
  if (!arena) return arena.error();
  return ExpertPool(std::move(*arena), static_cast<std::size_t>(slot.count()), slots);
}

ExpertPool::ExpertPool(Arena arena, std::size_t size, std::size_t count)
    : arena_(std::move(arena)), size_(size), memory_(arena_.take(size * count), size * count) {
  reset(count);
}

void ExpertPool::reset(std::size_t slots) {
  check(slots <= this->slots(), "a pool has the slots that it was made with");
  free_.clear();
  for (std::size_t slot = slots; slot > 0; --slot) free_.push_back(static_cast<Slot>(slot - 1));
}

ExpertPool::Slot ExpertPool::take() {
  check(!free_.empty(), "residency keeps within the pool");
  const Slot slot = free_.back();
  free_.pop_back();
  return slot;
}

}  // namespace pregate
