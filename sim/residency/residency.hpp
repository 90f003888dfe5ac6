// SPDX-License-Identifier: Apache-2.0
// Which expert is in DRAM: the decisions of an expert cache with a byte budget, without time. The simulator
// and, one day, a real offloading runtime drive the same object, so that prediction and measurement share
// every decision.
//
// One event (design.md section 3) goes: begin_event() classifies all its experts against the cache as it is
// and pins them; the caller request()s a load for each miss; whenever a lane is free start() reserves room
// (evicting) and arrive() makes the expert resident; end_event() unpins. Between, prefetchers request() too.
// Room is reserved when a load starts, so that resident plus reserved bytes never exceed the budget.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/residency/eviction.hpp"
#include "traces/routing_source.hpp"
#include "traces/run_record.hpp"

namespace pregate {

enum class Presence : std::uint8_t { absent, queued, loading, resident };

struct ResidencyOptions {
  Bytes budget;
  EvictionKind eviction = EvictionKind::lru;
  EvictionContext context;
  // Timeless replays (curve): an event larger than the budget, or a bank's share of it, stays resident until
  // the next event instead of being refused; peak_resident() tells the room it took.
  bool allow_overflow = false;
  // Every expert is resident before the first event, without a load: what was not loaded names none.
  bool preload = false;
  Bytes largest_event;  // belady-bypass keeps this much aside for experts that are used but not kept; 0 in
                        // overflow mode
};

struct Lookup {
  ExpertId expert;
  Outcome outcome = Outcome::resident_hit;
  bool seen_before = false;  // loaded before: a miss is not compulsory
  LoadId load;  // that brought it or is on its way; invalid for a miss until request() and for what was
                // preloaded
  EvictionId previous_eviction;  // of a miss that is a reload
};

struct Eviction {
  EvictionId id;
  ExpertId expert;
  LoadId by_load;     // invalid: end-of-event clean-up
  EventId last_used;  // invalid: never used since it was loaded
  std::int64_t score = 0;
};

class Residency final : public ResidencyView {
 public:
  // bad_input if the policy cannot be had (see make_eviction), if a partition is smaller than its bank's
  // largest expert, or if what is preloaded would not stay: too little room, or a policy that keeps nothing.
  static Result<std::unique_ptr<Residency>> create(const ExpertTable& table, const ResidencyOptions& options);
  ~Residency() override;

  void begin_step(std::int32_t step);
  // Classifies and pins. The span lives until the next call. A queued or loading prefetch counts as
  // late_prefetch and is adopted (promoted to demand).
  std::span<const Lookup> begin_event(EventId event, std::span<const ExpertId> distinct);
  // Unpins; appends what had to go because it may not stay (no cache, belady-bypass, overflow mode).
  void end_event(std::vector<Eviction>& evicted);

  // Registers a load; an invalid id if the expert is resident or on its way already (redundant).
  LoadId request(ExpertId expert, Purpose purpose);
  // Protects an expert that is known to be needed by an upcoming event, resident or not, until that event
  // touched it.
  void commit(ExpertId expert);
  // Reserves room for a queued load. False, and nothing changed, if there is none now: what is resident is
  // pinned harder than `purpose` may break (demand breaks committed pins, nothing breaks active ones).
  bool start(LoadId load, std::vector<Eviction>& evicted);
  void arrive(LoadId load);
  // Withdraws a queued load.
  void cancel(LoadId load);

  [[nodiscard]] Presence presence(ExpertId expert) const;
  [[nodiscard]] bool is_resident(ExpertId expert) const override {
    return presence(expert) == Presence::resident;
  }
  [[nodiscard]] ExpertId expert_of(LoadId load) const;
  [[nodiscard]] Purpose purpose_of(LoadId load) const;  // after adoption: demand
  [[nodiscard]] Bytes used() const;                     // resident and reserved
  [[nodiscard]] Bytes peak_resident() const;
  [[nodiscard]] Bytes budget() const;
  // The eviction that made the expert leave last; invalid if it never left.
  [[nodiscard]] EvictionId previous_eviction(ExpertId expert) const;
  // Whether the expert was loaded by a prefetch and not used since.
  [[nodiscard]] bool is_unused_prefetch(ExpertId expert) const;

 private:
  struct State;
  explicit Residency(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregate
