// SPDX-License-Identifier: Apache-2.0
// Facts of a run that its summary does not hold: step by step, cause by cause, expert by expert. Computed
// once from the record and used by the text, the JSON and the viewer alike, so that all say the same.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "traces/run_diff.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct StepView {
  Phase phase = Phase::decode;
  std::int64_t position = 0;
  std::int32_t tokens = 0;
  Duration makespan, compute, dram_contention, management, stall;  // the last four sum to the first
  std::int64_t hits = 0, late = 0, misses = 0;                     // hits: resident or prefetched in time
  Bytes bytes;                                                     // read for this step
};

struct CauseView {
  StallCause cause = StallCause::compulsory;
  Duration time;
  std::int64_t count = 0;
  const StallRecord* longest = nullptr;  // into the record
};

struct ExpertView {
  BankId bank;
  std::int32_t expert = 0;
  Duration stall;
  std::int64_t misses = 0, reloads = 0;
  Bytes bytes;
};

std::vector<StepView> view_steps(const RunRecord& run);
// Causes that occurred, longest total first.
std::vector<CauseView> view_causes(const RunRecord& run);
// The `count` experts that cost most waiting; experts that never cost anything are left out.
std::vector<ExpertView> worst_experts(const RunRecord& run, std::size_t count);

// Which load a stall waited for, what stood before it, which eviction made it necessary and why: one
// sentence.
std::string explain_stall(const RunRecord& run, const StallRecord& stall, EvictionKind eviction);

double hit_rate(const PhaseSummary& phase);
// Decoded tokens a second of decode time; 0 where nothing was decoded.
double tokens_per_second(const PhaseSummary& decode);
Duration per_token(Duration time, std::int64_t tokens);
// The same with compute alone: every expert in DRAM, nothing to wait for, to manage or to share DRAM with.
double tokens_per_second_if_resident(const PhaseSummary& decode);

// What a phase's time went to, divided by `tokens`: the three kinds of work, and stalls by their cause where
// there are any. Times and shares are apportioned, so that each column sums to its total as it is printed.
struct TimeShare {
  TimeBin bin = TimeBin::compute;
  Duration time;  // of the phase
  std::int64_t hundredths_ms = 0, permille = 0;
};
struct TimeShares {
  std::vector<TimeShare> rows;
  std::int64_t hundredths_ms = 0, permille = 0;  // all rows together
};
TimeShares time_shares(const PhaseSummary& phase, std::int64_t tokens);

// Decode, which is where a token's time is asked of; a run without decode as a whole.
const PhaseSummary& focus_of(const RunSummary& summary);

}  // namespace pregate
