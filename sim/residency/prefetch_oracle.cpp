// SPDX-License-Identifier: Apache-2.0
// Oracle: knows the trace. At each event it wishes for the coming events' absent experts, in order, as far as
// all distinct experts from the running event on fit the budget, and at most eight steps ahead: farther loads
// would only queue. What it foresees stays: an eviction policy that looks back would give it up for what is
// farther away.
#include <algorithm>

#include "sim/residency/prefetchers.hpp"

namespace pregate {
namespace {

constexpr std::size_t kMostStepsAhead = 8;

class Oracle final : public Prefetcher {
 public:
  explicit Oracle(const PrefetchContext& context)
      : future_(*context.future),
        table_(*context.table),
        residency_(*context.residency),
        budget_(context.budget),
        most_events_(kMostStepsAhead * static_cast<std::size_t>(context.model->moe_layers())),
        seen_in_(table_.size(), 0) {}

  void event(EventId event, LayerId /*layer*/, std::span<const ExpertId> chosen,
             std::vector<PrefetchWish>& out) override {
    ++window_;
    certain_.clear();
    Bytes room = budget_;
    for (const ExpertId expert : chosen) take(expert, room);
    const std::size_t end = std::min(future_.size(), std::size_t{event.value()} + 1 + most_events_);
    for (std::uint32_t i = event.value() + 1; i < end; ++i) {
      if (i > event.value() + 1) foresee(i - 1);
      for (const ExpertId expert : future_.experts(EventId(i))) {
        if (!take(expert, room)) continue;
        if (room < Bytes()) return;
        if (residency_.presence(expert) != Presence::absent) continue;
        out.push_back({future_.info(EventId(i)).layer, expert, Purpose::committed});
      }
    }
    if (end > event.value() + 1) foresee(static_cast<std::uint32_t>(end - 1));
  }
  [[nodiscard]] std::span<const ExpertId> certain() const override { return certain_; }

 private:
  // An event that fits whole: each of its touches is told once, as the window only moves forward.
  void foresee(std::uint32_t event) {
    if (event < foreseen_) return;
    foreseen_ = event + 1;
    const auto experts = future_.experts(EventId(event));
    certain_.insert(certain_.end(), experts.begin(), experts.end());
  }

  // Whether this is the expert's first place in the window; takes its bytes then.
  bool take(ExpertId expert, Bytes& room) {
    if (seen_in_[expert.value()] == window_) return false;
    seen_in_[expert.value()] = window_;
    room -= table_.bytes(expert);
    return true;
  }

  const EventSequence& future_;
  const ExpertTable& table_;
  const Residency& residency_;
  Bytes budget_;
  std::size_t most_events_;
  std::uint64_t window_ = 0;    // one an event
  std::uint32_t foreseen_ = 0;  // events before it were told
  std::vector<ExpertId> certain_;
  std::vector<std::uint64_t> seen_in_;  // by expert: the window it was last seen in
};

}  // namespace

PrefetcherPtr make_oracle(const PrefetchContext& context) {
  return std::make_unique<Oracle>(context);
}

}  // namespace pregate
