// SPDX-License-Identifier: Apache-2.0
#include "experiments/compare.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/table.hpp"

namespace pregate {
namespace {

ComparedPair against_base(const std::vector<ComparedRun>& runs, std::size_t other) {
  const ComparedRun &a = runs.front(), &b = runs[other];
  ComparedPair pair{.other = other, .diff = diff_runs(*a.bins, *b.bins), .changes = {}, .remarks = {}};
  Result<std::vector<ScenarioChange>> changes =
      scenario_changes(a.run->header.scenario_text, b.run->header.scenario_text);
  pair.remarks = remarks_of(*a.bins, *b.bins, pair.diff, b.letter);
  if (changes) {
    pair.changes = std::move(*changes);
  } else {
    pair.remarks.push_back(
        fmt::format("What the scenarios change is not known: {}.", changes.error().message()));
  }
  return pair;
}

// The `top` each way.
Movers rank(std::vector<Mover> movers, std::size_t top) {
  std::stable_sort(movers.begin(), movers.end(),
                   [](const Mover& x, const Mover& y) { return x.change.total() < y.change.total(); });
  Movers out;
  for (std::size_t i = 0; i < std::min(top, movers.size()); ++i) {
    if (movers[i].change.total() < Duration()) out.gained.push_back(movers[i]);
    const Mover& last = movers[movers.size() - 1 - i];
    if (last.change.total() > Duration()) out.lost.push_back(last);
  }
  return out;
}

}  // namespace

bool Comparison::decoded() const {
  return std::all_of(runs.begin(), runs.end(),
                     [](const ComparedRun& run) { return run.summary().decode.tokens > 0; });
}

const PhaseDiff& Comparison::focus(const ComparedPair& pair) const {
  return decoded() ? pair.diff.of(Phase::decode) : pair.diff.all();
}

Result<ComparedRun> make_compared_run(char letter, std::string given, RunRecord run) {
  ComparedRun out{.letter = letter,
                  .given = std::move(given),
                  .run = std::make_unique<const RunRecord>(std::move(run)),
                  .bins = nullptr};
  Result<BinnedRun> bins = bin_run(*out.run);
  if (!bins) return bins.error().at(out.given);
  out.bins = std::make_unique<const BinnedRun>(std::move(*bins));
  return out;
}

Comparison compare_runs(std::vector<ComparedRun> runs, std::size_t top) {
  Comparison out{.runs = std::move(runs), .pairs = {}, .top = top};
  for (std::size_t other = 1; other < out.runs.size(); ++other)
    out.pairs.push_back(against_base(out.runs, other));
  return out;
}

Movers moved_steps(const Comparison& comparison, const ComparedPair& pair) {
  std::vector<Mover> movers;
  for (const StepDiff& step : pair.diff.steps()) {
    if (!step.in_both() || (comparison.decoded() && step.phase != Phase::decode)) continue;
    movers.push_back({.step = &step,
                      .layer = 0,
                      .a = step.sum.a.bins.total(),
                      .b = step.sum.b.bins.total(),
                      .change = step.sum.change()});
  }
  return rank(std::move(movers), comparison.top);
}

Movers moved_layers(const Comparison& comparison, const ComparedPair& pair) {
  const PhaseDiff& phase = comparison.focus(pair);
  std::vector<Mover> movers;
  for (std::size_t layer = 0; layer <= phase.layers.size(); ++layer) {
    const RowDiff& row = layer < phase.layers.size() ? phase.layers[layer] : phase.head;
    movers.push_back({.step = nullptr,
                      .layer = layer,
                      .a = row.a.bins.total(),
                      .b = row.b.bins.total(),
                      .change = row.change()});
  }
  return rank(std::move(movers), comparison.top);
}

}  // namespace pregate
