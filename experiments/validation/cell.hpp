// SPDX-License-Identifier: Apache-2.0
// One cell of a validation on this machine: the same routing, budget, policies and lanes, streamed from the
// real disk and simulated on the calibrated device. Both sides are accounted by the same code (RunSummary).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/run_record.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct ValidationCase {
  std::string model;
  double budget_share = 0;  // of all routed experts
  Bytes budget;
  PrefetchKind prefetch = PrefetchKind::none;  // pregate: on; none: off
  std::int32_t lanes = 1;
  EvictionKind eviction = EvictionKind::lru;
};

struct ValidationCell {
  ValidationCase of;
  RunSummary predicted;              // simulated
  std::vector<RunSummary> measured;  // one a repeat, interleaved over the grid; counts are equal in all
  double wall_s = 0;                 // of the measured repeats
};

// Reads of an expert's size without computing, so many at once: the limit of a disk-bound run.
struct PlainRead {
  std::int32_t lanes = 1;
  double mib_s = 0;
};

// The same model and routing with every expert in memory from the start: no disk, so that what changes
// between these is the machine itself.
struct ResidentRun {
  double tokens_s = 0;  // decode, measured
};

// What a grid ran on and how; goes into every output.
struct ValidationHead {
  std::string version, date, machine;  // processor, memory, disk, kernel
  std::string device;                  // that predicted: its file or id
  std::string engine;                  // "io_uring", "threads"
  std::string workload;                // model, precision, weights, routing, tokens: as provenance says
  std::string npu;                     // "device" or "measured"
  double resident_predicted = 0;       // tokens/s of decode with every expert in memory; 0: not known
  std::vector<ResidentRun> resident;   // before the first repeat and after each; empty: not known
  std::int64_t dropped = 0;            // repeats that were run again, as the machine was not steady
  std::vector<PlainRead> plain_reads;  // one for each number of lanes of the cells; empty: not known
};

struct Validation {
  ValidationHead head;
  std::vector<ValidationCell> cells;  // in order of model, budget, prefetch, lanes, eviction
};

}  // namespace pregate
