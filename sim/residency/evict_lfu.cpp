// SPDX-License-Identifier: Apache-2.0
// Least frequently used: the expert with the fewest uses so far leaves first; ties go to the least recently
// used. Counts survive eviction; a prefetch is no use.
#include "sim/residency/rank_index.hpp"

namespace pregate {
namespace {

class Lfu final : public EvictionPolicy {
 public:
  explicit Lfu(IdRange range) : range_(range), index_(range), uses_(range.count, 0) {}

  void touched(const Touch& touch) override {
    ++uses_[range_.index(touch.expert)];
    if (index_.contains(touch.expert)) admitted(touch);
  }
  void admitted(const Touch& touch) override {
    index_.set(touch.expert, {uses_[range_.index(touch.expert)], touch.order});
  }
  void evicted(ExpertId expert) override { index_.erase(expert); }
  std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) override {
    return index_.least(pins, strongest);
  }
  std::int64_t score(ExpertId expert) const override { return uses_[range_.index(expert)]; }

 private:
  IdRange range_;
  RankIndex index_;
  std::vector<std::int64_t> uses_;
};

}  // namespace

EvictionPolicyPtr make_lfu(const EvictionContext& context) {
  return std::make_unique<Lfu>(ranked_experts(context));
}

}  // namespace pregate
