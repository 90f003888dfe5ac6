// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/reuse.hpp"

#include <algorithm>
#include <cmath>

namespace pregate {
namespace {

// Sums of bytes over positions that change one at a time; both operations are O(log n) (Fenwick, 1994).
class ByteSums {
 public:
  explicit ByteSums(std::size_t positions) : sums_(positions + 1) {}

  void add(std::size_t position, Bytes bytes) {
    total_ += bytes;
    for (std::size_t i = position + 1; i < sums_.size(); i += i & (~i + 1)) sums_[i] += bytes;
  }
  // Of this position and all behind it.
  [[nodiscard]] Bytes from(std::size_t position) const {
    Bytes before;
    for (std::size_t i = position; i > 0; i -= i & (~i + 1)) before += sums_[i];
    return total_ - before;
  }

 private:
  std::vector<Bytes> sums_;
  Bytes total_;
};

// Where an expert stands in the stack: at the position of its last lookup.
struct LastUse {
  std::size_t position = 0;
  EventId event;
};

// What is gathered of one group before it is sorted.
struct GatheredReuse {
  std::int64_t lookups = 0, first_uses = 0;
  std::vector<std::int64_t> bytes, events, steps, next_event_bytes;

  void add(const EventSequence& sequence, const Reuse& reuse) {
    ++lookups;
    if (!reuse.previous.valid()) {
      ++first_uses;
      return;
    }
    const std::int64_t between = std::int64_t{reuse.event.value()} - reuse.previous.value();
    bytes.push_back(reuse.distance.count());
    events.push_back(between);
    steps.push_back(sequence.info(reuse.event).step - sequence.info(reuse.previous).step);
    if (between == 1) next_event_bytes.push_back(reuse.distance.count());
  }
  ReuseSummary sorted() && {
    return {.lookups = lookups,
            .first_uses = first_uses,
            .bytes = SortedValues(std::move(bytes)),
            .events = SortedValues(std::move(events)),
            .steps = SortedValues(std::move(steps)),
            .next_event_bytes = SortedValues(std::move(next_event_bytes))};
  }
};

}  // namespace

std::vector<Reuse> measure_reuse(const EventSequence& sequence, const ExpertTable& table) {
  std::vector<Reuse> out;
  out.reserve(sequence.lookups());
  ByteSums stack(sequence.lookups());
  std::vector<LastUse> last(table.size());
  std::size_t position = 0;
  for (std::uint32_t i = 0; i < sequence.size(); ++i) {
    const EventId event(i);
    // All of an event are asked before any moves to the top.
    for (const ExpertId expert : sequence.experts(event)) {
      const LastUse& use = last[expert.value()];
      const Bytes distance = use.event.valid() ? stack.from(use.position) : Bytes();
      out.push_back({.event = event, .expert = expert, .previous = use.event, .distance = distance});
    }
    for (const ExpertId expert : sequence.experts(event)) {
      LastUse& use = last[expert.value()];
      if (use.event.valid()) stack.add(use.position, Bytes() - table.bytes(expert));
      use = {.position = position++, .event = event};
      stack.add(use.position, table.bytes(expert));
    }
  }
  return out;
}

SortedValues::SortedValues(std::vector<std::int64_t> values) : values_(std::move(values)) {
  std::sort(values_.begin(), values_.end());
}

std::int64_t SortedValues::count_up_to(std::int64_t value) const {
  return std::upper_bound(values_.begin(), values_.end(), value) - values_.begin();
}

std::int64_t SortedValues::quantile(double share) const {
  check(!values_.empty() && share > 0 && share <= 1, "a quantile is of some values and a share of them");
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values_.size())));
  return values_[std::clamp<std::size_t>(rank, 1, values_.size()) - 1];
}

std::int64_t ReuseSummary::lru_hits(Bytes budget) const {
  const std::int64_t overflowed = next_event_bytes.size() - next_event_bytes.count_up_to(budget.count());
  return bytes.count_up_to(budget.count()) + overflowed;
}

ReuseSummary summarize_reuse(const EventSequence& sequence, std::span<const Reuse> reuses, Phases phases) {
  const auto all = [](const Reuse&) { return std::size_t{0}; };
  return std::move(summarize_reuse_by(sequence, reuses, phases, 1, all).front());
}

std::vector<ReuseSummary> summarize_reuse_by(const EventSequence& sequence, std::span<const Reuse> reuses,
                                             Phases phases, std::size_t groups,
                                             const std::function<std::size_t(const Reuse&)>& group_of) {
  std::vector<GatheredReuse> gathered(groups);
  for (const Reuse& reuse : reuses) {
    const bool counts = phases == Phases::all || sequence.info(reuse.event).phase == Phase::decode;
    if (counts) gathered.at(group_of(reuse)).add(sequence, reuse);
  }
  std::vector<ReuseSummary> out;
  for (GatheredReuse& group : gathered) out.push_back(std::move(group).sorted());
  return out;
}

}  // namespace pregate
