// SPDX-License-Identifier: Apache-2.0
// Pre-gate: the router of a later layer has already spoken, so each expert it chose that is absent is fetched
// now. Never wrong: the wishes are committed.
#include "sim/residency/prefetchers.hpp"

namespace pregate {
namespace {

class Pregate final : public Prefetcher {
 public:
  Pregate(std::int32_t lookahead, const Residency& residency)
      : lookahead_(lookahead), residency_(residency) {}

  std::int32_t lookahead() const override { return lookahead_; }
  void ahead(LayerId layer, std::span<const ExpertId> chosen, std::vector<PrefetchWish>& out) override {
    for (const ExpertId expert : chosen) {
      if (residency_.presence(expert) == Presence::absent) out.push_back({layer, expert, Purpose::committed});
    }
  }

 private:
  std::int32_t lookahead_;
  const Residency& residency_;
};

}  // namespace

PrefetcherPtr make_pregate(const PolicySpec& policy, const PrefetchContext& context) {
  return std::make_unique<Pregate>(policy.lookahead, *context.residency);
}

}  // namespace pregate
