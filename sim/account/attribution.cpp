// SPDX-License-Identifier: Apache-2.0
#include "sim/account/attribution.hpp"

#include <algorithm>

namespace pregate {
namespace {

bool is_polluter(const RunRecord& run, EvictionId eviction) {
  if (!eviction.valid()) return false;
  const LoadId by = run.evictions[eviction.value()].by_load;
  if (!by.valid()) return false;
  const LoadRecord& load = run.loads[by.value()];
  return load.purpose != Purpose::demand && !load.first_use.valid();
}

void label_misses(RunRecord& run, const std::vector<bool>& opt_hits) {
  check(run.lookups.size() == opt_hits.size(), "OPT was replayed over the run's own lookups");
  for (std::size_t i = 0; i < run.lookups.size(); ++i) {
    LookupRecord& lookup = run.lookups[i];
    if (lookup.miss_class != MissClass::capacity) continue;
    check(lookup.load.valid(), "every miss has its load");
    if (is_polluter(run, run.loads[lookup.load.value()].previous_eviction)) {
      lookup.miss_class = MissClass::pollution;
    } else if (opt_hits[i]) {
      lookup.miss_class = MissClass::policy;
    }
  }
}

StallCause cause_of(MissClass kind) {
  switch (kind) {
    case MissClass::capacity:
      return StallCause::capacity;
    case MissClass::policy:
      return StallCause::policy;
    case MissClass::pollution:
      return StallCause::pollution;
    case MissClass::compulsory:
    case MissClass::none:
      break;
  }
  return StallCause::compulsory;
}

void label_stalls(RunRecord& run, const std::vector<bool>& lacked_room) {
  std::vector<MissClass> class_of_load(run.loads.size(), MissClass::none);
  for (const LookupRecord& lookup : run.lookups) {
    if (lookup.outcome == Outcome::miss) class_of_load[lookup.load.value()] = lookup.miss_class;
  }
  for (std::size_t i = 0; i < run.stalls.size(); ++i) {
    StallRecord& stall = run.stalls[i];
    if (lacked_room[i]) {
      stall.cause = StallCause::no_room;
    } else if (run.loads[stall.load.value()].purpose != Purpose::demand) {
      stall.cause = StallCause::late_prefetch;
    } else {
      stall.cause = cause_of(class_of_load[stall.load.value()]);
    }
  }
}

void label_evictions(RunRecord& run, const RunFuture& future) {
  for (EvictionRecord& eviction : run.evictions) {
    eviction.next_use = future.uses.next_use(eviction.expert, eviction.at_event);
    if (!eviction.next_use.valid()) continue;
    const auto experts = future.sequence.experts(eviction.next_use);
    const auto it = std::find(experts.begin(), experts.end(), eviction.expert);
    check(it != experts.end(), "the next use of an expert is an event that uses it");
    const std::size_t lookup =
        run.events[eviction.next_use.value()].first_lookup + static_cast<std::size_t>(it - experts.begin());
    eviction.opt_keeps = future.opt_hits[lookup];
  }
}

}  // namespace

void label_misses_and_stalls(RunRecord& run, const RunFuture& future, const std::vector<bool>& lacked_room) {
  label_misses(run, future.opt_hits);
  label_stalls(run, lacked_room);
  label_evictions(run, future);
}

}  // namespace pregate
