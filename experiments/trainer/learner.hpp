// SPDX-License-Identifier: Apache-2.0
// Trains a Megrez2-style network (docs/design.md section 4) on libtorch: forward, backward, AdamW, and the
// balancing of expert load without an auxiliary loss (Wang et al., arXiv 2408.15664).
//
// This header is the one door between libtorch's C++17 and the rest of the trainer: plain numbers and
// standard containers, no torch types, nothing newer than C++17. Leaves out text, files in Hugging Face's
// formats and the command line.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pregate {

// The architecture; names as in ModelSpec (traces/model_spec.hpp).
struct NetworkShape {
  std::int64_t hidden = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t dense_layers = 0, dense_width = 0;
  std::int64_t group = 1, experts = 0, expert_width = 0, top_k = 0, shared_width = 0;
  std::int64_t vocabulary = 0;
  std::int64_t lookahead = 1;  // 0: a router reads its own layer's state
  bool sigmoid = true;         // router score; else softmax
  bool normalise_top_k = true;
  double routed_scale = 1, rope_theta = 10000, norm_epsilon = 1e-6;
};

struct TrainingRecipe {
  std::int64_t steps = 0, warmup = 0;
  std::int64_t batch = 8, context = 512;  // sequences a step, tokens a sequence
  double learning_rate = 3e-3;
  double final_fraction = 0.05;  // of the learning rate, where the cosine ends
  double beta1 = 0.9, beta2 = 0.95, weight_decay = 0.1;
  double clip = 1;             // largest norm of the gradient
  double balance_rate = 1e-3;  // what a step moves e_score_correction_bias by
  std::uint64_t seed = 1;
  bool bf16 = true;  // products in bf16, everything else and the kept weights in f32
  int threads = 1;
};

// A tensor under its Hugging Face name, in f32.
struct NamedValues {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct StepResult {
  double loss = 0;           // nats a token
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  // Largest load of an expert over the mean load, worst layer: 1 is perfect balance.
  double imbalance = 0;
};

// What the network computes for one sequence: logits [tokens, vocabulary]; for each MoE layer the chosen
// experts, best first [tokens, top_k], and what they were selected by (score plus correction) of every
// expert [tokens, experts].
struct Computed {
  std::vector<float> logits;
  std::vector<std::vector<std::int32_t>> experts;
  std::vector<std::vector<float>> selection;
};

// Every call throws std::runtime_error with a sentence where libtorch or a file fails.
class Learner {
 public:
  Learner(const NetworkShape& shape, const TrainingRecipe& recipe);
  ~Learner();

  // tokens: [batch, context + 1]; position i predicts i + 1.
  StepResult step(const std::vector<std::int64_t>& tokens);
  [[nodiscard]] std::int64_t steps_done() const;

  // Sum of -ln p of tokens 1.. of each row of [rows, length], with the weights as they are now.
  double negative_log_likelihood(const std::vector<std::int64_t>& tokens, std::int64_t rows,
                                 std::int64_t length);
  // One sequence, in f32.
  Computed compute(const std::vector<std::int64_t>& tokens);

  // All weights, expert by expert, under their names in a checkpoint.
  [[nodiscard]] std::vector<NamedValues> weights() const;
  // The other way: tensors are asked for by name. Names of tensors that must be there come from weights().
  using Lookup = std::function<std::vector<float>(const std::string& name, std::int64_t elements)>;
  void set_weights(const Lookup& lookup);

  // Weights, moments of AdamW, the step counter: all that the next step depends on. The file is written
  // whole or not at all.
  void save(const std::string& path) const;
  void load(const std::string& path);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pregate
