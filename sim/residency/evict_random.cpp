// SPDX-License-Identifier: Apache-2.0
// Random: every resident expert that is not pinned leaves with the same probability.
// Seeded: the same run draws the same victims.
#include <utility>
#include <vector>

#include "sim/residency/eviction_policies.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

class RandomEviction final : public EvictionPolicy {
 public:
  RandomEviction(IdRange range, std::uint64_t seed) : range_(range), random_(seed), place_(range.count, 0) {}

  void touched(const Touch& /*touch*/) override {}
  void admitted(const Touch& touch) override {
    place_[range_.index(touch.expert)] = static_cast<std::uint32_t>(resident_.size());
    resident_.push_back(touch.expert);
  }
  void evicted(ExpertId expert) override {
    swap_places(place_[range_.index(expert)], resident_.size() - 1);
    resident_.pop_back();
  }
  std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) override {
    // A pinned draw is put behind the others and drawn no more: uniform over the rest, at most one draw an
    // expert.
    for (std::size_t candidates = resident_.size(); candidates > 0; --candidates) {
      const std::size_t drawn = random_.below(candidates);
      if (pins.of(resident_[drawn]) <= strongest) return resident_[drawn];
      swap_places(drawn, candidates - 1);
    }
    return std::nullopt;
  }
  std::int64_t score(ExpertId /*expert*/) const override {
    return static_cast<std::int64_t>(resident_.size());
  }

 private:
  void swap_places(std::size_t a, std::size_t b) {
    std::swap(resident_[a], resident_[b]);
    place_[range_.index(resident_[a])] = static_cast<std::uint32_t>(a);
    place_[range_.index(resident_[b])] = static_cast<std::uint32_t>(b);
  }

  IdRange range_;
  Random random_;
  std::vector<ExpertId> resident_;
  std::vector<std::uint32_t> place_;  // of an expert in resident_
};

}  // namespace

EvictionPolicyPtr make_random(const EvictionContext& context) {
  return std::make_unique<RandomEviction>(ranked_experts(context), context.seed);
}

}  // namespace pregate
