// SPDX-License-Identifier: Apache-2.0
// The shape of a model of which a trace tells sizes only: layers, experts, top-k and bytes. Each MoE layer
// has a bank of its own.
#pragma once

#include <string>
#include <vector>

#include "traces/import.hpp"

namespace pregate {

struct TracedSizes {
  std::string name;
  std::int32_t experts = 0;  // of every bank
  std::int32_t top_k = 0;
  std::vector<std::int64_t> expert_bytes;  // of a layer's experts; 0: a dense layer
  std::vector<std::int64_t> dense_bytes;   // everything else of the layer
};

// With options.model its layers and experts must match, and MACs, KV cache, head and the split of the dense
// bytes come from it; bytes and top-k stay the trace's. Without it MACs are estimated from the bytes at 4.5
// bits a weight, KV cache and head are left out, and costs_from says so.
Result<ModelShape> traced_shape(const TracedSizes& sizes, const ImportOptions& options);

}  // namespace pregate
