// SPDX-License-Identifier: Apache-2.0
// The numbers of a run, summed from its records. Every bin, count and byte is summed once, by phase; "all" is
// the sum of the phases. Meanings and units: run_record.hpp and docs/json.md.
#pragma once

#include "sim/account/recorder.hpp"
#include "traces/device_spec.hpp"

namespace pregate {

struct SummaryInputs {
  const DeviceSpec& device;
  const std::vector<bool>& opt_hits;
  // Of the same eviction policy without prefetch and with instant loads, decode: what prefetching is measured
  // against.
  std::int64_t plain_misses = 0, plain_misses_decode = 0;
  Bytes expert_budget, peak_resident, token_cycle;
  std::int64_t kernel_events = 0;
};

// `run` is labelled (attribution.hpp); `recorder` holds its bins.
RunSummary summarize(const RunRecord& run, const Recorder& recorder, const SummaryInputs& inputs);

// Distinct expert bytes of a decode step, each shared bank's experts counted once: the mean over decode steps
// (or over all steps where there are none). The token cycle T.
Bytes mean_token_cycle(const EventSequence& sequence, const ExpertTable& table);

}  // namespace pregate
