// SPDX-License-Identifier: Apache-2.0
// From what was recorded to the finished record of a run: labels of misses and stalls, the summary, the
// header. One way for a simulated run and for one that was streamed from a real disk.
#pragma once

#include "sim/account/recorder.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct AccountInputs {
  std::string_view version;  // of the program
  const Scenario& scenario;
  const ModelShape& model;
  const ExpertTable& table;
  const RouteHeader& route;
  // The run's events where they were known before; null: as they were recorded.
  const EventSequence* sequence = nullptr;
  const FutureUses* uses = nullptr;
  Bytes budget, peak_resident;
  std::int64_t kernel_events = 0;
  bool keep_details = true;
  bool measured = false;  // times are of a real run
};

// Empties the recorder.
RunRecord account_run(Recorder& recorder, const AccountInputs& inputs);

}  // namespace pregate
