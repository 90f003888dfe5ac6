// SPDX-License-Identifier: Apache-2.0
// From a scenario and axes to the rows of a file: which scenarios there are, which are done, and the rest
// through worker processes. Scenarios that replay the same routing share it: it is loaded once, before their
// workers are forked. A live scenario's forward pass is run once, in a process of its own, and what it chose
// is replayed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/run_setup.hpp"
#include "traces/sweep_axes.hpp"

namespace pregate {

struct SweepRequest {
  RunRequest base;
  std::vector<Axis> axes;
  CombineOptions combine;
  std::string axes_from = "--vary";   // what errors name
  std::size_t shard = 1, shards = 1;  // this one of so many: every shards-th scenario
  std::size_t jobs = 1;
  std::string out;
  std::string title;  // of the sweep, for tables and plots; may be empty
  int threads = 0;    // of forward passes; 0: all
};

struct SweepOutcome {
  std::int64_t scenarios = 0;  // of this shard
  std::int64_t before = 0;     // of these, done in an earlier run
  std::int64_t done = 0, failed = 0;
  std::int64_t twins = 0;           // points of the same scenario as another one: one row, simulated once
  std::vector<std::string> causes;  // the first kCausesTold different ones of failures
  bool stopped = false;             // on demand, with some left
  bool elsewhere = false;           // by other processes, some of them earlier: there is no rate to tell
  double wall_s = 0;                // measured

  [[nodiscard]] std::int64_t left() const { return scenarios - before - done - failed - twins; }
};
inline constexpr std::size_t kCausesTold = 3;

// The points of a sweep, its axes' values tried one by one: an error for one that no scenario takes, before
// anything runs. What the hasher reads for it, it keeps.
class ScenarioHasher;
Result<SweepPoints> check_sweep(const ShippedCatalogue& catalogue, const SweepRequest& request,
                                ScenarioHasher& hasher);
// The run that a point asks for.
RunRequest point_request(const SweepRequest& request, const SweepPoints& points, const SweepPoint& point);

// `progress(ended, of, failed)` is called while it runs; `stop` is asked whether to end early. Errors: an
// axis value that no scenario takes, a file that cannot be had (see SweepStore). A scenario that fails is a
// row that says so.
struct SweepHooks {
  std::function<void(std::int64_t ended, std::int64_t of, std::int64_t failed)> progress;
  std::function<bool()> stop;
};
Result<SweepOutcome> run_sweep(const ShippedCatalogue& catalogue, const SweepRequest& request,
                               const SweepHooks& hooks);

}  // namespace pregate
