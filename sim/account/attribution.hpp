// SPDX-License-Identifier: Apache-2.0
// Labels that need the whole run: which capacity misses Belady would not have had (policy), which were caused
// by prefetches that were never used (pollution), and with them the cause of every stall. Exclusive, in the
// order pollution, policy, capacity. The facts they rest on (load, eviction, what made the room necessary)
// were recorded when they happened.
#pragma once

#include <vector>

#include "sim/residency/event_sequence.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct RunFuture {
  const EventSequence& sequence;  // of the run's events
  const FutureUses& uses;
  const std::vector<bool>& opt_hits;  // per lookup of the sequence: Belady at the run's budget
};

// `lacked_room`: by stall, see Recorder.
void label_misses_and_stalls(RunRecord& run, const RunFuture& future, const std::vector<bool>& lacked_room);

}  // namespace pregate
