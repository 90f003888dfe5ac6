// SPDX-License-Identifier: Apache-2.0
// Private to sim/residency: how make_prefetcher() reaches the prefetchers.
#pragma once

#include "sim/residency/prefetch.hpp"

namespace pregate {

using PrefetcherPtr = std::unique_ptr<Prefetcher>;

PrefetcherPtr make_pregate(const PolicySpec& policy, const PrefetchContext& context);
PrefetcherPtr make_prev_token(const PrefetchContext& context);
PrefetcherPtr make_popularity(const PolicySpec& policy, const PrefetchContext& context);
PrefetcherPtr make_stale_gate(const PolicySpec& policy, const PrefetchContext& context);
PrefetcherPtr make_oracle(const PrefetchContext& context);

// Layer -> the next layer with an event: the next MoE layer of this step, or the first one of the next step.
std::vector<LayerId> next_moe_layers(const ModelShape& model);

}  // namespace pregate
