// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/learner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/network/toy_model.hpp"

namespace pregate {
namespace {

using test::toy_batch;
using test::toy_recipe;
using test::toy_shape;

std::vector<float> all_values(const Learner& learner) {
  std::vector<float> values;
  for (const NamedValues& tensor : learner.weights())
    values.insert(values.end(), tensor.values.begin(), tensor.values.end());
  return values;
}

std::string temporary(const char* name) {
  return (std::filesystem::path(testing::TempDir()) / (std::string(name) + std::to_string(::getpid())))
      .string();
}

TEST(Learner, TheLossFallsInEitherPrecision) {
  for (const bool bf16 : {false, true}) {
    TrainingRecipe recipe = toy_recipe();
    recipe.bf16 = bf16;
    Learner learner(toy_shape(), recipe);
    const double first = learner.step(toy_batch(recipe, 0)).loss;
    double last = 0;
    while (learner.steps_done() < recipe.steps)
      last = learner.step(toy_batch(recipe, learner.steps_done())).loss;
    EXPECT_NEAR(first, std::log(288.0), 0.5);  // it begins by knowing nothing
    EXPECT_LT(last, first - 1.5) << (bf16 ? "bf16" : "f32");
  }
}

TEST(Learner, ARunThatGoesOnEndsWithTheVeryWeightsOfAnUnbrokenOne) {
  const TrainingRecipe recipe = toy_recipe();
  const std::string file = temporary("state");
  Learner unbroken(toy_shape(), recipe);
  {
    Learner first(toy_shape(), recipe);
    while (first.steps_done() < 7) first.step(toy_batch(recipe, first.steps_done()));
    first.save(file);
  }
  Learner second(toy_shape(), recipe);
  second.load(file);
  EXPECT_EQ(second.steps_done(), 7);
  for (Learner* learner : {&unbroken, &second})
    while (learner->steps_done() < 15) learner->step(toy_batch(recipe, learner->steps_done()));
  EXPECT_EQ(all_values(unbroken), all_values(second));
  std::filesystem::remove(file);
}

TEST(Learner, AnotherSeedGivesOtherWeights) {
  TrainingRecipe recipe = toy_recipe();
  const Learner one(toy_shape(), recipe);
  recipe.seed = 2;
  const Learner two(toy_shape(), recipe);
  EXPECT_NE(all_values(one), all_values(two));
}

TEST(Learner, WeightsThatAreSetComputeWhatTheyComputedBefore) {
  const TrainingRecipe recipe = toy_recipe();
  Learner learner(toy_shape(), recipe);
  while (learner.steps_done() < 5) learner.step(toy_batch(recipe, learner.steps_done()));
  const auto tensors = learner.weights();
  TrainingRecipe other = recipe;
  other.seed = 9;
  Learner copy(toy_shape(), other);
  copy.set_weights([&](const std::string& name, std::int64_t elements) {
    const auto found =
        std::find_if(tensors.begin(), tensors.end(), [&](const NamedValues& t) { return t.name == name; });
    EXPECT_EQ(static_cast<std::int64_t>(found->values.size()), elements) << name;
    return found->values;
  });
  const std::vector<std::int64_t> tokens = {5, 28, 46, 39, 4};
  EXPECT_EQ(learner.compute(tokens).logits, copy.compute(tokens).logits);
}

// The bias moves against the load and nothing else does it: what is chosen more than the mean loses.
TEST(Learner, BalancingMovesEachBiasByItsRateAgainstTheLoad) {
  TrainingRecipe recipe = toy_recipe();
  recipe.balance_rate = 0.25;
  Learner learner(toy_shape(), recipe);
  learner.step(toy_batch(recipe, 0));
  int moved = 0;
  for (const NamedValues& tensor : learner.weights()) {
    if (tensor.name.find("e_score_correction_bias") == std::string::npos) continue;
    for (const float bias : tensor.values) {
      EXPECT_TRUE(bias == 0.25F || bias == -0.25F || bias == 0.0F) << bias;
      moved += bias != 0 ? 1 : 0;
    }
    EXPECT_TRUE(std::count(tensor.values.begin(), tensor.values.end(), 0.25F) > 0) << tensor.name;
  }
  EXPECT_GT(moved, 16);  // of 4 layers x 8 experts
}

TEST(Learner, AStateThatIsCutShortIsRefused) {
  const std::string file = temporary("cut");
  const TrainingRecipe recipe = toy_recipe();
  Learner learner(toy_shape(), recipe);
  learner.save(file);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THROW(learner.load(file), std::runtime_error);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace pregate
