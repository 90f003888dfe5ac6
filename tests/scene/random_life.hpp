// SPDX-License-Identifier: Apache-2.0
// A run record whose slices fill its steps and whose lookups, loads, evictions and stalls refer to each other
// as a simulated run's do: seeded, small.
#pragma once

#include "tests/traces/random_timeline.hpp"

namespace pregate::fixtures {

class RandomLife {
 public:
  RandomLife(std::uint64_t seed, const TimelineShape& shape)
      : random_(seed + 1000), run_(random_timeline(seed, shape)), table_(run_.model), life_(table_.size()) {}

  RunRecord make() {
    run_.header = {.pregate_version = "1",
                   .scenario_text = "policy { eviction: \"lfu\" }\n",
                   .scenario_name = "life",
                   .device = "phone",
                   .model = "small",
                   .policy = "lfu, none",
                   .origin = Origin::synthetic,
                   .provenance = "a test",
                   .costs_from = "made up for a test"};
    for (std::size_t event = 0; event < run_.events.size(); ++event) look_up(event);
    for (std::size_t i = 0; i < run_.stalls.size(); ++i) give_stall_its_load(i);
    sum_up();
    return std::move(run_);
  }

 private:
  struct Life {
    LoadId load;
    EvictionId eviction;  // the last one
    EventId used;
    bool resident = false;
  };

  Duration some(std::uint64_t most = 5'000'000'000) {
    return Duration::ps(static_cast<std::int64_t>(random_.below(most)));
  }

  void look_up(std::size_t event) {
    const std::size_t end =
        event + 1 < run_.events.size() ? run_.events[event + 1].first_lookup : run_.lookups.size();
    const EventId id(static_cast<std::uint32_t>(event));
    for (std::size_t i = run_.events[event].first_lookup; i < end; ++i) {
      LookupRecord& lookup = run_.lookups[i];
      Life& life = life_[lookup.expert.value()];
      if (life.resident) {
        lookup.outcome = Outcome::resident_hit;
      } else {
        load(lookup, event);
      }
      lookup.load = life.load;
      LoadRecord& brought = run_.loads[life.load.value()];
      if (!brought.first_use.valid()) brought.first_use = id;
      life.used = id;
    }
    if (random_.chance(0.7)) evict(event);
  }

  void load(LookupRecord& lookup, std::size_t event) {
    const EventRecord& at = run_.events[event];
    Life& life = life_[lookup.expert.value()];
    const bool again = life.load.valid();
    const auto purpose = static_cast<Purpose>(random_.below(3));
    lookup.outcome = purpose == Purpose::demand ? Outcome::miss
                     : random_.chance(0.5)      ? Outcome::late_prefetch
                                                : Outcome::prefetch_hit;
    if (lookup.outcome == Outcome::miss)
      lookup.miss_class = again ? static_cast<MissClass>(2 + random_.below(3)) : MissClass::compulsory;
    const SimTime requested =
        purpose == Purpose::demand ? at.at : std::max(SimTime(), at.at + (Duration() - some()));
    const SimTime started = random_.chance(0.3) ? requested : requested + some();
    life.load = LoadId(static_cast<std::uint32_t>(run_.loads.size()));
    life.resident = true;
    run_.loads.push_back({.expert = lookup.expert,
                          .bytes = table_.bytes(lookup.expert),
                          .purpose = purpose,
                          .adopted = lookup.outcome == Outcome::late_prefetch,
                          .reload = again,
                          .state = LoadEnd::arrived,
                          .step = at.step,
                          .layer = at.layer,
                          .queued_behind = static_cast<std::int32_t>(random_.below(6)),
                          .requested = requested,
                          .started = started,
                          .arrived = started + Duration::ps(1) + some(),
                          .first_use = {},
                          .previous_eviction = life.eviction});
  }

  void evict(std::size_t event) {
    const ExpertId victim(static_cast<std::uint32_t>(random_.below(life_.size())));
    Life& life = life_[victim.value()];
    if (!life.resident || run_.loads.empty()) return;
    life.resident = false;
    life.eviction = EvictionId(static_cast<std::uint32_t>(run_.evictions.size()));
    run_.evictions.push_back({.expert = victim,
                              .by_load = random_.chance(0.2)
                                             ? LoadId()
                                             : LoadId(static_cast<std::uint32_t>(run_.loads.size() - 1)),
                              .at = run_.events[event].at,
                              .at_event = EventId(static_cast<std::uint32_t>(event)),
                              .last_used = life.used,
                              .score = static_cast<std::int64_t>(1 + random_.below(9)),
                              .opt_keeps = false,
                              .next_use = next_use(victim, event)});
    run_.evictions.back().opt_keeps = run_.evictions.back().next_use.valid() && random_.chance(0.5);
  }

  EventId next_use(ExpertId expert, std::size_t event) {
    for (std::size_t i = 0; i < run_.lookups.size(); ++i) {
      if (run_.lookups[i].expert == expert && run_.lookups[i].event.value() > event)
        return run_.lookups[i].event;
    }
    return {};
  }

  // Of the event that it is in; a stall of an event whose experts were all there keeps no load.
  void give_stall_its_load(std::size_t i) {
    StallRecord& stall = run_.stalls[i];
    for (const LookupRecord& lookup : run_.lookups) {
      const EventRecord& event = run_.events[lookup.event.value()];
      if (event.step != stall.step || event.layer != stall.layer) continue;
      if (lookup.outcome == Outcome::miss || lookup.outcome == Outcome::late_prefetch)
        stall.load = lookup.load;
    }
  }

  void sum_up() {
    for (const LookupRecord& lookup : run_.lookups) {
      const std::int32_t step = run_.events[lookup.event.value()].step;
      const bool decode = run_.steps[static_cast<std::size_t>(step)].phase == Phase::decode;
      for (PhaseSummary* phase : {&run_.summary.all, decode ? &run_.summary.decode : &run_.summary.prefill}) {
        ++phase->lookups;
        ++phase->outcomes[static_cast<std::size_t>(lookup.outcome)];
      }
    }
    for (const OperatorRecord& op : run_.operators) {
      add(op.step, &PhaseSummary::compute, op.alone);
      add(op.step, &PhaseSummary::dram_contention, (op.end - op.begin) - op.alone);
    }
    for (const ManagementRecord& slice : run_.management)
      add(slice.step, &PhaseSummary::management, slice.end - slice.begin);
    for (const StallRecord& stall : run_.stalls) {
      add(stall.step, &PhaseSummary::stall, stall.end - stall.begin);
      for (PhaseSummary* phase : phases_of(stall.step))
        phase->stall_by_cause[static_cast<std::size_t>(stall.cause)] += stall.end - stall.begin;
    }
    run_.summary.all.tokens = run_.summary.prefill.tokens + run_.summary.decode.tokens;
    run_.summary.bound_by = "flash";
  }

  std::array<PhaseSummary*, 2> phases_of(std::int32_t step) {
    const bool decode = run_.steps[static_cast<std::size_t>(step)].phase == Phase::decode;
    return {&run_.summary.all, decode ? &run_.summary.decode : &run_.summary.prefill};
  }
  void add(std::int32_t step, Duration PhaseSummary::*member, Duration time) {
    for (PhaseSummary* phase : phases_of(step)) phase->*member += time;
  }

  Random random_;
  RunRecord run_;
  ExpertTable table_;
  std::vector<Life> life_;
};

inline RunRecord random_life(std::uint64_t seed,
                             const TimelineShape& shape = {.prefills = 1, .decoded = 12}) {
  return RandomLife(seed, shape).make();
}

}  // namespace pregate::fixtures
