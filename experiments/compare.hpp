// SPDX-License-Identifier: Apache-2.0
// A comparison for a reader: the first run is the base, each other one stands against it. Text, JSON, CSV and
// figure are made from the one structure, so that they say the same. Leaves out the arithmetic
// (traces/run_diff.hpp) and where runs come from (compare_operands.hpp). JSON keys and CSV columns:
// docs/json.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/plot/figure.hpp"
#include "experiments/terminal.hpp"
#include "traces/run_waterfall.hpp"
#include "traces/scenario_changes.hpp"

namespace pregate {

struct ComparedRun {
  char letter = 'A';
  std::string given;  // on the command line
  std::unique_ptr<const RunRecord> run;
  std::unique_ptr<const BinnedRun> bins;  // of *run

  [[nodiscard]] const RunSummary& summary() const { return run->summary; }
};

// A run against the base.
struct ComparedPair {
  std::size_t other = 1;  // of the runs
  RunDiff diff;
  std::vector<ScenarioChange> changes;
  std::vector<std::string> remarks;  // what a reader must know before the numbers: a sentence each
};

struct Comparison {
  std::vector<ComparedRun> runs;
  std::vector<ComparedPair> pairs;
  std::size_t top = 5;  // tokens and layers that are shown each way

  // Where a token's time goes is asked of decode; runs without decode are compared as a whole.
  [[nodiscard]] bool decoded() const;
  [[nodiscard]] const PhaseDiff& focus(const ComparedPair& pair) const;
};

// Errors: a run whose numbers do not add up; the file is the run's operand.
Result<ComparedRun> make_compared_run(char letter, std::string given, RunRecord run);
Comparison compare_runs(std::vector<ComparedRun> runs, std::size_t top);

// A token or a layer whose time differs, and the bin that explains most of it.
struct Mover {
  const StepDiff* step = nullptr;  // null: of a layer
  std::size_t layer = 0;           // as many as there are layers: the head
  Duration a, b;
  TimeBins change;
};
struct Movers {
  std::vector<Mover> gained, lost;  // most first; B faster, B slower
};
Movers moved_steps(const Comparison& comparison, const ComparedPair& pair);
Movers moved_layers(const Comparison& comparison, const ComparedPair& pair);

std::string compare_text(const Comparison& comparison, const Look& look);
std::string compare_json(const Comparison& comparison);
// A line a step, or a (step, layer), of every pair; times in ps.
std::string compare_csv(const Comparison& comparison);
std::string compare_layers_csv(const Comparison& comparison);
plot::Figure compare_figure(const Comparison& comparison);

}  // namespace pregate
