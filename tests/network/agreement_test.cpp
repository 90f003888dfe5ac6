// SPDX-License-Identifier: Apache-2.0
// libtorch's forward pass against ours on oneDNN, with the same weights: a toy with random ones, and the
// shipped model on a text that it was not trained on.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "experiments/trainer/learner.hpp"
#include "experiments/trainer/model_folder.hpp"
#include "models/config.hpp"
#include "models/decoder.hpp"
#include "models/json_input.hpp"
#include "models/safetensors.hpp"
#include "models/tokenizer.hpp"
#include "models/weights.hpp"
#include "tests/experiments/command_runner.hpp"
#include "tests/network/toy_model.hpp"

namespace pregate {
namespace {

constexpr double kTolerance = 1e-3;  // of the range of the logits, or of the scores

struct Agreement {
  double worst_logit = 0;    // largest difference as a part of the range
  std::int64_t choices = 0;  // tokens x MoE layers
  std::int64_t other = 0;    // ... with another set of experts
  double widest_swap = 0;    // what the scores of the swapped differ by, at most
};

void compare_choice(const std::int32_t* theirs, std::span<const std::uint16_t> ours, const float* selection,
                    Agreement& agreement) {
  const std::set<std::int32_t> a(theirs, theirs + ours.size()), b(ours.begin(), ours.end());
  ++agreement.choices;
  if (a == b) return;
  ++agreement.other;
  std::vector<std::int32_t> swapped;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(swapped));
  float low = selection[swapped.front()], high = low;
  for (const std::int32_t e : swapped) {
    low = std::min(low, selection[e]);
    high = std::max(high, selection[e]);
  }
  agreement.widest_swap = std::max(agreement.widest_swap, double{high} - double{low});
}

// Both on one sequence.
void compare(Learner& learner, Decoder& decoder, const ModelSpec& spec, std::span<const std::int32_t> tokens,
             Agreement& agreement) {
  const Computed theirs = learner.compute({tokens.begin(), tokens.end()});
  KvCache cache = decoder.make_cache(static_cast<std::int64_t>(tokens.size()));
  const SequenceInput sequence{&cache, 0, tokens};
  std::vector<float> logits;
  ASSERT_TRUE(decoder.run(std::span(&sequence, 1), DecoderRows::all, logits));
  ASSERT_EQ(logits.size(), theirs.logits.size());
  const auto [low, high] = std::minmax_element(logits.begin(), logits.end());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    agreement.worst_logit =
        std::max(agreement.worst_logit,
                 std::abs(double{logits[i]} - double{theirs.logits[i]}) / (double{*high} - double{*low}));
  }
  const auto top_k = static_cast<std::size_t>(spec.top_k), experts = static_cast<std::size_t>(spec.experts);
  for (std::int64_t layer = spec.dense_layers; layer < spec.layers; ++layer) {
    const auto moe = static_cast<std::size_t>(layer - spec.dense_layers);
    const ExpertChoice ours = decoder.routing(layer);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      compare_choice(theirs.experts[moe].data() + t * top_k, ours.experts.subspan(t * top_k, top_k),
                     theirs.selection[moe].data() + t * experts, agreement);
    }
  }
}

void expect_agreement(const Agreement& agreement) {
  EXPECT_LT(agreement.worst_logit, kTolerance);
  EXPECT_LT(agreement.widest_swap, kTolerance)
      << agreement.other << " of " << agreement.choices << " choices";
  testing::Test::RecordProperty("worst_logit_of_range", std::to_string(agreement.worst_logit));
  std::printf("logits within %.2g of the range; %lld of %lld choices differ, by scores within %.2g\n",
              agreement.worst_logit, static_cast<long long>(agreement.other),
              static_cast<long long>(agreement.choices), agreement.widest_swap);
}

// Weights of a folder into libtorch.
void give_weights(const std::string& folder, Learner& learner) {
  const auto checkpoint = Checkpoint::open(folder);
  EXPECT_TRUE(checkpoint);
  const std::vector<NamedValues> wanted = learner.weights();
  learner.set_weights([&](const std::string& name, std::int64_t elements) {
    const auto shape_of_it = std::find_if(wanted.begin(), wanted.end(), [&](const NamedValues& t) {
                               return t.name == name;
                             })->shape;
    const auto tensor = checkpoint->find(name, shape_of_it);
    EXPECT_TRUE(tensor) << name;
    std::vector<float> values(static_cast<std::size_t>(elements));
    to_float(*tensor, 0, elements, values.data());
    return values;
  });
}

Agreement agreement_on(const std::string& folder, std::span<const std::int32_t> tokens, std::size_t context) {
  Agreement agreement;
  const auto model = read_trainable(folder + "/config.json", {});
  EXPECT_TRUE(model);
  Learner learner(model->shape, TrainingRecipe{});
  give_weights(folder, learner);
  const auto config = load_config(folder);
  const auto weights = Weights::load(*config, folder, {.precision = Precision::f32});
  EXPECT_TRUE(weights);
  Decoder decoder(*weights);
  for (std::size_t first = 0; first < tokens.size(); first += context)
    compare(learner, decoder, model->spec, tokens.subspan(first, std::min(context, tokens.size() - first)),
            agreement);
  return agreement;
}

TEST(Agreement, OurForwardPassComputesWhatLibtorchComputesForAToy) {
  for (const char* change : {"pre_gate_lookahead=1", "pre_gate_lookahead=2", "pre_gate=false",
                             "experts_shared_frequency=1", "scoring_func=softmax", "norm_topk_prob=false"}) {
    const test::Folder folder;
    const auto model =
        read_trainable(test::write_file(folder.file("toy.json"), test::toy_config()), {change});
    ASSERT_TRUE(model) << change;
    TrainingRecipe recipe = test::toy_recipe();
    Learner learner(model->shape, recipe);
    while (learner.steps_done() < 3) learner.step(test::toy_batch(recipe, learner.steps_done()));
    ASSERT_TRUE(write_model_folder(folder.file("."), *model, learner.weights(), "{}"));
    std::vector<std::int32_t> tokens;
    for (std::int32_t i = 0; i < 120; ++i) tokens.push_back(i * 37 % 288);
    SCOPED_TRACE(change);
    expect_agreement(agreement_on(folder.file("."), tokens, 60));
  }
}

TEST(Agreement, OurForwardPassComputesWhatLibtorchComputesForTheShippedModel) {
  const std::string folder = PREGATE_SOURCE_DIR "/models/megrez2-nano";
  if (!std::filesystem::exists(folder + "/model.safetensors")) GTEST_SKIP() << "no weights in " << folder;
  const auto tokenizer = Tokenizer::load(folder);
  ASSERT_TRUE(tokenizer);
  const auto text = read_text_file(folder + "/held_out.txt", 1 << 20);
  ASSERT_TRUE(text);
  const auto tokens = tokenizer->encode(text->text);
  ASSERT_TRUE(tokens);
  ASSERT_GE(tokens->size(), 1000U);
  const Agreement agreement = agreement_on(folder, std::span(*tokens).first(1000), 500);
  EXPECT_EQ(agreement.choices, 1000 * 12);
  expect_agreement(agreement);
}

}  // namespace
}  // namespace pregate
