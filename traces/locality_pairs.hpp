// SPDX-License-Identifier: Apache-2.0
// Whether the routers of layers that share a bank choose different experts for the same token: the numbers
// behind the signature "layer confusion". Over decode steps of one token. Beside each figure stands what
// chance gives (every set of k of M experts alike: k/M), what popularity alone gives (each layer's choices,
// with the tokens of the second layer shuffled), and what two layers of different banks give that are as far
// apart, whose expert numbers have nothing to do with each other.
#pragma once

#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct LayerPair {
  LayerId first, second;
  BankId bank;                // invalid: two different banks
  std::int32_t distance = 1;  // MoE layers from the first to the second
  std::int64_t tokens = 0;
  double overlap = 0;             // |A n B| / |A|, over all tokens
  double chance = 0;              // the same of uniform routers: |B| / M
  double shuffled = 0;            // the same with the second layer's tokens in any other order: expected
  double shuffled_deviation = 0;  // of that, over sixteen seeded orders; 0 between banks, where nobody asks
  // Pearson's, over (token, expert), of "was chosen": (overlap - chance) / (1 - chance) for sets of one size.
  double choice_correlation = 0;
  double usage_correlation = 0;  // Pearson's, over experts, of how often each was chosen
};

// Means over the pairs of one distance.
struct PairMeans {
  std::int32_t distance = 1;
  std::int64_t pairs = 0;
  double overlap = 0, chance = 0, shuffled = 0, choice_correlation = 0, usage_correlation = 0;
};

struct LayerPairs {
  std::vector<LayerPair> within;  // of one bank, up to kMostDistance apart; by first layer, then by second
  std::vector<PairMeans> within_means;  // by distance
  std::vector<PairMeans> across_means;  // of different banks with as many experts, by the same distances
};

inline constexpr std::int32_t kMostDistance = 7;

LayerPairs measure_pairs(const RouteTrace& trace, StepRange range = {});
LayerPairs measure_pairs(const RunRecord& run, StepRange range = {});

}  // namespace pregate
