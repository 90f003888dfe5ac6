// SPDX-License-Identifier: Apache-2.0
// The ablation's figures and the forms that they take: a CSV with a row for each run, a document with means
// and spreads over seeds, JSON, and plots.
#pragma once

#include <string>
#include <vector>

#include "experiments/ablation/measure.hpp"
#include "experiments/plot/figure.hpp"
#include "experiments/terminal.hpp"

namespace pregate {

struct VariantResult {
  const Variant* variant = nullptr;  // of the plan
  Trained trained;
  ParameterCounts parameters;       // of the trained model
  ParameterCounts wide_parameters;  // of the one that is simulated
  Bytes experts;                    // all routed experts of the latter
  VariantRouting routing;           // its trace is let go
  std::vector<SimulatedRun> runs;
};

struct AblationResult {
  const AblationPlan* plan = nullptr;
  std::vector<VariantResult> variants;
  std::vector<std::string> missing;  // variants that are not trained, where only the others were asked for
  int processors = 1;                // of this machine
  std::int64_t trained = 0, recorded = 0, simulated = 0;  // trainings, routings and runs made by this call

  [[nodiscard]] double training_seconds() const;
  [[nodiscard]] double recording_seconds() const;
  [[nodiscard]] double simulation_seconds() const;
};

// A mean over seeds and how far they lie apart.
struct Spread {
  double mean = 0, low = 0, high = 0;
  std::size_t seeds = 0;
};
Spread spread_of(const std::vector<double>& values);
// Results of one model (n and d), a seed each; models in the order of the plan.
std::vector<std::vector<const VariantResult*>> by_model(const AblationResult& result);
// The run with these; null: there is none (pre-gating on at d = 0).
const SimulatedRun* find_run(const VariantResult& variant, std::size_t device, std::size_t budget,
                             bool pregate);

std::string csv_of(const AblationResult& result);
std::string document_of(const AblationResult& result);
std::string json_of(const AblationResult& result, const std::vector<std::string>& files);
// For a terminal: the models, and where the figures went.
std::string text_of(const AblationResult& result, const std::vector<std::string>& files, const Look& look);

struct NamedFigure {
  std::string name;  // of its files, without extension
  std::string what;  // in a sentence, for the document
  plot::Figure figure;
};
std::vector<NamedFigure> figures_of(const AblationResult& result);

}  // namespace pregate
