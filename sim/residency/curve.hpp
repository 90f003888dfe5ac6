// SPDX-License-Identifier: Apache-2.0
// Hits against budget without time: every load arrives at once, so only the order of events and the policy
// matter. The same Residency as in a run decides. OPT is the row of belady (forced admission).
#pragma once

#include <optional>
#include <vector>

#include "sim/residency/event_sequence.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct CurvePoint {
  EvictionKind policy = EvictionKind::lru;
  Bytes budget;
  std::int64_t lookups = 0, hits = 0;
  std::int64_t lookups_decode = 0, hits_decode = 0;
  std::int64_t loads = 0, reloads = 0;
  Bytes bytes_read;
  Bytes peak_resident;  // above the budget where one event, or a bank's share, needs more than the policy was
                        // given

  [[nodiscard]] double hit_rate() const;
  [[nodiscard]] double hit_rate_decode() const;
};

struct CurveOptions {
  std::int32_t lfu_half_life = 16;
  std::uint64_t seed = 1;
  // As in a run, not as in a curve: no event may overflow the budget, and belady-bypass keeps this much
  // aside.
  std::optional<Bytes> largest_event;
  bool preload = false;  // all experts are resident before the first event; the budget must hold them
};

CurvePoint replay_at(const EventSequence& sequence, const FutureUses& future, const ExpertTable& table,
                     std::int32_t model_layers, EvictionKind policy, Bytes budget,
                     const CurveOptions& options = {});

// Per lookup of the sequence, in order: whether Belady MIN with forced admission hits it at this budget.
// `options`: only whether it begins preloaded.
std::vector<bool> opt_hits(const EventSequence& sequence, const FutureUses& future, const ExpertTable& table,
                           std::int32_t model_layers, Bytes budget, const CurveOptions& options = {});

}  // namespace pregate
