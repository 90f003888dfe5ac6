// SPDX-License-Identifier: Apache-2.0
// How much locality a trace has: the numbers that say whether a cache can work, each beside what chance
// gives.
#pragma once

#include "traces/route_trace.hpp"

namespace pregate {

struct Locality {
  std::int64_t steps = 0, prefill_tokens = 0, decode_tokens = 0;
  std::int64_t choices = 0, dropped = 0;
  std::int32_t moe_layers = 0, banks = 0;
  std::int32_t experts = 0;  // of the largest bank
  std::int32_t top_k = 0;
  Bytes token_cycle, token_cycle_min,
      token_cycle_max;  // T: distinct expert bytes of a decode token: mean, least, most
  // Over decode steps of one token. The chance columns are the same statistics of a uniform, seeded router
  // over the same layers, banks and number of tokens: small samples have entropy and top shares of their own.
  double lag1_overlap = 0, lag1_overlap_chance = 0;  // |S(t) n S(t-1)| / |S(t)|, mean over layers and tokens
  double entropy_bits = 0, entropy_bits_chance = 0;  // of the use of experts within a layer, mean over layers
  double top8_share = 0,
         top8_share_chance = 0;  // of uses that go to a layer's 8 most used experts, mean over layers
  // Overlap with the token `lag` steps before, for lags 1, 2, 4, 8, 16, 32, 64.
  std::vector<double> lag_overlap;
};

inline constexpr int kLags[] = {1, 2, 4, 8, 16, 32, 64};

Locality measure_locality(const RouteTrace& trace);

}  // namespace pregate
