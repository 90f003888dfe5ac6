// SPDX-License-Identifier: Apache-2.0
// First in, first out: the expert that was admitted longest ago leaves first, however often it was used
// since.
#include "sim/residency/recency_list.hpp"

namespace pregate {
namespace {

class Fifo final : public EvictionPolicy {
 public:
  explicit Fifo(IdRange range) : list_(range) {}

  void touched(const Touch& /*touch*/) override {}
  void admitted(const Touch& touch) override {
    // By the order of admission, which need not be that of the touches.
    Touch stamped = touch;
    stamped.order = ++admissions_;
    list_.insert(stamped);
  }
  void evicted(ExpertId expert) override { list_.remove(expert); }
  std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) override {
    return list_.oldest(pins, strongest);
  }
  std::int64_t score(ExpertId expert) const override { return event_score(list_.event(expert)); }

 private:
  RecencyList list_;
  std::int64_t admissions_ = 0;
};

}  // namespace

EvictionPolicyPtr make_fifo(const EvictionContext& context) {
  return std::make_unique<Fifo>(ranked_experts(context));
}

}  // namespace pregate
