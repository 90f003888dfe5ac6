// SPDX-License-Identifier: Apache-2.0
// The queue for room (sim/residency/load_queue.hpp) with everything written down: what was asked for behind
// how many, what was withdrawn, what had to go, how long a load was refused for want of room. The simulated
// loader and the runtime on a real disk keep their books here; `now` is the time of whoever calls.
#pragma once

#include <vector>

#include "sim/account/recorder.hpp"
#include "sim/residency/load_queue.hpp"

namespace pregate {

class LoadBook {
 public:
  LoadBook(const ExpertTable& table, Residency& residency, Recorder& recorder)
      : table_(table), residency_(residency), recorder_(recorder), queue_(residency) {}

  // An invalid id if the expert is there or coming already. `in_flight`: loads that have room and have not
  // arrived.
  LoadId request(ExpertId expert, Purpose purpose, LayerId layer, std::int32_t in_flight, SimTime now);
  // Moves a prefetch to the demand queue. False: it has room already.
  bool adopt(LoadId load) { return queue_.adopt(load); }
  void cancel_stale_speculation(LayerId layer);
  // The load whose turn it is; nothing if none is queued.
  [[nodiscard]] std::optional<LoadId> front() const { return queue_.front(); }
  // Takes room for front(). False, and nothing changed but the book: there is none. `evicted` is what left.
  bool start_front(SimTime now, std::vector<Eviction>& evicted);
  [[nodiscard]] std::int32_t size() const { return queue_.size(); }
  // For how long a load that has started was refused before, because there was no room for it.
  [[nodiscard]] Duration held_back(LoadId load) const { return held_back_[load.value()]; }

 private:
  const ExpertTable& table_;
  Residency& residency_;
  Recorder& recorder_;
  LoadQueue queue_;
  std::vector<SimTime> refused_at_;  // by LoadId: the first refusal; negative: none
  std::vector<Duration> held_back_;  // by LoadId
  std::vector<LoadId> cancelled_;    // scratch
};

}  // namespace pregate
