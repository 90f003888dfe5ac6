// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/eviction.hpp"

#include <fmt/format.h>

#include "sim/residency/eviction_policies.hpp"

namespace pregate {

IdRange experts_of_bank(const ExpertTable& table, BankId bank) {
  const std::uint32_t first = table.id(bank, 0).value();
  const BankId next(bank.value() + 1);
  const std::uint32_t end =
      next.value() < table.banks() ? table.id(next, 0).value() : static_cast<std::uint32_t>(table.size());
  return {first, end - first};
}

IdRange ranked_experts(const EvictionContext& context) {
  if (context.bank.valid()) return experts_of_bank(*context.table, context.bank);
  return {0, static_cast<std::uint32_t>(context.table->size())};
}

bool is_partitioned(EvictionKind kind) {
  return kind == EvictionKind::layer_lru || kind == EvictionKind::layer_lfu;
}

bool needs_future(EvictionKind kind) {
  return kind == EvictionKind::belady || kind == EvictionKind::belady_bypass;
}

Result<std::unique_ptr<EvictionPolicy>> make_eviction(EvictionKind kind, const EvictionContext& context) {
  check(context.table != nullptr, "a policy ranks the experts of a table");
  if (needs_future(kind) && context.future == nullptr) {
    return bad_input("a policy that needs no future: the source is live",
                     fmt::format("\"{}\"", to_text(kind)), "policy.eviction");
  }
  switch (kind) {
    case EvictionKind::lru:
    case EvictionKind::layer_lru:
    case EvictionKind::none:  // keeps nothing; this ranks the prefetches that have not been used yet
      return make_lru(context);
    case EvictionKind::lfu:
    case EvictionKind::layer_lfu:
      return make_lfu(context);
    case EvictionKind::lfu_decay:
      if (context.lfu_half_life <= 0) {
        return bad_input("a half-life of at least one step", fmt::format("{}", context.lfu_half_life),
                         "policy.lfu_half_life");
      }
      return make_lfu_decay(context);
    case EvictionKind::fifo:
      return make_fifo(context);
    case EvictionKind::random:
      return make_random(context);
    case EvictionKind::least_stale:
      return make_least_stale(context);
    case EvictionKind::belady:
    case EvictionKind::belady_bypass:
      return make_belady(context);
  }
  return bad_input("an eviction policy", fmt::format("number {}", static_cast<int>(kind)), "policy.eviction");
}

}  // namespace pregate
