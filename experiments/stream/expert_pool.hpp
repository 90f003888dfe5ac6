// SPDX-License-Identifier: Apache-2.0
// The memory that streamed experts live in: slots of one size, as many as the budget holds.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "models/memory.hpp"

namespace pregate {

class ExpertPool {
 public:
  using Slot = std::uint32_t;

  // `slot` is a multiple of a page. Errors: too little memory.
  static Result<ExpertPool> create(Bytes slot, std::size_t slots);

  // Everything is free again, and no more than `slots` of those that there are will be taken.
  void reset(std::size_t slots);
  [[nodiscard]] std::size_t slots() const { return memory_.size() / size_; }
  // There must be one: residency never admits more than the budget.
  Slot take();
  void give_back(Slot slot) { free_.push_back(slot); }
  [[nodiscard]] std::span<std::byte> at(Slot slot) const { return memory_.subspan(slot * size_, size_); }
  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }

 private:
  ExpertPool(Arena arena, std::size_t size, std::size_t count);

  Arena arena_;
  std::size_t size_;
  std::span<std::byte> memory_;
  std::vector<Slot> free_;
};

}  // namespace pregate
