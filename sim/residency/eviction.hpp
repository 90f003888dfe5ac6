// SPDX-License-Identifier: Apache-2.0
// Which expert leaves when room is needed. A policy is one evict_*.cpp with a two-line rule; adding one
// touches its file, the table in make_eviction() and a test. A policy ranks what is resident; residency.cpp
// decides when and how many.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/residency/event_sequence.hpp"
#include "traces/eviction_score.hpp"

namespace pregate {

// One expert touched by one event. `order` rises with every touch of the run: the recency stamp.
struct Touch {
  ExpertId expert;
  EventId event;
  std::int32_t step = 0;
  std::int64_t order = 0;
};

// Protection from eviction, lowest first. A committed expert (known to be needed soon) yields only to a
// demand.
enum class Pin : std::uint8_t { none, committed, active };

// What policies may ask about an expert.
class PinBoard {
 public:
  explicit PinBoard(std::size_t experts) : pins_(experts, Pin::none) {}
  [[nodiscard]] Pin of(ExpertId e) const { return pins_[e.value()]; }
  void set(ExpertId e, Pin pin) { pins_[e.value()] = pin; }

 private:
  std::vector<Pin> pins_;
};

class EvictionPolicy {
 public:
  virtual ~EvictionPolicy() = default;

  // An event looked the expert up, whether it is resident or not. Comes before admitted() if the event loads
  // it.
  virtual void touched(const Touch& touch) = 0;
  // It became part of the cache (its room is reserved): by a demand right after touched(), or by a prefetch.
  virtual void admitted(const Touch& touch) = 0;
  virtual void evicted(ExpertId expert) = 0;
  virtual void step_begins(std::int32_t /*step*/) {}
  // The resident expert to give up first among those whose pin is at most `strongest`; none if all are pinned
  // harder.
  [[nodiscard]] virtual std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) = 0;
  // The number the choice of this victim rests on (last use, count, next use); traces/eviction_score.hpp puts
  // it in words.
  [[nodiscard]] virtual std::int64_t score(ExpertId expert) const = 0;
};

struct EvictionContext {
  const ExpertTable* table = nullptr;
  const FutureUses* future = nullptr;  // belady only
  std::int32_t layers = 0;             // of the model: least-stale measures age in layers
  std::int32_t lfu_half_life = 16;
  std::uint64_t seed = 1;
  BankId bank;  // of a partition: the only bank whose experts this instance ranks; invalid: all of them
};

// bad_input when the policy needs a future that is not known (belady on a live source).
Result<std::unique_ptr<EvictionPolicy>> make_eviction(EvictionKind kind, const EvictionContext& context);
// Whether the budget is split evenly between banks, one policy instance each (layer-lru, layer-lfu).
bool is_partitioned(EvictionKind kind);
bool needs_future(EvictionKind kind);

}  // namespace pregate
