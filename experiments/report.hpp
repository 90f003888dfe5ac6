// SPDX-License-Identifier: Apache-2.0
// One run for a reader: the verdict first, then why. Text for people and JSON for programs hold the same
// numbers; every number has a unit and says simulated, measured or estimated. JSON keys and their meanings:
// docs/json.md.
#pragma once

#include <optional>
#include <string>

#include "experiments/terminal.hpp"
#include "traces/dressing.hpp"
#include "traces/run_record.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// The same run without prefetch.
struct Baseline {
  double tokens_per_second = 0;
  Duration stall_per_token;
  double hit_rate_decode = 0;
};

struct ForwardReport;
struct WhatIf;

struct RunReport {
  const RunRecord& run;  // with details
  const Scenario& scenario;
  std::string costs_note;
  std::optional<Baseline> baseline;
  double wall_s = 0;     // measured: of simulate() alone
  std::string run_file;  // where the run was written; empty: nowhere
  bool per_token = false;
  std::string device_text;  // the device file, for the sources of its energy figures; empty: not at hand
  const WhatIf* what_if = nullptr;         // counterfactuals; null: not asked for
  const ForwardReport* forward = nullptr;  // of a live run
  std::optional<DressingFacts> dressed;    // of a run whose routing is another model's
  const RouteTrace* routing = nullptr;  // of the run, for the norms that a forward pass recorded; null: none
};

std::string text_report(const RunReport& report, const Look& look);
std::string json_report(const RunReport& report);

}  // namespace pregate
