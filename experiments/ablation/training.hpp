// SPDX-License-Identifier: Apache-2.0
// The trained side of the ablation: whether a variant's training is finished, and the trainer as a child
// process where it is not. The trainer itself goes on with a run that was killed.
#pragma once

#include <optional>
#include <string>

#include "experiments/ablation/plan.hpp"

namespace pregate {

// What the trainer measured, from FOLDER/training/result.json.
struct Trained {
  double bits_per_byte = 0;  // of the whole validation text
  double loss = 0;           // nats a token, the last steps of training
  double seconds = 0;        // wall time of all calls that worked at it
  std::int64_t parameters = 0;
};

// Nothing where the training has not begun or has not ended. An error where the folder's is another training.
Result<std::optional<Trained>> finished_training(const Variant& variant);

// "--config C --set experts_shared_frequency=3 ...": what `pregate train` is called with.
std::vector<std::string> training_arguments(const AblationPlan& plan, const Variant& variant);

// Trains to the end; `what` stands on the progress line. The error says what the trainer said last.
Status run_training(const AblationPlan& plan, const Variant& variant, const std::string& what);

}  // namespace pregate
