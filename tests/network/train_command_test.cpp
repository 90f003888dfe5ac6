// SPDX-License-Identifier: Apache-2.0
// `pregate train` as a user calls it: a toy on a text of this tree, killed, resumed, and read by the forward
// pass.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/experiments/command_runner.hpp"
#include "tests/network/toy_model.hpp"

namespace pregate {
namespace {

using test::Folder;
using test::read_file;
using test::run_pregate;
using test::write_file;

std::vector<std::string> training(const Folder& folder, const std::string& out, int steps) {
  return {"train",
          "--config",
          write_file(folder.file("config.json"), test::toy_config()),
          "--text",
          PREGATE_SOURCE_DIR "/docs/design.md",
          "--validation",
          PREGATE_SOURCE_DIR "/docs/json.md",
          "--out",
          folder.file(out),
          "--steps",
          std::to_string(steps),
          "--warmup",
          "5",
          "--batch",
          "4",
          "--context",
          "32",
          "--learning-rate",
          "0.01",
          "--save-every",
          "3",
          "--precision",
          "f32",
          "--json"};
}

TEST(TrainCommand, LearnsAToyThatTheForwardPassReads) {
  const Folder folder;
  const auto said = run_pregate(training(folder, "model", 60));
  ASSERT_EQ(said.code, 0) << said.err;
  const auto json = nlohmann::json::parse(said.out);
  EXPECT_EQ(json["steps"], 60);
  // Knowing nothing is log(288) = 5.66 nats a token.
  EXPECT_LT(json["loss"].get<double>(), 4.9);
  EXPECT_GT(json["validation_bits_per_byte"].get<double>(), 0.5);
  const auto eval =
      run_pregate({"eval", "--model", folder.file("model"), "--text", PREGATE_SOURCE_DIR "/docs/json.md",
                   "--window", "33", "--stride", "32", "--precision", "f32", "--json"});
  ASSERT_EQ(eval.code, 0) << eval.err;
  // Weights in the folder are bf16, so that the two agree closely and not to the last bit.
  EXPECT_NEAR(nlohmann::json::parse(eval.out)["bits_per_byte"].get<double>(),
              json["validation_bits_per_byte"].get<double>(), 0.02);
}

TEST(TrainCommand, ARunThatIsKilledGoesOnToTheSameWeights) {
  const Folder folder;
  ASSERT_EQ(run_pregate(training(folder, "unbroken", 24)).code, 0);
  // Killed again and again, later each time, until one gets through.
  int kills = 0;
  for (int patience_ms = 300;; patience_ms += 400) {
    const auto said =
        run_pregate(training(folder, "broken", 24), {.killed_after = std::chrono::milliseconds(patience_ms)});
    if (said.code == 0) break;
    ASSERT_EQ(said.code, 1000 + SIGKILL) << said.err;
    ++kills;
  }
  EXPECT_GT(kills, 0);
  EXPECT_EQ(read_file(folder.file("broken/model.safetensors")),
            read_file(folder.file("unbroken/model.safetensors")));
  // Every step is in the log once.
  const std::string log = read_file(folder.file("broken/training/log.csv"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 25) << log;
}

TEST(TrainCommand, AFolderOfAnotherRecipeIsLeftAlone) {
  const Folder folder;
  ASSERT_EQ(run_pregate(training(folder, "model", 3)).code, 0);
  const std::string weights = read_file(folder.file("model/model.safetensors"));
  auto arguments = training(folder, "model", 4);
  arguments.insert(arguments.end(), {"--seed", "2"});
  const auto said = run_pregate(arguments);
  EXPECT_EQ(said.code, 2);
  EXPECT_NE(said.err.find("\"seed\""), std::string::npos) << said.err;
  EXPECT_EQ(read_file(folder.file("model/model.safetensors")), weights);
}

TEST(TrainCommand, AFinishedRunMayAimFurtherAndWritesThatDown) {
  const Folder folder;
  ASSERT_EQ(run_pregate(training(folder, "model", 3)).code, 0);
  ASSERT_EQ(run_pregate(training(folder, "model", 5)).code, 0);
  const auto recipe = nlohmann::json::parse(read_file(folder.file("model/training/recipe.json")));
  EXPECT_EQ(recipe["schedule"],
            nlohmann::json::parse(R"([{"from_step":0,"steps":3},{"from_step":3,"steps":5}])"));
  const auto back = run_pregate(training(folder, "model", 4));
  EXPECT_EQ(back.code, 2);
  EXPECT_NE(back.err.find("5 steps that this run has done"), std::string::npos) << back.err;
}

TEST(TrainCommand, BadInputIsOneClearError) {
  const Folder folder;
  struct Case {
    std::vector<std::string> more;
    const char* says;
  };
  const std::vector<Case> cases = {
      {{"--set", "n_group=2", "--set", "topk_group=1"}, "groups of experts cannot be trained"},
      {{"--set", "tie_word_embeddings=true"}, "a head of its own"},
      {{"--set", "hidden_size=many"}, "hidden_size"},
      {{"--set", "=3"}, "key=value"},
      {{"--set", "vocab_size=100"}, "257"},
      {{"--set", "scoring_func=relu"}, "scoring_func"},
      {{"--batch", "0"}, "--batch"},
      {{"--no-such-option"}, "--no-such-option"},
  };
  for (const Case& one : cases) {
    auto arguments = training(folder, "model", 3);
    arguments.insert(arguments.end(), one.more.begin(), one.more.end());
    const auto said = run_pregate(arguments);
    EXPECT_EQ(said.code, 2) << one.says << ": " << said.err;
    EXPECT_NE(said.err.find(one.says), std::string::npos) << said.err;
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
  }
}

}  // namespace
}  // namespace pregate
