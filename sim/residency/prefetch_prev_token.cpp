// SPDX-License-Identifier: Apache-2.0
// Previous token: the next MoE layer will use what it used in the step before; after the last layer, the
// first one of the next step what it used in this step.
#include "sim/residency/prefetchers.hpp"

namespace pregate {
namespace {

class PrevToken final : public Prefetcher {
 public:
  explicit PrevToken(const ModelShape& model) : next_(next_moe_layers(model)), used_(model.layers.size()) {}

  void event(EventId /*event*/, LayerId layer, std::span<const ExpertId> chosen,
             std::vector<PrefetchWish>& out) override {
    used_[layer.value()].assign(chosen.begin(), chosen.end());
    const LayerId next = next_[layer.value()];
    for (const ExpertId expert : used_[next.value()]) out.push_back({next, expert, Purpose::speculative});
  }

 private:
  std::vector<LayerId> next_;
  std::vector<std::vector<ExpertId>> used_;  // by layer: in its latest event
};

}  // namespace

PrefetcherPtr make_prev_token(const PrefetchContext& context) {
  return std::make_unique<PrevToken>(*context.model);
}

}  // namespace pregate
