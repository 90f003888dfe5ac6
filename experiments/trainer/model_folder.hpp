// SPDX-License-Identifier: Apache-2.0
// A model as a Hugging Face folder: config.json, model.safetensors, tokenizer.json; what the trainer starts
// from, and what it leaves.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/trainer/learner.hpp"
#include "traces/base/result.hpp"
#include "traces/model_spec.hpp"

namespace pregate {

struct TrainableModel {
  nlohmann::ordered_json config;  // as it will be written
  ModelSpec spec;
  NetworkShape shape;
};

// A config.json with some of its keys set to other values ("experts_shared_frequency=1"). Errors: of the
// file and of each key as models/config.hpp has them; an architecture that is not Megrez2's; what the
// network does not compute (QKV biases, groups of experts, a tied head).
Result<TrainableModel> read_trainable(const std::string& config_path,
                                      const std::vector<std::string>& changes);

// Writes the folder; weights are rounded to bf16. Each file appears whole or not at all.
Status write_model_folder(const std::string& folder, const TrainableModel& model,
                          const std::vector<NamedValues>& weights, const std::string& tokenizer_json);

}  // namespace pregate
