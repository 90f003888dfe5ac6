// SPDX-License-Identifier: Apache-2.0
// The verbs that run a model, as a user calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::read_file;
using test::run_pregate;
using test::Said;
using test::write_file;
using testing::HasSubstr;

constexpr const char* kTinyModel = R"(name: "tiny"
hidden_size: 32
num_hidden_layers: 5
num_attention_heads: 4
num_key_value_heads: 2
intermediate_size: 48
moe_intermediate_size: 24
n_routed_experts: 8
num_experts_per_tok: 2
n_shared_experts: 1
first_k_dense_replace: 1
experts_shared_frequency: 2
vocab_size: 260
max_position_embeddings: 64
scoring_func: "sigmoid"
pre_gate: true
)";

class ForwardCommand : public testing::Test {
 protected:
  Said run(std::vector<std::string> arguments) const {
    const std::vector<std::string> model = {"--model",     model_, "--random-weights", "1",
                                            "--precision", "f32",  "--threads",        "1"};
    arguments.insert(arguments.end(), model.begin(), model.end());
    return run_pregate(arguments);
  }
  void expect_refused(const std::vector<std::string>& arguments,
                      const std::vector<std::string>& parts) const {
    const Said said = run(arguments);
    SCOPED_TRACE(testing::PrintToString(arguments));
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
    for (const std::string& part : parts) EXPECT_THAT(said.err, HasSubstr(part));
  }

  Folder folder_;
  std::string model_ = write_file(folder_.file("tiny.model.textproto"), kTinyModel);
};

TEST_F(ForwardCommand, ALiveRun_AndTheReplayOfItsRecord_TakeTheSameTime) {
  const std::string route = folder_.file("live.route");
  const Said live = run({"run", "--prompt", "a bridge", "--tokens", "9", "--record", route, "--json", "--set",
                         "dram.expert_budget=30KiB"});
  ASSERT_EQ(live.code, 0) << live.err;
  const json first = json::parse(live.out);
  EXPECT_EQ(first["forward"]["prompt_tokens"], 8);
  EXPECT_EQ(first["forward"]["generated_tokens"], 9);
  EXPECT_GT(first["prefetch"]["issued"], 0) << "a pre-gated model is run with pre-gating";
  const Said replay = run_pregate({"run", "--trace", route, "--json", "--set", "dram.expert_budget=30KiB",
                                   "--set", "policy.prefetch=pregate"});
  ASSERT_EQ(replay.code, 0) << replay.err;
  const json second = json::parse(replay.out);
  for (const char* key : {"makespan_s", "stall_s", "management_s", "bytes_read", "loads", "evictions"}) {
    EXPECT_EQ(first[key], second[key]) << key;
  }
}

TEST_F(ForwardCommand, Record_MeasuresWhatARunMayTakeAsItsComputeTimes) {
  const std::string route = folder_.file("r.route");
  const Said recorded = run({"record", "--prompt", "hello", "--tokens", "4", "--out", route, "--json"});
  ASSERT_EQ(recorded.code, 0) << recorded.err;
  EXPECT_EQ(json::parse(recorded.out)["generated_tokens"], 4);
  const Said measured = run_pregate({"run", "--trace", route, "--npu", "measured", "--json"});
  ASSERT_EQ(measured.code, 0) << measured.err;
  const Said device = run_pregate({"run", "--trace", route, "--json"});
  ASSERT_EQ(device.code, 0) << device.err;
  EXPECT_NE(json::parse(measured.out)["compute_s"], json::parse(device.out)["compute_s"]);
}

TEST_F(ForwardCommand, Forward_WritesLogitsOfEveryTokenWhicheverWayTheyAreComputed) {
  const std::string whole = folder_.file("whole.npy"), single = folder_.file("single.npy");
  const Said together = run({"forward", "--tokens", "5,6,7,8,9,10", "--logits", whole, "--json"});
  ASSERT_EQ(together.code, 0) << together.err;
  const Said alone =
      run({"forward", "--tokens", "5,6,7,8,9,10", "--logits", single, "--one-by-one", "--json"});
  ASSERT_EQ(alone.code, 0) << alone.err;
  const std::string bytes = read_file(whole);
  EXPECT_THAT(bytes.substr(0, 128), HasSubstr("'descr': '<f4', 'fortran_order': False, 'shape': (6, 260)"));
  EXPECT_EQ(bytes.size() % 64, (6U * 260 * 4) % 64);
  EXPECT_EQ(bytes.size(), read_file(single).size());
  EXPECT_EQ(json::parse(together.out)["best"][0]["token"], json::parse(alone.out)["best"][0]["token"]);
}

TEST_F(ForwardCommand, Eval_ScoresEveryTokenButTheFirstInAnyWindows) {
  const std::string text = write_file(folder_.file("text.txt"), std::string(200, 'x') + "end");
  for (const char* window : {"1", "16", "64"}) {
    const Said said = run({"eval", "--text", text, "--window", window, "--json"});
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(json::parse(said.out)["tokens"], 202) << window;
    EXPECT_GT(json::parse(said.out)["perplexity"], 1);
  }
  const Said overlapping = run({"eval", "--text", text, "--window", "16", "--stride", "4", "--json"});
  ASSERT_EQ(overlapping.code, 0) << overlapping.err;
  EXPECT_EQ(json::parse(overlapping.out)["tokens"], 202);
}

TEST_F(ForwardCommand, Bench_SaysBothSharesOfItsLimits) {
  const Said said = run({"bench", "--prompt-tokens", "16", "--tokens", "2", "--repeats", "1", "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  const json out = json::parse(said.out);
  EXPECT_GT(out["decode_share"], 0);
  EXPECT_GT(out["prefill_share"], 0);
  EXPECT_GT(out["peak_memory_bytes"], 0);
}

TEST_F(ForwardCommand, BadArguments_AreOneClearErrorEach) {
  const std::string out = folder_.file("x.route");
  expect_refused({"forward", "--tokens", "1,,2"}, {"--tokens", "token ids such as 1,2,3", "\"\""});
  expect_refused({"forward", "--tokens", "1,260"}, {"--tokens", "0 to 259", "found 260"});
  expect_refused({"record", "--out", out}, {"--prompt", "at least one character"});
  expect_refused({"record", "--out", out, "--prompt", "a", "--prompt-file", "b"}, {"one prompt"});
  expect_refused({"record", "--out", out, "--prompt-file", folder_.file("none.txt")}, {"none.txt"});
  expect_refused({"record", "--out", out, "--prompt", std::string(60, 'a')},
                 {"at most 64 tokens", "context"});
  expect_refused({"run", "--prompt", "a", "--trace", out}, {"--prompt", "both"});
  expect_refused({"run", "--prompt", "a", "--prompt-file", "b"}, {"one prompt"});
  expect_refused({"run", "--prompt", "a", "--tokens", "0"}, {"--tokens", "workload.forward.tokens"});
  expect_refused({"run", "--prompt", "a", "--temperature", "nan"}, {"--temperature"});
  expect_refused({"run", "--prompt", "a", "--npu", "fast"}, {"--npu", "device or measured"});
  expect_refused({"run", "--prompt", "a", "--set", "workload.phase=decode"}, {"workload"});
  expect_refused({"eval", "--text", folder_.file("none.txt")}, {"none.txt"});
  expect_refused({"bench", "--prompt-tokens", "64", "--tokens", "1"}, {"64", "65"});
  EXPECT_FALSE(std::filesystem::exists(out)) << "nothing is left behind";
}

// A model that the tiny one can be dressed as: more groups, twice the experts.
constexpr const char* kLargeModel = R"(name: "large"
hidden_size: 64
num_hidden_layers: 12
num_attention_heads: 4
num_key_value_heads: 2
intermediate_size: 96
moe_intermediate_size: 80
n_routed_experts: 16
num_experts_per_tok: 3
n_shared_experts: 1
first_k_dense_replace: 2
experts_shared_frequency: 2
vocab_size: 500
pre_gate: true
)";

TEST_F(ForwardCommand, ADressedLiveRun_AndTheReplayOfItsRecordInTheSameShape_TakeTheSameTime) {
  const std::string large = write_file(folder_.file("large.model.textproto"), kLargeModel);
  const std::string route = folder_.file("live.route");
  const Said live = run({"run", "--prompt", "a bridge", "--tokens", "9", "--record", route, "--json",
                         "--shape-as", large, "--set", "dram.expert_budget=300KiB"});
  ASSERT_EQ(live.code, 0) << live.err;
  const json first = json::parse(live.out);
  EXPECT_EQ(first["model"], "large");
  EXPECT_EQ(first["origin"], "live");
  EXPECT_EQ(first["dressed"]["routing_model"], "tiny");
  EXPECT_EQ(first["dressed"]["moe_layers"], 10);
  EXPECT_EQ(first["dressed"]["routing_layers_taken"], 4);
  EXPECT_EQ(first["dressed"]["permutation_seed"], 1);
  EXPECT_FALSE(first["baseline"].is_null()) << "what pre-gating changes is said of a dressed run too";
  EXPECT_THAT(first["dressed"]["text"].get<std::string>(),
              HasSubstr("4 MoE layers of tiny stand for 10 of large, repeated 2.5 times"));
  const Said replay = run_pregate({"run", "--trace", route, "--json", "--shape-as", large, "--set",
                                   "dram.expert_budget=300KiB", "--set", "policy.prefetch=pregate"});
  ASSERT_EQ(replay.code, 0) << replay.err;
  const json second = json::parse(replay.out);
  EXPECT_EQ(second["dressed"], first["dressed"]);
  for (const char* key : {"makespan_ps", "bins_ps", "bytes_read", "loads", "evictions", "outcomes"}) {
    EXPECT_EQ(first[key], second[key]) << key;
  }
  const Said plain = run_pregate({"run", "--trace", route, "--json"});
  ASSERT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(json::parse(plain.out)["model"], "tiny") << "the record is the small model's own";
  EXPECT_TRUE(json::parse(plain.out)["dressed"].is_null());
}

TEST_F(ForwardCommand, WhatADressedRunCannotDo_IsRefused) {
  const std::string large = write_file(folder_.file("large.model.textproto"), kLargeModel);
  expect_refused({"run", "--prompt", "a", "--shape-as", large, "--npu", "measured"},
                 {"runtime.npu", "measured beside model.shape_as"});
  expect_refused({"run", "--prompt", "a", "--shape-as", large, "--prefer-resident", "1"},
                 {"workload.forward.prefer_resident", "model.shape_as"});
  expect_refused({"run", "--prompt", "a", "--shape-as", "nothing"}, {"--shape-as", "\"nothing\""});
  expect_refused({"run", "--prompt", "a", "--shape-as", "mixtral-8x7b", "--set",
                  "model.shape_as_shape.num_experts_per_tok=3"},
                 {"model.shape_as", "at most top-2", "top-3"});
}

TEST_F(ForwardCommand, WhatHasNoWeights_IsSaidWithTheWayOut) {
  const Said preset = run_pregate({"forward", "--model", "megrez2-3x7b-a3b", "--tokens", "1"});
  EXPECT_EQ(preset.code, 2);
  EXPECT_THAT(preset.err, HasSubstr("--random-weights SEED"));
  const Said latent =
      run_pregate({"forward", "--model", "deepseek-v3", "--random-weights", "1", "--tokens", "1"});
  EXPECT_EQ(latent.code, 2);
  EXPECT_THAT(latent.err, HasSubstr("latent attention"));
  const Said folder = run_pregate({"forward", "--model", folder_.file("."), "--tokens", "1"});
  EXPECT_EQ(folder.code, 2);
  EXPECT_THAT(folder.err, HasSubstr("config.json"));
}

}  // namespace
}  // namespace pregate
