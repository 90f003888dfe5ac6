// SPDX-License-Identifier: Apache-2.0
// Loads that were asked for and have no room yet: demand before committed before speculative, first come
// first served within each. A load that finds no room holds back what is behind it, so that lower priorities
// cannot take the room it waits for. Queued speculation can be withdrawn; a prefetch that is needed now is
// adopted.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "sim/residency/residency.hpp"

namespace pregate {

class LoadQueue {
 public:
  explicit LoadQueue(Residency& residency) : residency_(residency) {}

  // An invalid id if the expert is there or coming already.
  LoadId request(ExpertId expert, Purpose purpose, LayerId layer);
  // Moves a prefetch to the demand queue. False: it is not queued any more.
  bool adopt(LoadId load);
  // Withdraws queued speculation for layers up to `layer`; appends what it withdrew.
  void cancel_stale_speculation(LayerId layer, std::vector<LoadId>& cancelled);
  // The load whose turn it is; nothing if none is queued.
  [[nodiscard]] std::optional<LoadId> front() const;
  // Takes room for front(), evicting, and removes it from the queue. False, and nothing changed: no room.
  bool start_front(std::vector<Eviction>& evicted);
  // Of the given purpose and of all that are more urgent.
  [[nodiscard]] std::int32_t size(Purpose least = Purpose::speculative) const;

 private:
  struct Queued {
    LoadId load;
    LayerId layer;
  };
  Residency& residency_;
  std::array<std::deque<Queued>, 3> queues_;  // by Purpose
};

}  // namespace pregate
