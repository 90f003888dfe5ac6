// SPDX-License-Identifier: Apache-2.0
// How evenly the routers use their experts, layer by layer and bank by bank, each figure beside what a
// uniform router gives over as many tokens: the numbers behind the signature "routing collapse". Over decode
// steps of one token. Leaves out what the experts compute, but for the norms of their outputs where a forward
// pass recorded them.
#pragma once

#include <optional>

#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct ExpertUse {
  std::int32_t experts = 0;
  std::int64_t tokens = 0;  // that the layer, or the layers of the bank, routed
  std::int64_t uses = 0;
  std::int32_t unused = 0;  // experts that no token chose
  std::int32_t most_used = 0;
  double entropy_bits = 0, top8_share = 0, largest_share = 0;  // of uses
  // A uniform, seeded router with as many choices: mean of four draws.
  double unused_chance = 0, entropy_bits_chance = 0, top8_share_chance = 0, largest_share_chance = 0;
  // 0: every token chose the same experts; 1: as evenly as chance. (entropy - log2 k) / (its chance - log2 k)
  // with k the experts that a token chooses; 1 where chance has no room (k = experts).
  double evenness = 1;
};

// Mean L2 norms of what a layer's shared and routed experts add to a token's state, over decode tokens.
struct OutputNorms {
  double shared = 0, routed = 0;
};

struct LayerUse {
  LayerId layer;
  BankId bank;
  ExpertUse use;
  std::optional<OutputNorms> norms;  // none: nobody recorded them
};

struct BankUse {
  BankId bank;
  std::int32_t layers = 0;
  ExpertUse use;  // of its layers together
};

struct RoutingUse {
  std::vector<LayerUse> layers;  // with experts, in order; only those that a token passed
  std::vector<BankUse> banks;
};

RoutingUse measure_use(const RouteTrace& trace);
// From what the run looked up; no norms.
RoutingUse measure_use(const RunRecord& run);
// The norms that a trace of the same layers recorded.
void add_norms(const RouteTrace& trace, RoutingUse& out);

}  // namespace pregate
