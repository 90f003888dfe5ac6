// SPDX-License-Identifier: Apache-2.0
// A run as a Perfetto trace, which ui.perfetto.dev opens. Tracks, from the top: the run, its steps with their
// layers, the NPU (operators, cache management, stalls), flash (a lane for each load in flight), the queue
// before it, prefetches that were withdrawn, evictions, counters. Arrows lead from a load to the operator
// that used it first, and to the stall that it ended. docs/export.md is the user's page.
//
// Times are rounded to the nanosecond by perfetto_ns(); notes carry exact picoseconds. Leaves out measured
// operators, which have the clock of another machine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "traces/perfetto_tracks.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// Something of the run that the trace does not show, and how often.
struct NotShown {
  std::string what;
  std::int64_t count = 0;
};

struct PerfettoExport {
  PerfettoCounts counts;
  std::vector<NotShown> left_out;
};

// Told now and then how far it came, in simulated nanoseconds, and how long the run is.
using ExportWatch = std::function<void(std::int64_t done, std::int64_t total)>;

// Written beside the target and renamed at the end. Errors: a record that fails validate_run(), or whose rows
// are no timeline (run_layout.hpp).
Result<PerfettoExport> export_perfetto(const RunRecord& run, const std::string& path,
                                       const ExportWatch& watch = {});

}  // namespace pregate
