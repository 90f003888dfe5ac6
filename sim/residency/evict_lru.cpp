// SPDX-License-Identifier: Apache-2.0
// Least recently used: the expert whose last use is longest ago leaves first.
// A prefetch counts as a use when it is admitted, so that it can live until its event.
#include "sim/residency/recency_list.hpp"

namespace pregate {
namespace {

class Lru final : public EvictionPolicy {
 public:
  explicit Lru(IdRange range) : list_(range) {}

  void touched(const Touch& touch) override { list_.refresh(touch); }
  void admitted(const Touch& touch) override { list_.insert(touch); }
  void evicted(ExpertId expert) override { list_.remove(expert); }
  std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) override {
    return list_.oldest(pins, strongest);
  }
  std::int64_t score(ExpertId expert) const override { return event_score(list_.event(expert)); }

 private:
  RecencyList list_;
};

}  // namespace

EvictionPolicyPtr make_lru(const EvictionContext& context) {
  return std::make_unique<Lru>(ranked_experts(context));
}

}  // namespace pregate
