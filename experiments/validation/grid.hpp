// SPDX-License-Identifier: Apache-2.0
// Runs a validation: every cell of a grid is streamed from the real disk and simulated on the device file, in
// turns, so that drift of the machine hits all cells alike. Every streamed run must generate the tokens of
// the run that has all experts in memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/stream/streamed_model.hpp"
#include "experiments/validation/cell.hpp"

namespace pregate {

struct GridAxes {
  std::vector<double> budgets;  // shares of all routed experts
  std::vector<PrefetchKind> prefetches;
  std::vector<std::int32_t> lanes;
  std::vector<EvictionKind> evictions;
};

struct GridOptions {
  GridAxes axes;
  std::string device;  // a device's name or file: what predicts
  int repeats = 1;
  // A repeat counts if the run with all experts in memory, before and after it, is within this share of the
  // median of the first three; else it is run again, twice `repeats` at most. 0: every one counts.
  double steady = 0;
  bool measured_npu = false;  // compute times as the resident run measured them, in place of the device's
  bool verify = true;         // checksums of what is streamed
  std::optional<DiskReader::Engine> engine;
  std::function<void(std::int64_t done, std::int64_t total)> progress;  // runs; may be empty
  std::function<bool()> stop;                                           // may be empty
};

// `live`: prompt, tokens, choices. Errors: bad_input for a cell that cannot run (a budget below one event,
// more lanes than the device has); run_failed for a read that failed and for a token that differs, with its
// cell.
Result<Validation> run_grid(const ShippedCatalogue& catalogue, const OpenedStream& stream,
                            const LiveOptions& live, const GridOptions& options);

}  // namespace pregate
