// SPDX-License-Identifier: Apache-2.0
// Ids that cannot be swapped: StrongId<Tag> compares, and does nothing else.
#pragma once

#include <compare>
#include <cstdint>

namespace pregate {

template <typename Tag, typename Rep = std::uint32_t>
class StrongId {
 public:
  using rep = Rep;
  static constexpr Rep kNone = static_cast<Rep>(-1);

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}

  [[nodiscard]] constexpr Rep value() const { return value_; }
  [[nodiscard]] constexpr bool valid() const { return value_ != kNone; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  Rep value_ = kNone;
};

// A model layer, 0-based over all layers, dense ones included.
using LayerId = StrongId<struct LayerTag>;
// The pool of experts that the layers of a group share.
using BankId = StrongId<struct BankTag>;
// An expert, dense over all banks of a model: see ExpertTable in model_shape.hpp.
using ExpertId = StrongId<struct ExpertTag>;
// One (step, layer), numbered over the whole run in order of execution.
using EventId = StrongId<struct EventTag>;
// One load of one expert from flash, numbered in order of request.
using LoadId = StrongId<struct LoadTag>;
// One eviction, numbered in order.
using EvictionId = StrongId<struct EvictionTag>;

}  // namespace pregate
