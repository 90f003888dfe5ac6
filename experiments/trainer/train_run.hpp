// SPDX-License-Identifier: Apache-2.0
// One training run from text to a model folder, resumable at any step.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "experiments/trainer/learner.hpp"
#include "traces/base/result.hpp"

namespace pregate {

struct TrainOptions {
  std::string config;                // a config.json
  std::vector<std::string> changes;  // of its keys: "experts_shared_frequency=1"
  std::string text, validation;      // files
  std::string tokenizer;             // a tokenizer.json; empty: learned from the text
  std::string out;                   // folder; state and log of the run are kept in OUT/training
  TrainingRecipe recipe;
  std::int64_t save_every = 50;          // steps
  std::int64_t measure_every = 200;      // steps, of the validation text; 0: only at the end
  std::int64_t measured_tokens = 65536;  // of the validation text on the way; the end measures all of it
  bool quiet = false;
};

struct TrainSummary {
  std::int64_t steps = 0;
  double final_loss = 0;     // nats a token, mean of the last steps
  double bits_per_byte = 0;  // of the whole validation text; in the precision of training
  double seconds = 0;        // of this call
  std::int64_t parameters = 0;
};

// As JSON: what `--json` prints and OUT/training/result.json keeps.
std::string json_of(const TrainSummary& summary);

// Goes on where OUT/training was left by a run of the same recipe; with another number of steps too, whose
// cosine then holds from there on (OUT/training/recipe.json keeps the schedule). Errors: of the files; a
// folder whose run had another recipe or other text, or has done more steps.
Result<TrainSummary> train(const TrainOptions& options);

}  // namespace pregate
