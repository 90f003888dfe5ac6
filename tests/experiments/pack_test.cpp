// SPDX-License-Identifier: Apache-2.0
// `pregate pack` as a user calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/experiments/on_terminal.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::read_file;
using test::run_pregate;
using test::Said;
using test::write_file;
using testing::HasSubstr;

// 8 experts of one bank, or 384 of six that take seconds to pack.
std::string model_text(int width, int layers, int experts) {
  std::string text =
      "name: \"tiny\"\nnum_attention_heads: 4\nnum_key_value_heads: 2\nnum_experts_per_tok: 2\n";
  const std::string size = std::to_string(width);
  text += "hidden_size: " + size + "\nmoe_intermediate_size: " + size + "\nvocab_size: 260\n";
  text += "num_hidden_layers: " + std::to_string(layers) + "\n";
  return text + "n_routed_experts: " + std::to_string(experts) + "\nmax_position_embeddings: 64\n";
}

class PackCommand : public testing::Test {
 protected:
  Said pack(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"pack", "--model", model_, "--random-weights", "1", "--precision",
                                          "f32",  "--out",   out_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_pregate(arguments);
  }
  static void expect_refused(const Said& said, const std::string& part) {
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
    EXPECT_THAT(said.err, HasSubstr(part));
  }

  Folder folder_;
  std::string model_ = write_file(folder_.file("tiny.model.textproto"), model_text(64, 1, 8));
  std::string out_ = folder_.file("tiny.experts");
};

TEST_F(PackCommand, SaysWhatItWrote_AndCheckSaysTheSameOfTheFile) {
  const Said packed = pack({"--json"});
  ASSERT_EQ(packed.code, 0) << packed.err;
  json facts = json::parse(packed.out);
  EXPECT_EQ(facts["file"], out_);
  EXPECT_EQ(facts["model"], "tiny");
  EXPECT_EQ(facts["weights"], "random, seed 1");
  EXPECT_THAT(facts["layout"].get<std::string>(), testing::StartsWith("f32 "));
  EXPECT_EQ(facts["banks"], 1);
  EXPECT_EQ(facts["experts"], 8);
  EXPECT_EQ(facts["dense_layers"], 0);
  EXPECT_EQ(facts["group"], 1);
  EXPECT_EQ(facts["expert_bytes"], 3 * 64 * 64 * 4);
  EXPECT_EQ(facts["stride_bytes"], 3 * 64 * 64 * 4);
  EXPECT_EQ(facts["file_bytes"], std::filesystem::file_size(out_));
  EXPECT_EQ(facts["checked"], false);
  const Said checked = run_pregate({"pack", "--check", out_, "--json"});
  ASSERT_EQ(checked.code, 0) << checked.err;
  facts["checked"] = true;
  EXPECT_EQ(json::parse(checked.out), facts);
  EXPECT_THAT(run_pregate({"pack", "--check", out_}).out, HasSubstr("1 bank of 8, 48 KiB each"));
}

TEST_F(PackCommand, CheckFindsAChangedByte) {
  ASSERT_EQ(pack().code, 0);
  std::string bytes = read_file(out_);
  bytes[bytes.size() - 100] = static_cast<char>(bytes[bytes.size() - 100] ^ 1);
  write_file(out_, bytes);
  expect_refused(run_pregate({"pack", "--check", out_}), out_ + ": bank 0, expert 7: expected a block");
}

TEST_F(PackCommand, WhatIsMissingOrDoubled_IsUsage) {
  expect_refused(run_pregate({"pack", "--model", model_}), "--out is required");
  expect_refused(run_pregate({"pack", "--out", out_}), "--model is required");
  expect_refused(run_pregate({"pack", "--check", out_, "--out", out_}), "--out excludes --check");
  expect_refused(run_pregate({"pack", "--model", model_, "--out", out_}), "--random-weights SEED");
  expect_refused(
      run_pregate({"pack", "--model", model_, "--random-weights", "1", "--precision", "f16", "--out", out_}),
      "f32, bf16 or int8");
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(PackCommand, AFileOfTheCheckpoint_IsNotWrittenOver) {
  const std::string nano = PREGATE_SOURCE_DIR "/models/megrez2-nano", copy = folder_.file("model");
  std::filesystem::create_directory(copy);
  for (const char* name : {"/config.json", "/model.safetensors"})
    std::filesystem::copy_file(nano + name, copy + name);
  expect_refused(
      run_pregate({"pack", "--model", copy, "--precision", "f32", "--out", copy + "/model.safetensors"}),
      "another file than the checkpoint's own");
}

TEST_F(PackCommand, AFullDisk_IsOneLine_AndLeavesNothing) {
  const Said said =
      run_pregate({"pack", "--model", model_, "--random-weights", "1", "--precision", "f32", "--out", out_},
                  {.stdout_path = {}, .file_limit = 20'000, .folder = {}, .program = {}});
  EXPECT_EQ(said.code, 1) << said.err;
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
  EXPECT_THAT(said.err, HasSubstr("room on disk for"));
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(PackCommand, CtrlC_EndsWithOne_AndLeavesNothing) {
  if (std::filesystem::space(folder_.file(".")).available < std::uintmax_t{2} << 30)
    GTEST_SKIP() << "not enough room for a file that takes seconds";
  write_file(model_, model_text(512, 6, 64));
  ::setenv("PREGATE_PROGRESS", "lines", 1);  // from the first expert on
  const test::Terminal terminal = test::on_terminal({"pack", "--model", model_, "--random-weights", "1",
                                                     "--precision", "f32", "--threads", "1", "--out", out_},
                                                    "packing experts");
  EXPECT_EQ(terminal.code, 1);
  EXPECT_THAT(terminal.said, HasSubstr("tiny.experts: expected to pack 384 experts, found an interruption"));
  EXPECT_EQ(folder_.count(), 1U);
}

}  // namespace
}  // namespace pregate
