// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/prefetch.hpp"

#include <fmt/format.h>

#include "sim/residency/prefetchers.hpp"

namespace pregate {

std::vector<LayerId> next_moe_layers(const ModelShape& model) {
  const std::size_t layers = model.layers.size();
  std::vector<LayerId> next(layers);
  LayerId following;
  // Twice around, from the last layer to the first: the second time every layer knows what follows it.
  for (std::size_t i = 2 * layers; i-- > 0;) {
    next[i % layers] = following;
    if (model.layers[i % layers].is_moe()) following = LayerId(static_cast<std::uint32_t>(i % layers));
  }
  return next;
}

Result<std::unique_ptr<Prefetcher>> make_prefetcher(const PolicySpec& policy,
                                                    const PrefetchContext& context) {
  check(context.model != nullptr && context.table != nullptr && context.residency != nullptr,
        "a prefetcher knows the model, its experts and what is resident");
  switch (policy.prefetch) {
    case PrefetchKind::none:
      return std::make_unique<Prefetcher>();
    case PrefetchKind::pregate:
      return make_pregate(policy, context);
    case PrefetchKind::prev_token:
      return make_prev_token(context);
    case PrefetchKind::popularity:
      return make_popularity(policy, context);
    case PrefetchKind::stale_gate:
      return make_stale_gate(policy, context);
    case PrefetchKind::oracle:
      if (context.future == nullptr) {
        return bad_input("a prefetcher that needs no future: the source is live", "\"oracle\"",
                         "policy.prefetch");
      }
      return make_oracle(context);
  }
  return bad_input("a prefetcher", fmt::format("number {}", static_cast<int>(policy.prefetch)),
                   "policy.prefetch");
}

}  // namespace pregate
