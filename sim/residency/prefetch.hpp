// SPDX-License-Identifier: Apache-2.0
// Which expert to fetch before it is asked for. A prefetcher is one prefetch_*.cpp with a two-line rule. It
// is told what routers chose as that becomes known, and answers with wishes; the runtime requests them at
// their priority.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/residency/event_sequence.hpp"
#include "sim/residency/residency.hpp"

namespace pregate {

struct PrefetchWish {
  LayerId layer;  // the layer the expert is for
  ExpertId expert;
  Purpose purpose = Purpose::speculative;  // or committed

  friend bool operator==(const PrefetchWish&, const PrefetchWish&) = default;
};

class Prefetcher {
 public:
  virtual ~Prefetcher() = default;

  // How many layers ahead of the running router it must be told the true choices; 0: none. (A stale gate is
  // told the truth too, and spoils it.)
  [[nodiscard]] virtual std::int32_t lookahead() const { return 0; }
  virtual void step_begins(std::int32_t /*step*/) {}
  // The choices of an upcoming layer became known (pregate) or guessable (stale-gate). Called once a (step,
  // layer).
  virtual void ahead(LayerId /*layer*/, std::span<const ExpertId> /*chosen*/,
                     std::vector<PrefetchWish>& /*out*/) {}
  // The event of `layer` began with these experts; time to learn and to wish for later layers of this or the
  // next step.
  virtual void event(EventId /*event*/, LayerId /*layer*/, std::span<const ExpertId> /*chosen*/,
                     std::vector<PrefetchWish>& /*out*/) {}
  // What coming events are certain to touch, once for each touch that was not told before: it is committed,
  // resident or not. Asked after event().
  [[nodiscard]] virtual std::span<const ExpertId> certain() const { return {}; }
};

struct PrefetchContext {
  const ModelShape* model = nullptr;
  const ExpertTable* table = nullptr;
  const EventSequence* future = nullptr;  // oracle only
  const Residency* residency = nullptr;
  Bytes budget;
};

// bad_input when the kind needs a future that is not known (oracle on a live source).
Result<std::unique_ptr<Prefetcher>> make_prefetcher(const PolicySpec& policy, const PrefetchContext& context);

}  // namespace pregate
