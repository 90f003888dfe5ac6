// SPDX-License-Identifier: Apache-2.0
// `pregate ablate` from text to table with the real trainer: two steps of a toy, killed again and again.
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/experiments/ablation_folder.hpp"

namespace pregate {
namespace {

using test::Folder;
using test::ToyAblation;

TEST(AblateCommand, TrainsRoutesAndSimulates_WhoeverKillsIt) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.request().devices = "oneplus-15r";
  const std::vector<std::string> arguments = toy.arguments({"--json"});
  int kills = 0, trained = 0;
  test::Said said;
  for (int patience_ms = 2000;; patience_ms += 2000) {
    said = test::run_pregate(arguments, {.killed_after = std::chrono::milliseconds(patience_ms)});
    if (said.code == 0) break;
    ASSERT_EQ(said.code, 1000 + SIGKILL) << said.err;
    ++kills;
  }
  const auto out = nlohmann::json::parse(said.out);
  trained = out["made_now"]["trainings"];
  EXPECT_TRUE(kills == 0 || trained < 7) << "what was trained before a kill is trained again";
  ASSERT_EQ(out["variants"].size(), 7U);
  for (const auto& variant : out["variants"]) {
    EXPECT_GT(variant["validation_bits_per_byte"].get<double>(), 1) << variant["variant"];
    EXPECT_GT(variant["training_wall_s"].get<double>(), 0);
    // The trainer counts what it trained, the command what the config says: norms and biases apart, the same.
    EXPECT_GT(variant["stored_parameters"].get<double>(), 0);
  }
  // Each training was begun once and reached its end: two lines after the heading.
  for (const char* name : {"n1-d1-seed1", "n3-d0-seed1", "n3-d3-seed1"}) {
    const std::string log = test::read_file(toy.out(name) + "/training/log.csv");
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3) << log;
  }
}

TEST(AblateCommand, WhatTheTrainerRefuses_IsSaidInItsWords) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.request().text = test::write_file(folder.file("short.txt"), "too short");
  const auto said = test::run_pregate(toy.arguments());
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.err.find("short.txt"), std::string::npos) << said.err;
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
}

}  // namespace
}  // namespace pregate
