// SPDX-License-Identifier: Apache-2.0
#include "experiments/compare.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/table.hpp"

namespace pregate {
namespace {

// "4 decode steps of A have no counterpart" and the like.
void remark_steps(const PhaseDiff& phase, Phase which, char other, std::vector<std::string>& out) {
  const auto remark = [&](std::int64_t steps, char has, char lacks) {
    if (steps == 0) return;
    out.push_back(fmt::format("{} {} step{} only {} has: {} ends earlier.", with_commas(steps),
                              to_text(which), steps == 1 ? "" : "s", has, lacks));
  };
  remark(phase.steps_only_in_a, 'A', other);
  remark(phase.steps_only_in_b, other, 'A');
  if (phase.same_tokens()) return;
  out.push_back(fmt::format("{} {} step{} other numbers of tokens: A {}, {} {} in the steps that both have.",
                            with_commas(phase.unequal_steps), to_text(which),
                            phase.unequal_steps == 1 ? " has" : "s have", with_commas(phase.tokens_a), other,
                            with_commas(phase.tokens_b)));
}

void remark_routing(const RowDiff& sum, std::vector<std::string>& out) {
  if (sum.events == 0) {
    out.emplace_back("The routings share no (step, layer).");
  } else if (sum.rerouted > 0) {
    out.push_back(fmt::format("The routings differ: in {} of {} (step, layer) events the experts are others.",
                              with_commas(sum.rerouted), with_commas(sum.events)));
  }
}

std::vector<std::string> remarks_of(const ComparedRun& a, const ComparedRun& b, const RunDiff& diff) {
  std::vector<std::string> out;
  const RunHeader &from = a.run->header, &to = b.run->header;
  const auto differ = [&](const char* what, const std::string& x, const std::string& y) {
    if (x != y) out.push_back(fmt::format("The {} differ: A has {}, {} {}.", what, x, b.letter, y));
  };
  differ("models", from.model, to.model);
  differ("numbers of layers", fmt::format("{}", a.bins->layers()), fmt::format("{}", b.bins->layers()));
  differ("devices", from.device, to.device);
  differ("costs", from.costs_from, to.costs_from);
  differ("kinds of routing", std::string(to_text(from.origin)), std::string(to_text(to.origin)));
  differ("versions of pregate", from.pregate_version, to.pregate_version);
  remark_routing(diff.all().sum, out);
  for (const Phase phase : {Phase::prefill, Phase::decode})
    remark_steps(diff.of(phase), phase, b.letter, out);
  return out;
}

ComparedPair against_base(const std::vector<ComparedRun>& runs, std::size_t other) {
  const ComparedRun &a = runs.front(), &b = runs[other];
  ComparedPair pair{.other = other, .diff = diff_runs(*a.bins, *b.bins), .changes = {}, .remarks = {}};
  Result<std::vector<ScenarioChange>> changes =
      scenario_changes(a.run->header.scenario_text, b.run->header.scenario_text);
  pair.remarks = remarks_of(a, b, pair.diff);
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
