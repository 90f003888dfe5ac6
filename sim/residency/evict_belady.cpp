// SPDX-License-Identifier: Apache-2.0
// Belady's MIN: the expert whose next use is farthest leaves first, one that is never used again before all
// others. belady admits every miss (OPT); belady-bypass ranks alike, and residency.cpp lets it give up what
// was only just used.
#include "sim/residency/rank_index.hpp"

namespace pregate {
namespace {

class Belady final : public EvictionPolicy {
 public:
  Belady(IdRange range, const FutureUses& future)
      : range_(range), future_(future), index_(range), next_(range.count, kScoreNever) {}

  void touched(const Touch& touch) override {
    if (index_.contains(touch.expert)) admitted(touch);
  }
  void admitted(const Touch& touch) override {
    const std::int64_t next = event_score(future_.next_use(touch.expert, touch.event));
    next_[range_.index(touch.expert)] = next;
    index_.set(touch.expert, {next == kScoreNever ? INT64_MIN : -next, touch.order});
  }
  void evicted(ExpertId expert) override { index_.erase(expert); }
  std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) override {
    return index_.least(pins, strongest);
  }
  std::int64_t score(ExpertId expert) const override { return next_[range_.index(expert)]; }

 private:
  IdRange range_;
  const FutureUses& future_;
  RankIndex index_;
  std::vector<std::int64_t> next_;  // event of the next use
};

}  // namespace

EvictionPolicyPtr make_belady(const EvictionContext& context) {
  return std::make_unique<Belady>(ranked_experts(context), *context.future);
}

}  // namespace pregate
