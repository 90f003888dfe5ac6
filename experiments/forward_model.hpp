// SPDX-License-Identifier: Apache-2.0
// A model that is going to be run, as `record`, `run --prompt`, `forward`, `eval` and `bench` take it: a
// checkpoint by its folder or its shipped name, or the shapes of a preset with weights drawn from a seed.
// Private to experiments/: it shows CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/catalogue.hpp"
#include "models/tokenizer.hpp"
#include "models/weights.hpp"

namespace pregate {

struct ForwardRequest {
  std::string model;
  std::string random_weights;  // a seed, as written; empty: weights come from the checkpoint
  std::string precision = "bf16";
  int threads = 0;             // 0: all
  bool routed_experts = true;  // false: they are streamed from elsewhere
};

// Adds --random-weights, --precision and --threads, which every verb that runs a model has.
void add_forward_options(CLI::App& verb, ForwardRequest& request);

// What is going to be run: its numbers, and the folder of its weights (empty: they are drawn).
struct FoundModel {
  ModelConfig config;
  std::string folder;
};
// Nothing large is read, and whether it can be run is not asked yet.
Result<FoundModel> find_forward_model(const ShippedCatalogue& catalogue, const ForwardRequest& request);

struct ForwardModel {
  ModelSpec spec;
  Weights weights;
  std::optional<Tokenizer> tokenizer;  // absent with random weights: a byte is a token
  std::string
      provenance;  // "megrez2-3x7b-a3b, random weights (seed 1), bf16, oneDNN 2.6.3 on AMX, 2 threads"
};

// Reads what the model is, checks that it can be run, then loads or draws its weights.
enum class TokenizerUse : std::uint8_t { text, none };  // none: ids go in, and no tokenizer.json is asked for
Result<ForwardModel> open_forward_model(const ShippedCatalogue& catalogue, const ForwardRequest& request,
                                        TokenizerUse use = TokenizerUse::text);
// A number option that is no NaN either.
CLI::Validator finite_between(double least, double most);
// What the weights are, as a file of experts says it (models/expert_pack.hpp).
Result<std::string> weights_identity(const ShippedCatalogue& catalogue, const ForwardRequest& request);
// The architecture alone: nothing large is read.
Result<ModelSpec> forward_spec(const ShippedCatalogue& catalogue, const ForwardRequest& request);

Result<std::vector<std::int32_t>> encode(const ForwardModel& model, const std::string& text);
std::string decode(const ForwardModel& model, std::span<const std::int32_t> tokens);

// A prompt given in words or by a file; exactly one of them.
struct PromptRequest {
  std::string text, file;
  std::int64_t tokens = 64;  // to generate
  double temperature = 0, top_p = 1;
  std::string seed = "1";
  double prefer_resident = 0;
};
Result<std::string> read_prompt(const PromptRequest& request);

}  // namespace pregate
