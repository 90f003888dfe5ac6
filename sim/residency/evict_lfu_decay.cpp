// SPDX-License-Identifier: Apache-2.0
// LFU that forgets: as lfu, but all counts halve every `lfu_half_life` steps, so that old favourites age
// away. Counts are fixed-point with 32 fractional bits: a halving loses order only between uses that are 32
// half-lives old.
#include <algorithm>

#include "sim/residency/rank_index.hpp"

namespace pregate {
namespace {

constexpr std::int64_t kOneUse = std::int64_t{1} << 32;
constexpr std::int64_t kMostUses =
    INT64_MAX - kOneUse;  // saturates after two thousand million uses in a half-life

class LfuDecay final : public EvictionPolicy {
 public:
  LfuDecay(IdRange range, std::int32_t half_life)
      : range_(range), half_life_(half_life), index_(range), counts_(range.count) {
    check(half_life > 0, "a half-life is at least one step");
  }

  void touched(const Touch& touch) override {
    Count& count = counts_[range_.index(touch.expert)];
    count.uses = std::min(count.uses, kMostUses) + kOneUse;
    if (index_.contains(touch.expert)) admitted(touch);
  }
  void admitted(const Touch& touch) override {
    Count& count = counts_[range_.index(touch.expert)];
    count.order = touch.order;
    index_.set(touch.expert, {count.uses, count.order});
  }
  void evicted(ExpertId expert) override { index_.erase(expert); }
  void step_begins(std::int32_t step) override {
    const std::int32_t due = step / half_life_ - halvings_;
    if (due <= 0) return;
    halvings_ += due;
    for (std::uint32_t i = 0; i < range_.count; ++i) {
      counts_[i].uses >>= std::min(due, 62);
      if (index_.contains(range_.id(i))) index_.set(range_.id(i), {counts_[i].uses, counts_[i].order});
    }
  }
  std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) override {
    return index_.least(pins, strongest);
  }
  std::int64_t score(ExpertId expert) const override {
    return counts_[range_.index(expert)].uses / (kOneUse / kScorePerUse);
  }

 private:
  struct Count {
    std::int64_t uses = 0;
    std::int64_t order = 0;
  };

  IdRange range_;
  std::int32_t half_life_;
  std::int32_t halvings_ = 0;
  RankIndex index_;
  std::vector<Count> counts_;
};

}  // namespace

EvictionPolicyPtr make_lfu_decay(const EvictionContext& context) {
  return std::make_unique<LfuDecay>(ranked_experts(context), context.lfu_half_life);
}

}  // namespace pregate
