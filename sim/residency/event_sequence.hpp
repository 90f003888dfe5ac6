// SPDX-License-Identifier: Apache-2.0
// A trace as the cache sees it: one event per (step, layer), each with its distinct experts in order of their
// last choice (a repeat within an event refreshes recency; one token repeats nothing). Everything that
// replays without time (curve, OPT, labels, locality) and everything that needs the future uses it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "traces/route_trace.hpp"

namespace pregate {

struct EventInfo {
  std::int32_t step = 0;
  LayerId layer;
  BankId bank;
  Phase phase = Phase::decode;
};

class EventSequence {
 public:
  EventSequence(const RouteTrace& trace, const ExpertTable& table);
  // For sources without a future: events are appended as they happen.
  EventSequence() = default;
  void append(const EventInfo& info, std::span<const ExpertId> distinct);

  [[nodiscard]] std::size_t size() const { return infos_.size(); }
  [[nodiscard]] std::size_t lookups() const { return experts_.size(); }
  [[nodiscard]] const EventInfo& info(EventId event) const { return infos_[event.value()]; }
  [[nodiscard]] std::span<const ExpertId> experts(EventId event) const {
    const std::uint32_t from = first_[event.value()];
    return std::span(experts_).subspan(from, first_[event.value() + 1] - from);
  }
  // Bytes of the largest event (the least budget a run can have); `where` receives it if not null.
  [[nodiscard]] Bytes largest_event(const ExpertTable& table, EventId* where = nullptr) const;

 private:
  std::vector<EventInfo> infos_;
  std::vector<std::uint32_t> first_ = {0};
  std::vector<ExpertId> experts_;
};

// The distinct experts of one layer's choices, in order of their last choice: the order of recency stamps.
void distinct_experts(std::span<const std::uint16_t> choices, BankId bank, const ExpertTable& table,
                      std::vector<ExpertId>& out);

// When an expert is used next: "event e" or never (invalid id). O(log uses) a question.
class FutureUses {
 public:
  FutureUses(const EventSequence& sequence, std::size_t experts);
  // The first use strictly after `event`; an invalid `event` asks from the start.
  [[nodiscard]] EventId next_use(ExpertId expert, EventId event) const;

 private:
  std::vector<std::uint32_t> first_;  // expert -> range in uses_
  std::vector<EventId> uses_;
};

}  // namespace pregate
