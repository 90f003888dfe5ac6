// SPDX-License-Identifier: Apache-2.0
// Private to sim/residency: what a Residency remembers, and the few steps that its operations are made of.
#pragma once

#include <array>

#include "sim/residency/residency.hpp"

namespace pregate {

struct Residency::State {
  struct Expert {
    Presence presence = Presence::absent;
    bool active = false;           // touched by the running event
    bool seen = false;             // was admitted at least once
    bool unused_prefetch = false;  // admitted by a prefetch and not touched since
    std::uint32_t commits = 0;     // upcoming events that are known to touch it
    LoadId load;                   // the latest
    EventId last_used;             // since it was admitted, or the running event
    EvictionId previous_eviction;
    std::int64_t order = 0;  // stamp of its last touch
  };
  struct Load {
    ExpertId expert;
    Purpose purpose = Purpose::demand;
    enum class Stage : std::uint8_t { queued, started, arrived, cancelled } stage = Stage::queued;
  };
  // A part of the budget with its own policy: all of it, or a bank's share.
  struct Partition {
    Bytes budget;
    Bytes used;                   // admitted: resident and loading
    std::array<Bytes, 3> by_pin;  // of `used`, by Pin; what is loading counts as active
    std::unique_ptr<EvictionPolicy> policy;
  };

  State(const ExpertTable& experts_of_model, const ResidencyOptions& given)
      : table(experts_of_model), options(given), experts(table.size()), pins(table.size()) {}

  Expert& of(ExpertId expert) { return experts[expert.value()]; }
  Load& of(LoadId load) {
    check(load.value() < loads.size(), "a load is one that request() returned");
    return loads[load.value()];
  }
  Partition& partition_of(ExpertId expert) {
    return partitions.size() == 1 ? partitions.front() : partitions[table.bank(expert).value()];
  }
  // belady-bypass without a room kept aside decides at the end of an event what of all there is stays.
  [[nodiscard]] bool admits_before_evicting() const {
    return options.allow_overflow && options.eviction == EvictionKind::belady_bypass;
  }

  Lookup look_up(ExpertId id);
  void update_pin(ExpertId id);
  void admit(ExpertId id, Expert& expert, Partition& partition);
  // Bytes of the expert become part of the partition, at this pin.
  void take_room(ExpertId id, Partition& partition, Pin pin);
  void preload();
  void evict(ExpertId id, LoadId by_load, std::vector<Eviction>& evicted);
  // Evicts the policy's choice among the least pinned, at most `strongest`; false if there is none.
  bool evict_one(Partition& partition, Pin strongest, LoadId by_load, std::vector<Eviction>& evicted);
  void shrink(Partition& partition, Bytes limit, std::vector<Eviction>& evicted);
  void unpin_event();
  void drop_event(std::vector<Eviction>& evicted);

  const ExpertTable& table;
  ResidencyOptions options;
  std::vector<Partition> partitions;
  std::vector<Expert> experts;
  PinBoard pins;
  std::vector<Load> loads;
  std::vector<Lookup> lookups;  // of the running event
  EventId event;
  std::int32_t step = 0;
  std::int64_t order = 0;
  std::uint32_t evictions = 0;
  Bytes used, peak;
};

}  // namespace pregate
