// SPDX-License-Identifier: Apache-2.0
// `pregate stream` as a user calls it: the text of the model in memory, a run that can be compared with its
// simulation, and what is said of bad input.
#include <nlohmann/json.hpp>

#include "tests/experiments/packed_nano.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using Json = nlohmann::json;
using test::read_file;
using test::run_pregate;
using test::Said;
using test::write_file;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class StreamCommand : public test::PackedNano {
 protected:
  [[nodiscard]] Said stream(const Words& more = {}) const { return say("stream", more); }
};

TEST_F(StreamCommand, SaysTheTextOfTheModelInMemory) {
  const Said recorded = run_pregate({"record", "--model", "megrez2-nano", "--precision", "int8", "--prompt",
                                     "Once", "--tokens", "6", "--out", folder_.file("own.route"), "--json"});
  ASSERT_EQ(recorded.code, 0) << recorded.err;
  const std::string text = Json::parse(recorded.out)["text"];
  ASSERT_NE(text, "");
  for (const char* prefetch : {"none", "pregate"}) {
    const Said streamed = stream({"--set", std::string("policy.prefetch=") + prefetch});
    ASSERT_EQ(streamed.code, 0) << streamed.err;
    EXPECT_THAT(streamed.out, StartsWith(text + "\n\n6 tokens, generated on this machine with "));
    EXPECT_THAT(streamed.out, HasSubstr(" tokens/s (measured, live routing)"));
    EXPECT_THAT(streamed.out, Not(HasSubstr("tokens/s (simulated")));
  }
}

TEST_F(StreamCommand, WritesARunThatIsMeasured_AndComparedWithItsSimulation) {
  const std::string run = folder_.file("F.run"), route = folder_.file("F.route");
  const Said streamed = stream({"--out", run, "--record", route, "--json"});
  ASSERT_EQ(streamed.code, 0) << streamed.err;
  const Json facts = Json::parse(streamed.out);
  EXPECT_EQ(facts["lookups"], 542);
  const Result<RunRecord> record = read_run(run);
  ASSERT_TRUE(record.ok()) << record.error().message();
  EXPECT_TRUE(record->header.measured);
  EXPECT_EQ(record->summary.all.loads, facts["loads"].get<std::int64_t>());

  const std::string simulated = folder_.file("S.run");
  const Said replayed =
      run_pregate({"run", "--trace", route, "--device", device_, "--set", "runtime.room=request", "--set",
                   "dram.expert_budget=" + std::to_string(64 * 57344) + "B", "--json", "--out", simulated});
  ASSERT_EQ(replayed.code, 0) << replayed.err;
  const Json prediction = Json::parse(replayed.out);
  for (const char* count : {"tokens", "lookups", "loads", "reloads", "evictions", "bytes_read"})
    EXPECT_EQ(prediction[count], facts[count]) << count;
  const Said compared = run_pregate({"compare", run, simulated});
  EXPECT_EQ(compared.code, 0) << compared.err;
  EXPECT_THAT(compared.out, HasSubstr("measured beside simulated"));
}

TEST_F(StreamCommand, RandomWeightsWithSyntheticChoicesStreamToo) {
  const std::string tiny = write_file(folder_.file("tiny.model.textproto"),
                                      "name: \"tiny\"\nnum_attention_heads: 4\nnum_key_value_heads: 2\n"
                                      "num_experts_per_tok: 2\nhidden_size: 64\nmoe_intermediate_size: 64\n"
                                      "vocab_size: 260\nnum_hidden_layers: 3\nn_routed_experts: 8\n"
                                      "max_position_embeddings: 64\n");
  const std::string experts = folder_.file("tiny.experts"), route = folder_.file("tiny.route");
  const Words model = {"--model", tiny, "--random-weights", "1", "--precision", "f32"};
  const auto run = [&model](const std::string& verb, const Words& more) {
    Words all = {verb};
    all.insert(all.end(), model.begin(), model.end());
    all.insert(all.end(), more.begin(), more.end());
    return run_pregate(all);
  };
  ASSERT_EQ(run("pack", {"--out", experts}).code, 0);
  const Said streamed = run("stream", {"--experts", experts, "--choices", "synthetic", "--tokens", "6",
                                       "--budget", "50%", "--device", device_, "--record", route, "--json"});
  ASSERT_EQ(streamed.code, 0) << streamed.err;
  EXPECT_EQ(Json::parse(streamed.out)["tokens"], 5) << "decoded";
  EXPECT_EQ(Json::parse(streamed.out)["lookups"], 6 * 3 * 2);
  // Its choices are of another shape than the shipped model's.
  expect_refused(stream({"--choices", route}), "--choices: ", "the 13 layers of megrez2-nano");
  expect_refused(run("stream", {"--experts", experts, "--device", device_}), "--prompt: ", "or --choices");
  expect_refused(stream({"--experts", experts}), experts + ": model: ", "pregate pack --model megrez2-nano");
}

TEST_F(StreamCommand, AFileOfExpertsThatIsNotTheModels_IsNamed) {
  expect_refused(run_pregate({"stream", "--model", "megrez2-nano", "--prompt", "Once"}),
                 "--experts: ", "a file of experts that `pregate pack` wrote, found none");
  const std::string missing = folder_.file("missing.experts");
  expect_refused(stream({"--experts", missing}), missing + ": ", "no such file");
  expect_refused(stream({"--precision", "bf16"}), experts_ + ": layout: ", "--precision bf16 --out FILE");
  const std::string cut = write_file(folder_.file("cut.experts"), read_file(experts_).substr(0, 3'000'000));
  expect_refused(stream({"--experts", cut}), cut + ": ", "found 3000000 bytes");
}

TEST_F(StreamCommand, BadOptionsAreNamed) {
  expect_refused(stream({"--budget", "0%"}), "--budget: ", "found \"0%\"");
  expect_refused(stream({"--budget", "101%"}), "--budget: ", "found \"101%\"");
  expect_refused(stream({"--budget", "1%"}), "--budget: ", "experts of an event, found 112 KiB");
  expect_refused(stream({"--set", "dram.expert_budget=100KiB"}), "--set: ", "found 100 KiB");
  expect_refused(stream({"--set", "runtime.room=start"}), "--set: runtime.room: ", "expected request");
  expect_refused(stream({"--set", "runtime.io_lanes=0"}), "--set: runtime.io_lanes: ", "found 0");
  expect_refused(stream({"--device", folder_.file("none.device.textproto")}),
                 folder_.file("none.device.textproto") + ": ", "No such file");
  expect_refused(stream({"--device", "nokia-3310"}), "--device: ", "nokia-3310");
}

TEST_F(StreamCommand, AChangedByte_IsToldWithItsBankAndExpert_AndNoTextIsSaid) {
  std::string bytes = read_file(experts_);
  // A byte of each block, whichever is read first.
  for (std::size_t at = 8192 + 100; at < bytes.size(); at += 57344)
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  write_file(experts_, bytes);
  const std::string run = folder_.file("F.run");
  const Said said = stream({"--out", run});
  expect_refused(said, experts_ + ": ", "changed since it was packed", 1);
  EXPECT_THAT(said.err, AllOf(HasSubstr("bank 0, expert "), HasSubstr("step 0, layer 1")));
  EXPECT_FALSE(std::filesystem::exists(run));
}

TEST_F(StreamCommand, CtrlC_EndsWithOne_AndLeavesNothing) {
  ::setenv("PREGATE_PROGRESS", "lines", 1);
  const test::Terminal terminal = test::on_terminal(
      words("stream",
            {"--tokens", "500", "--budget", "10%", "--threads", "1", "--out", folder_.file("F.run")}),
      "generating: token");
  EXPECT_EQ(terminal.code, 1) << terminal.said;
  EXPECT_THAT(terminal.said, HasSubstr("pregate: expected a run to its end, found stopped after "));
  EXPECT_THAT(terminal.said, Not(HasSubstr("generated on this machine")));
  EXPECT_EQ(folder_.count(), 1U);
}

}  // namespace
}  // namespace pregate
