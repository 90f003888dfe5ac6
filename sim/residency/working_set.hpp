// SPDX-License-Identifier: Apache-2.0
// How many distinct experts a stretch of a trace touches: the working set of Denning ("The working set model
// for program behavior", Communications of the ACM 11(5), 1968) with windows of whole steps. Every window of
// w successive steps counts once, wherever it begins; experts of all banks are summed, and a bank's expert
// counts once a window whichever layers used it. Window 1 is the token cycle T.
//
// Chance is the mean that a uniform router would have: one that draws as many distinct experts of the same
// bank in each event. It is an expectation in closed form, sum over banks of M (1 - product over events of
// (1 - k/M)), not a drawn sample. Leaves out bounds of conversations: steps of the chosen phase follow each
// other as they stand.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/residency/event_sequence.hpp"
#include "traces/expert_matrix.hpp"

namespace pregate {

struct WorkingSet {
  std::int64_t window = 0;   // steps; with decode alone: tokens
  std::int64_t windows = 0;  // that were counted
  double mean_experts = 0, mean_bytes = 0;
  std::int64_t max_experts = 0;
  Bytes max_bytes;
  double chance_experts = 0, chance_bytes = 0;
};

// Windows of 1, 2, 4, ... steps, and last all steps of the phase. Empty where there are none. O(lookups) for
// each window.
std::vector<WorkingSet> measure_working_sets(const EventSequence& sequence, const ExpertTable& table,
                                             Phases phases);

}  // namespace pregate
