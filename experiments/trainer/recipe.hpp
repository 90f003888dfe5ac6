// SPDX-License-Identifier: Apache-2.0
// What a training run is made of, as OUT/training/recipe.json keeps it: the trainer refuses a folder that was
// begun with another one, and whoever asks whether a training is finished compares with it. Leaves out the
// number of steps, which may grow and which the trainer keeps beside it ("schedule"), where the files lie,
// and how often state is saved: neither of the two changes the weights.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "experiments/trainer/learner.hpp"

namespace pregate {

// FNV-1a in hexadecimal: tells whether a text is the one a run began with, not who wrote it.
std::string fingerprint(std::string_view text);

// `config` is the config.json with its changes; `text` and `tokenizer` are what the files hold.
nlohmann::ordered_json describe_recipe(const nlohmann::ordered_json& config, std::string_view text,
                                       std::string_view tokenizer, const TrainingRecipe& recipe);

// Names the first key of `expected` that `found` lacks or has otherwise ("another \"seed\""); nothing where
// all agree. `found` may have more.
std::optional<std::string> difference_of(const nlohmann::ordered_json& expected,
                                         const nlohmann::ordered_json& found);

}  // namespace pregate
