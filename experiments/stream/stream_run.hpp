// SPDX-License-Identifier: Apache-2.0
// A model run for real with its routed experts on a real disk: the decoder, the expert stream and the
// accounts put together. What comes out is the same record as a simulated run's, with measured times.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/stream/expert_pool.hpp"
#include "models/disk_reader.hpp"
#include "models/expert_pack.hpp"
#include "models/live_forward.hpp"
#include "traces/run_record.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// A model whose routed experts are in a file.
struct StreamedModel {
  const Weights& weights;  // without routed experts
  const ExpertLayout& layout;
  const ExpertPack& pack;
  std::string pack_file;
};

struct StreamOptions {
  // Opens the disk; empty: DiskReader::open. Tests put faults here.
  std::function<Result<std::unique_ptr<DiskReader>>(const std::string&, const DiskReader::Options&)>
      open_disk;
  std::optional<DiskReader::Engine> engine;
  // Memory to run in, with as many slots as the budget holds at least; null: the run takes its own. Runs one
  // after another share one so, and none of them waits for fresh pages.
  ExpertPool* pool = nullptr;
  // Every block is compared with its checksum as it arrives, before anything is computed with it.
  bool verify = true;
  // All that will be routed, for policies that need it (belady, oracle).
  const RouteTrace* future = nullptr;
  std::string provenance;
  std::string prompt;
  // Asked before each step; false ends the run with an error. May be empty.
  std::function<bool(std::int64_t steps_done)> progress;
};

struct StreamResult {
  RunRecord run;  // times are measured
  std::vector<std::int32_t> tokens;
  std::shared_ptr<const RouteTrace> routing;  // as recorded: its replay is what is simulated
  DiskReader::Engine engine = DiskReader::Engine::uring;
};

// Of `scenario`: policy, lanes, overlap, budget and preload; its device is only told in the record. `live`:
// the prompt and what to generate; its store is set here. Errors: bad_input for a budget below one event and
// for a file that does not fit; run_failed for a read that failed or a block that was changed: no token is
// given after it.
Result<StreamResult> stream_run(const StreamedModel& model, const Scenario& scenario, LiveOptions live,
                                const StreamOptions& options);

}  // namespace pregate
