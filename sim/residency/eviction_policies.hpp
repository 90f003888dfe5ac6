// SPDX-License-Identifier: Apache-2.0
// Private to sim/residency: how make_eviction() reaches the policies, and which experts an instance ranks.
#pragma once

#include "sim/residency/eviction.hpp"

namespace pregate {

// The experts that one policy instance ranks: all of a model, or those of one bank. Arrays are indexed by
// position.
struct IdRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  [[nodiscard]] std::uint32_t index(ExpertId expert) const { return expert.value() - first; }
  [[nodiscard]] ExpertId id(std::uint32_t index) const { return ExpertId(first + index); }
};

IdRange experts_of_bank(const ExpertTable& table, BankId bank);
IdRange ranked_experts(const EvictionContext& context);

using EvictionPolicyPtr = std::unique_ptr<EvictionPolicy>;

EvictionPolicyPtr make_lru(const EvictionContext& context);
EvictionPolicyPtr make_lfu(const EvictionContext& context);
EvictionPolicyPtr make_lfu_decay(const EvictionContext& context);
EvictionPolicyPtr make_fifo(const EvictionContext& context);
EvictionPolicyPtr make_random(const EvictionContext& context);
EvictionPolicyPtr make_least_stale(const EvictionContext& context);
EvictionPolicyPtr make_belady(const EvictionContext& context);

inline std::int64_t event_score(EventId event) {
  return event.valid() ? std::int64_t{event.value()} : kScoreNever;
}

}  // namespace pregate
