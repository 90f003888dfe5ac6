// SPDX-License-Identifier: Apache-2.0
#include "sim/account/load_book.hpp"

namespace pregate {

LoadId LoadBook::request(ExpertId expert, Purpose purpose, LayerId layer, std::int32_t in_flight,
                         SimTime now) {
  // How many stand before it, told before it joins them.
  const std::int32_t behind = queue_.size(purpose) + in_flight;
  const LoadId load = queue_.request(expert, purpose, layer);
  if (!load.valid()) {
    recorder_.redundant_prefetch();
    return load;
  }
  const EvictionId previous = residency_.previous_eviction(expert);
  recorder_.requested({.load = load,
                       .expert = expert,
                       .bytes = table_.bytes(expert),
                       .purpose = purpose,
                       .layer = layer,
                       .behind = behind,
                       .reload = previous.valid(),
                       .previous_eviction = previous},
                      now);
  refused_at_.emplace_back(SimTime::at_ps(-1));
  held_back_.emplace_back();
  return load;
}

void LoadBook::cancel_stale_speculation(LayerId layer) {
  cancelled_.clear();
  queue_.cancel_stale_speculation(layer, cancelled_);
  for (const LoadId load : cancelled_) recorder_.cancelled(load);
}

bool LoadBook::start_front(SimTime now, std::vector<Eviction>& evicted) {
  const LoadId load = *queue_.front();
  evicted.clear();
  const bool started = queue_.start_front(evicted);
  SimTime& refused = refused_at_[load.value()];
  if (!started) {
    if (refused < SimTime()) refused = now;
    return false;
  }
  if (refused >= SimTime()) held_back_[load.value()] = now - refused;
  recorder_.evicted(evicted, now);
  return true;
}

}  // namespace pregate
