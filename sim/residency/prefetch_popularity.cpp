// SPDX-License-Identifier: Apache-2.0
// Popularity: the next MoE layer will use the experts it has used most often so far; ties go to the lower id.
#include <algorithm>

#include "sim/residency/prefetchers.hpp"

namespace pregate {
namespace {

class Popularity final : public Prefetcher {
 public:
  Popularity(std::size_t count, const PrefetchContext& context)
      : count_(count), table_(*context.table), next_(next_moe_layers(*context.model)), layers_(next_.size()) {
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      const BankId bank = context.model->layers[layer].bank;
      if (!bank.valid()) continue;
      const std::int32_t experts = context.model->banks[bank.value()].experts;
      for (std::int32_t i = 0; i < experts; ++i) layers_[layer].push_back({table_.id(bank, i), 0});
    }
  }

  void event(EventId /*event*/, LayerId layer, std::span<const ExpertId> chosen,
             std::vector<PrefetchWish>& out) override {
    for (const ExpertId expert : chosen) {
      ++layers_[layer.value()][static_cast<std::size_t>(table_.index_in_bank(expert))].uses;
    }
    const LayerId next = next_[layer.value()];
    ranking_ = layers_[next.value()];
    const auto top = ranking_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, ranking_.size()));
    std::partial_sort(ranking_.begin(), top, ranking_.end(), [](const Use& a, const Use& b) {
      return a.uses != b.uses ? a.uses > b.uses : a.expert < b.expert;
    });
    for (auto it = ranking_.begin(); it != top && it->uses > 0; ++it) {
      out.push_back({next, it->expert, Purpose::speculative});
    }
  }

 private:
  struct Use {
    ExpertId expert;
    std::int64_t uses = 0;
  };

  std::size_t count_;
  const ExpertTable& table_;
  std::vector<LayerId> next_;
  std::vector<std::vector<Use>> layers_;  // by layer, then by the expert's place in the bank
  std::vector<Use> ranking_;              // scratch
};

}  // namespace

PrefetcherPtr make_popularity(const PolicySpec& policy, const PrefetchContext& context) {
  const std::int32_t count = policy.popularity_count > 0 ? policy.popularity_count : context.model->top_k;
  return std::make_unique<Popularity>(static_cast<std::size_t>(count), context);
}

}  // namespace pregate
