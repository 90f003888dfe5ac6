// SPDX-License-Identifier: Apache-2.0
// Stale gate: a guess of a later layer's choice from a state that is too old. Each expert is right with the
// given probability, else it is another one of the bank, drawn uniformly from those that the layer did not
// choose. Seeded.
#include <algorithm>

#include "sim/residency/prefetchers.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

// Apart from the stream of random eviction, which has the same seed.
constexpr std::uint64_t kStream = 0x5374616c65476174ULL;

class StaleGate final : public Prefetcher {
 public:
  StaleGate(const PolicySpec& policy, const PrefetchContext& context)
      : model_(*context.model),
        table_(*context.table),
        lookahead_(policy.lookahead),
        accuracy_(policy.stale_gate_accuracy),
        random_(policy.seed ^ kStream) {}

  std::int32_t lookahead() const override { return lookahead_; }
  void ahead(LayerId layer, std::span<const ExpertId> chosen, std::vector<PrefetchWish>& out) override {
    others_.clear();
    for (const ExpertId expert : chosen) {
      if (random_.chance(accuracy_)) {
        out.push_back({layer, expert, Purpose::speculative});
        continue;
      }
      if (others_.empty()) collect_others(layer, chosen);
      // No two wrong guesses are the same; a layer that chose its whole bank cannot be guessed wrong, only
      // left out.
      if (next_other_ == others_.size()) continue;
      std::swap(others_[next_other_], others_[next_other_ + random_.below(others_.size() - next_other_)]);
      out.push_back({layer, others_[next_other_++], Purpose::speculative});
    }
  }

 private:
  void collect_others(LayerId layer, std::span<const ExpertId> chosen) {
    next_other_ = 0;
    const BankId bank = model_.layers[layer.value()].bank;
    const std::int32_t experts = model_.banks[bank.value()].experts;
    for (std::int32_t i = 0; i < experts; ++i) {
      const ExpertId other = table_.id(bank, i);
      if (std::find(chosen.begin(), chosen.end(), other) == chosen.end()) others_.push_back(other);
    }
  }

  const ModelShape& model_;
  const ExpertTable& table_;
  std::int32_t lookahead_;
  double accuracy_;
  Random random_;
  std::vector<ExpertId> others_;  // of the bank, not chosen; the first next_other_ are drawn already
  std::size_t next_other_ = 0;
};

}  // namespace

PrefetcherPtr make_stale_gate(const PolicySpec& policy, const PrefetchContext& context) {
  return std::make_unique<StaleGate>(policy, context);
}

}  // namespace pregate
