// SPDX-License-Identifier: Apache-2.0
// Least-Stale (SpecMD, arXiv 2602.03921): what the running step has not touched (stale) leaves before what it
// has, and in both the experts of banks that the step has passed before those of banks still to come; among
// equals the longest untouched. Known from descriptions of the paper, which do not say how equals are
// ordered. A bank stands for the layers that share it. A prefetch admitted in this step is not stale.
// O(banks) a victim.
#include <array>

#include "sim/residency/recency_list.hpp"

namespace pregate {
namespace {

class LeastStale final : public EvictionPolicy {
 public:
  explicit LeastStale(const ExpertTable& table) : table_(table) {
    for (std::uint32_t bank = 0; bank < table.banks(); ++bank) {
      banks_.emplace_back(experts_of_bank(table, BankId(bank)));
    }
  }

  void touched(const Touch& touch) override {
    now_ = touch.event;
    running_ = table_.bank(touch.expert).value();
    banks_[running_].refresh(touch);
  }
  void admitted(const Touch& touch) override { bank_of(touch.expert).insert(touch); }
  void evicted(ExpertId expert) override { bank_of(expert).remove(expert); }
  void step_begins(std::int32_t step) override {
    step_ = step;
    running_ = 0;
  }
  std::optional<ExpertId> victim(const PinBoard& pins, Pin strongest) override {
    std::array<std::optional<ExpertId>, 4> best;
    std::array<std::int64_t, 4> order{};
    for (std::uint32_t bank = 0; bank < banks_.size(); ++bank) {
      // The oldest of a bank is stale if any of the bank is.
      const std::optional<ExpertId> oldest = banks_[bank].oldest(pins, strongest);
      if (!oldest) continue;
      const bool stale = banks_[bank].step(*oldest) != step_;
      const bool passed = bank < running_;
      const std::size_t group = (stale ? 0U : 2U) + (passed ? 0U : 1U);
      const std::int64_t touched = banks_[bank].order(*oldest);
      if (best[group] && order[group] < touched) continue;
      best[group] = oldest;
      order[group] = touched;
    }
    for (const std::optional<ExpertId>& expert : best) {
      if (expert) return expert;
    }
    return std::nullopt;
  }
  std::int64_t score(ExpertId expert) const override {
    const EventId last = banks_[table_.bank(expert).value()].event(expert);
    return last.valid() && now_.valid() ? std::int64_t{now_.value()} - last.value() : kScoreNever;
  }

 private:
  RecencyList& bank_of(ExpertId expert) { return banks_[table_.bank(expert).value()]; }

  const ExpertTable& table_;
  std::vector<RecencyList> banks_;
  std::uint32_t running_ = 0;  // the bank of the running event
  std::int32_t step_ = 0;
  EventId now_;
};

}  // namespace

EvictionPolicyPtr make_least_stale(const EvictionContext& context) {
  return std::make_unique<LeastStale>(*context.table);
}

}  // namespace pregate
