// SPDX-License-Identifier: Apache-2.0
// Least-Stale (SpecMD, arXiv 2602.03921): what the running step has not used yet (stale) leaves before what
// it has used; in both, banks already passed go first, in the order of passing, then those still to come, the
// farthest first. Within a bank the least recently used leaves first. The paper leaves the order within its
// two groups open; a bank stands for the layers that share it. A prefetch admitted in this step is not stale.
// O(banks) a victim.
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
    std::optional<ExpertId> used_in_this_step;
    const auto banks = static_cast<std::uint32_t>(banks_.size());
    for (std::uint32_t i = 0; i < banks; ++i) {
      // 0, 1 .. running-1, then last, last-1 .. running.
      const std::uint32_t bank = i < running_ ? i : banks - 1 - (i - running_);
      const std::optional<ExpertId> oldest = banks_[bank].oldest(pins, strongest);
      if (!oldest) continue;
      if (banks_[bank].step(*oldest) != step_) return oldest;
      if (!used_in_this_step) used_in_this_step = oldest;
    }
    return used_in_this_step;
  }
  std::int64_t score(ExpertId expert) const override {
    const EventId last = banks_[table_.bank(expert).value()].event(expert);
    return last.valid() && now_.valid() ? std::int64_t{now_.value()} - last.value() : kNever;
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
