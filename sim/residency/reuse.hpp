// SPDX-License-Identifier: Apache-2.0
// How long an expert waits for its next use. The distance of a lookup is the LRU stack distance (Mattson,
// Gecsei, Slutz, Traiger, "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970) in
// bytes: the expert's own, and those of every distinct expert looked up since its last use, up to the end of
// the event before. Lookups are event-atomic (design.md section 3), so an event's own lookups do not count
// for each other; within an earlier event the order is that of EventSequence, which is LRU's order of stamps.
//
// A global LRU with forced admission hits a lookup exactly if its distance is at most the budget. That holds
// with experts of different sizes as well: the bytes before an expert only grow until it is used again, and
// LRU gives up the oldest until the rest fits, so an expert has left just if they ever exceeded the budget.
// The one exception is a budget below an event: the timeless curve lets that event overflow, so the event
// after it finds all of it; lru_hits() counts these, a run is refused.
//
// One pass with a Fenwick tree over the lookups (Bennett and Kruskal, "LRU stack processing", IBM Journal of
// Research and Development 19(4), 1975): O(n log n) time, O(n) memory for n lookups. Leaves out time,
// prefetch, and every policy that is no LRU over all banks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sim/residency/event_sequence.hpp"
#include "traces/expert_matrix.hpp"

namespace pregate {

struct Reuse {
  EventId event;
  ExpertId expert;
  EventId previous;  // the event that used the expert last; invalid: a first use
  Bytes distance;    // 0 for a first use, else at least the expert's own bytes
};

// One for each lookup of the sequence, in its order.
std::vector<Reuse> measure_reuse(const EventSequence& sequence, const ExpertTable& table);

// Whole numbers in ascending order: what share lies below a value, and which value a share lies below.
class SortedValues {
 public:
  SortedValues() = default;
  explicit SortedValues(std::vector<std::int64_t> values);

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] std::span<const std::int64_t> values() const { return values_; }
  [[nodiscard]] std::int64_t count_up_to(std::int64_t value) const;
  // The least value that at least `share` (above 0, at most 1) of the values do not exceed. Not of none.
  [[nodiscard]] std::int64_t quantile(double share) const;

 private:
  std::vector<std::int64_t> values_;
};

// The lookups of some events, or of some experts. First uses have no distance.
struct ReuseSummary {
  std::int64_t lookups = 0, first_uses = 0;
  SortedValues bytes;             // distances
  SortedValues events;            // from event to event: 1 is the next one
  SortedValues steps;             // from step to step; 0: within one step, by layers that share a bank
  SortedValues next_event_bytes;  // the distances of those that the very next event used again

  [[nodiscard]] std::int64_t reuses() const { return lookups - first_uses; }
  // Hits of a global LRU, as replay_at() counts them.
  [[nodiscard]] std::int64_t lru_hits(Bytes budget) const;
};

// `phases` picks the lookups that are counted; what was used before them counts in either case.
ReuseSummary summarize_reuse(const EventSequence& sequence, std::span<const Reuse> reuses, Phases phases);
// The same for each of `groups` groups; group_of() tells to which a lookup belongs.
std::vector<ReuseSummary> summarize_reuse_by(const EventSequence& sequence, std::span<const Reuse> reuses,
                                             Phases phases, std::size_t groups,
                                             const std::function<std::size_t(const Reuse&)>& group_of);

}  // namespace pregate
