// SPDX-License-Identifier: Apache-2.0
// The picture of a comparison: where the time goes, token by token, and the difference from A.
#include <fmt/format.h>

#include <algorithm>

#include "experiments/compare.hpp"

namespace pregate {
namespace {

double ms(Duration d) {
  return static_cast<double>(d.count_ps()) / 1e9;
}

// In the legend; of a long path its end.
std::string name_of(const ComparedRun& run) {
  constexpr std::size_t kLongest = 56;
  const std::string& given = run.given;
  return fmt::format("{}: {}", run.letter,
                     given.size() <= kLongest ? given : "..." + given.substr(given.size() - kLongest));
}

// Times of one run's steps as a line; prefill only where nothing is decoded.
plot::Series line_of(const ComparedRun& run, bool decoded) {
  plot::Series line{.name = name_of(run), .marker = plot::Marker::none};
  for (const StepRecord& step : run.run->steps) {
    if (decoded && step.phase != Phase::decode) continue;
    line.x.push_back(static_cast<double>(line.x.size()));
    line.y.push_back(ms(step.end - step.begin));
  }
  return line;
}

// The same against A's: only steps that both have.
plot::Series change_line(const Comparison& comparison, const ComparedPair& pair) {
  const ComparedRun& other = comparison.runs[pair.other];
  plot::Series line{.name = name_of(other), .marker = plot::Marker::none};
  for (const StepDiff& step : pair.diff.steps()) {
    if (!step.in_both() || (comparison.decoded() && step.phase != Phase::decode)) continue;
    line.x.push_back(comparison.decoded() ? step.index : *step.a);
    line.y.push_back(ms(step.sum.change().total()));
  }
  return line;
}

TimeBins bins_of(const ComparedRun& run, bool decoded) {
  TimeBins out;
  const std::vector<StepRecord>& steps = run.run->steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (decoded && steps[i].phase != Phase::decode) continue;
    for (std::size_t layer = 0; layer < run.bins->layers(); ++layer) out += run.bins->at(i, layer).bins;
    out += run.bins->head(i).bins;
  }
  return out;
}

// Where each run's time goes, a bar a run; bins that no run has are left out.
plot::StackedBars bars_of(const Comparison& comparison) {
  plot::StackedBars bars;
  std::vector<std::vector<double>> values(kTimeBins);
  for (const ComparedRun& run : comparison.runs) {
    const TimeBins bins = bins_of(run, comparison.decoded());
    const double tokens = comparison.decoded() ? static_cast<double>(run.summary().decode.tokens) : 1.0;
    bars.categories.push_back(std::string(1, run.letter));
    for (std::size_t i = 0; i < kTimeBins; ++i) values[i].push_back(ms(bins.time[i]) / tokens);
  }
  for (std::size_t i = 0; i < kTimeBins; ++i) {
    if (std::any_of(values[i].begin(), values[i].end(), [](double v) { return v > 0; }))
      bars.parts.push_back({.name = words_of(static_cast<TimeBin>(i)), .values = values[i]});
  }
  return bars;
}

}  // namespace

plot::Figure compare_figure(const Comparison& comparison) {
  const bool decoded = comparison.decoded();
  const plot::Axis steps = {.label = decoded ? "decoded token" : "step"};
  plot::Lines times, changes;
  for (const ComparedRun& run : comparison.runs) times.series.push_back(line_of(run, decoded));
  for (const ComparedPair& pair : comparison.pairs) changes.series.push_back(change_line(comparison, pair));
  changes.references = {{.direction = plot::Reference::Direction::horizontal, .at = 0, .label = "as A"}};
  const ComparedRun& base = comparison.runs.front();
  const bool same =
      std::all_of(comparison.pairs.begin(), comparison.pairs.end(), [&](const ComparedPair& pair) {
        const PhaseDiff& phase = comparison.focus(pair);
        return phase.same_steps() && phase.same_tokens();
      });
  plot::Figure figure{.title = decoded ? "Time of a decoded token" : "Time of a run",
                      .subtitle = fmt::format("simulated; A: {} on {}, {}, {} routing",
                                              base.run->header.model, base.run->header.device,
                                              base.run->header.policy, to_text(base.run->header.origin)),
                      .width = 900,
                      .height = 900};
  figure.panels.push_back({.title = "Where the time goes",
                           .note = same ? "" : "each run's own tokens: not all have the same",
                           .x = {.label = decoded ? "a decoded token" : "the run", .unit = "ms", .min = 0},
                           .y = {},
                           .content = bars_of(comparison)});
  figure.panels.push_back({.title = "Token by token",
                           .note = {},
                           .x = steps,
                           .y = {.label = "makespan", .unit = "ms", .min = 0},
                           .content = std::move(times)});
  figure.panels.push_back({.title = "Difference from A",
                           .note = "above the line: slower than A",
                           .x = steps,
                           .y = {.label = "difference", .unit = "ms"},
                           .content = std::move(changes)});
  return figure;
}

}  // namespace pregate
