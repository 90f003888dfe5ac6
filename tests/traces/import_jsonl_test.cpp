// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/traces/trace_fixtures.hpp"
#include "traces/import.hpp"

namespace pregate {
namespace {

using fixtures::expect_message;
using testing::ElementsAre;

constexpr std::string_view kHeader =
    R"({"model":"tiny","layers":2,"experts":8,"top_k":2,"expert_bytes":900,"dense_bytes":1800})"
    "\n";
// Two prompt tokens (one in the last layer), two decoded ones.
std::vector<std::string> good_lines() {
  return {
      R"({"step":0,"phase":"prefill","token":0,"layer":0,"experts":[3,4],"weights":[0.6,0.4]})",  // line 2
      R"({"step":0,"phase":"prefill","token":1,"layer":0,"experts":[4,5],"weights":[0.7,0.3]})",
      R"({"step":0,"phase":"prefill","token":1,"layer":1,"experts":[7,0],"weights":[0.9,0.1]})",
      R"({"step":1,"phase":"decode","token":0,"layer":0,"experts":[3,1],"weights":[1,0]})",  // line 5
      R"({"step":1,"phase":"decode","token":0,"layer":1,"experts":[2],"weights":[0.5]})",
      R"({"step":2,"phase":"decode","token":0,"layer":0,"experts":[3,1],"weights":[0.5,0.5]})",
      R"({"step":2,"phase":"decode","token":0,"layer":1,"experts":[2,6],"weights":[0.5,0.5]})"};
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text(kHeader);
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

Result<RouteTrace> import_text(const std::string& text, const ImportOptions& options = {}) {
  std::istringstream in(text);
  return import_jsonl(in, "t.jsonl", options);
}

TEST(ImportJsonl, ObjectsOfAStep_AreOneStep) {
  const auto trace = import_text(text_of(good_lines()));
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  ASSERT_EQ(trace->steps.size(), 3U);
  EXPECT_EQ(trace->steps[0].phase, Phase::prefill);
  EXPECT_EQ(trace->steps[0].tokens, 2);
  EXPECT_THAT(trace->steps[0].layer_tokens, ElementsAre(2, 1));
  EXPECT_THAT(trace->steps[0].layer_experts(0), ElementsAre(3, 4, 4, 5));
  EXPECT_THAT(trace->steps[1].layer_weights(0), ElementsAre(1.0F, 0.0F));
  EXPECT_THAT(trace->steps[1].layer_experts(1), ElementsAre(2)) << "Fewer than top-k may be chosen.";
  EXPECT_EQ(trace->steps[1].position, 2);
  EXPECT_EQ(trace->steps[2].position, 3);
  EXPECT_EQ(trace->header.model.name, "tiny");
  EXPECT_EQ(trace->header.model.banks.at(1).expert_bytes, Bytes(900));
}

TEST(ImportJsonl, StepsAndTokensByPosition_GiveTheSameTrace) {
  std::vector<std::string> lines = good_lines();
  for (std::size_t i = 3; i < lines.size(); ++i) {
    const std::string position = i < 5 ? "2" : "3";
    lines[i].replace(lines[i].find(':') + 1, 1, position);
    lines[i].replace(lines[i].find("\"token\":0") + 8, 1, position);
  }
  const auto trace = import_text(text_of(lines));
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  fixtures::expect_same(*import_text(text_of(good_lines())), *trace);
}

TEST(ImportJsonl, BytesByLayer_MayMakeALayerDense) {
  const std::string text =
      "{\"model\":\"tiny\",\"layers\":2,\"experts\":8,\"top_k\":2,\"expert_bytes\":[0,900],\"dense_bytes\":["
      "10,20]}\n"
      "{\"step\":7,\"phase\":\"decode\",\"layer\":1,\"experts\":[1,2]}\n";
  const auto trace = import_text(text);
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  EXPECT_FALSE(trace->header.model.layers[0].is_moe());
  EXPECT_EQ(trace->header.model.layers[1].attention_bytes, Bytes(20));
  EXPECT_EQ(trace->steps[0].position, 7);
  EXPECT_TRUE(trace->steps[0].weights.empty());
}

TEST(ImportJsonl, WithoutAShapeLine_TheShapeIsTheGivenModels) {
  ImportOptions options{.model = fixtures::small_model(), .provenance = "mine"};
  std::string text;
  for (int layer = 1; layer < 5; ++layer) {
    text += R"({"step":0,"phase":"decode","layer":)" + std::to_string(layer);
    text += R"(,"experts":[1,2,3],"note":{"a":[1]}})";
    text += '\n';
  }
  const auto trace = import_text(text, options);
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  fixtures::expect_same(trace->header.model, *options.model);
  EXPECT_EQ(trace->header.provenance, "mine");
}

TEST(ImportJsonl, OneUnknownWeight_LeavesAllWeightsOut) {
  auto lines = good_lines();
  lines[4] = R"({"step":1,"phase":"decode","layer":1,"experts":[2],"weights":[null]})";
  const auto trace = import_text(text_of(lines));
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  for (const RouteStep& step : trace->steps) EXPECT_TRUE(step.weights.empty());
}

TEST(ImportJsonl, ABadShapeLine_IsNamed) {
  const struct {
    const char* name;
    std::string header;
    std::vector<std::string> parts;
  } table[] = {
      {"empty", "", {"line 1", "expected JSON Lines", "an empty file"}},
      {"no shape and no model",
       good_lines()[0],
       {"line 1", "expected a model, or a first line", "found neither"}},
      {"no model name",
       R"({"layers":2,"experts":8,"top_k":2,"expert_bytes":1,"dense_bytes":1})",
       {"line 1", "model: a text", "found none"}},
      {"no layers",
       R"({"model":"x","layers":0,"experts":8,"top_k":2,"expert_bytes":1,"dense_bytes":1})",
       {"line 1", "at least one layer"}},
      {"too many layers",
       R"({"model":"x","layers":1e9,"experts":8,"top_k":2,"expert_bytes":1,"dense_bytes":1})",
       {"line 1", "layers: an integer from 0 to 4096", "a fraction"}},
      {"top-k above the experts",
       R"({"model":"x","layers":2,"experts":8,"top_k":9,"expert_bytes":1,"dense_bytes":1})",
       {"line 1", "top_k: an integer from 0 to 8", "found 9"}},
      {"top-k of zero",
       R"({"model":"x","layers":2,"experts":8,"top_k":0,"expert_bytes":1,"dense_bytes":1})",
       {"line 1", "top-k", "found 0"}},
      {"bytes of too few layers",
       R"({"model":"x","layers":2,"experts":8,"top_k":2,"expert_bytes":[1],"dense_bytes":1})",
       {"line 1", "expert_bytes: a number for each of 2 layers", "found 1"}},
      {"negative bytes",
       R"({"model":"x","layers":1,"experts":8,"top_k":2,"expert_bytes":[-1],"dense_bytes":1})",
       {"line 1", "expert_bytes: numbers of at least 0", "found -1"}},
      {"beyond 63 bits",
       R"({"model":"x","layers":1,"experts":8,"top_k":2,"expert_bytes":9223372036854775808,"dense_bytes":1})",
       {"line 1", "numbers below 2^63", "9223372036854775808"}},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    const auto trace = import_text(row.header);
    ASSERT_FALSE(trace.ok());
    expect_message(trace.error(), row.parts);
    EXPECT_EQ(trace.error().file, "t.jsonl");
  }
}

TEST(ImportJsonl, ABadLine_IsNamed) {
  const std::string deep = std::string(30, '[') + std::string(30, ']');
  std::string keys = "{";
  for (int i = 0; i < 100; ++i) keys += "\"k" + std::to_string(i) + "\":0,";
  const struct {
    const char* name;
    std::size_t index;  // of the line that is replaced
    std::string line;
    std::vector<std::string> parts;
  } table[] = {
      {"not JSON", 3, "{\"step\":1,", {"line 5", "expected a JSON object", "an error at column"}},
      {"text behind", 3, good_lines()[3] + "x", {"line 5", "expected a JSON object", "an error at column"}},
      {"an empty line", 3, "", {"line 5", "expected a JSON object"}},
      {"an array", 3, "[1,2]", {"line 5", "expected an object", "an array"}},
      {"a number", 3, "17", {"line 5", "expected an object", "an integer"}},
      {"too deep", 3, R"({"step":1,"x":)" + deep + "}", {"line 5", "at most 8 levels"}},
      {"too many keys", 3, keys + "\"step\":1}", {"line 5", "at most 64 keys"}},
      {"a key twice", 3, R"({"step":1,"step":2})", {"line 5", "expected each key once", "\"step\" twice"}},
      {"no step",
       3,
       R"({"phase":"decode","layer":0,"experts":[1,2]})",
       {"line 5", "step: an integer", "found none"}},
      {"a negative step",
       3,
       R"({"step":-1,"phase":"decode","layer":0,"experts":[1,2]})",
       {"line 5", "step: an integer", "found -1"}},
      {"a step that is text",
       3,
       R"({"step":"1","phase":"decode","layer":0,"experts":[1,2]})",
       {"line 5", "step: an integer", "a text"}},
      {"no phase", 3, R"({"step":1,"layer":0,"experts":[1,2]})", {"line 5", "phase: a text", "found none"}},
      {"another phase",
       3,
       R"({"step":1,"phase":"warmup","layer":0,"experts":[1,2]})",
       {"line 5", R"("prefill" or "decode")", "\"warmup\""}},
      {"two phases in a step",
       1,
       R"({"step":0,"phase":"decode","layer":0,"experts":[1,2]})",
       {"line 3", "expected one phase for step 0"}},
      {"layer out of range",
       3,
       R"({"step":1,"phase":"decode","layer":2,"experts":[1,2]})",
       {"line 5", "layer: an integer from 0 to 1", "found 2"}},
      {"no experts",
       3,
       R"({"step":1,"phase":"decode","layer":0})",
       {"line 5", "experts: an array of integers", "found none"}},
      {"empty experts",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[]})",
       {"line 5", "expected 1 to 2 experts", "found 0"}},
      {"too many experts",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,2,3]})",
       {"line 5", "expected 1 to 2 experts", "found 3"}},
      {"expert out of range",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,8]})",
       {"line 5", "experts from 0 to 7", "found 8"}},
      {"an expert twice",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,1]})",
       {"line 5", "distinct experts", "expert 1 again"}},
      {"fractions as experts",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,2.5]})",
       {"line 5", "an array of integers", "an array of numbers"}},
      {"nested experts",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[[1]]})",
       {"line 5", "an array of integers", "another kind"}},
      {"too few weights",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,2],"weights":[1]})",
       {"line 5", "weights: one for each of 2", "found 1"}},
      {"a negative weight",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,2],"weights":[1,-1]})",
       {"line 5", "weights of at least 0", "found -1"}},
      {"a weight beyond range",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,2],"weights":[1,1e999]})",
       {"line 5", "expected"}},
      {"NaN",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,2],"weights":[1,NaN]})",
       {"line 5", "expected a JSON object", "an error at column"}},
      {"weights that are text",
       3,
       R"({"step":1,"phase":"decode","layer":0,"experts":[1,2],"weights":"x"})",
       {"line 5", "weights: an array of numbers", "a text"}},
      {"a prefill line without token",
       1,
       R"({"step":0,"phase":"prefill","layer":0,"experts":[1,2]})",
       {"line 3", "token: an integer", "found none"}},
      {"a prompt token again",
       1,
       good_lines()[0],
       {"line 3", "expected step 1 of layer 0", "found step 0 again"}},
      {"a prompt token left out",
       1,
       R"({"step":0,"phase":"prefill","token":2,"layer":0,"experts":[1,2]})",
       {"line 3", "expected step 1 of layer 0", "found step 2"}},
      {"a second token in decode",
       4,
       R"({"step":1,"phase":"decode","token":1,"layer":1,"experts":[1,2]})",
       {"line 6", "expected token 0 (within the step) or 2", "found token 1"}},
      {"a layer again", 4, good_lines()[3], {"line 6", "expected layer 1 of step 2", "found layer 0"}},
      {"a layer left out",
       4,
       good_lines()[5],
       {"line 6", "decode step 2", "expected 1 tokens in layer 1", "found 0"}},
      {"a step left out",
       5,
       R"({"step":9,"phase":"decode","layer":0,"experts":[1,2]})",
       {"line 7", "expected step 2 (counted) or 3 (by position)", "found step 9"}},
      {"steps go back",
       5,
       R"({"step":0,"phase":"decode","layer":0,"experts":[1,2]})",
       {"line 7", "expected step 2", "found step 0"}},
      {"prefill after decode",
       5,
       R"({"step":2,"phase":"prefill","token":0,"layer":0,"experts":[1,2]})",
       {"line 7", "expected decode steps"}},
      {"turns go back",
       2,
       R"({"step":0,"turn":-1,"phase":"prefill","token":1,"layer":1,"experts":[1,2]})",
       {"line 4", "turn: an integer", "found -1"}},
      {"not UTF-8",
       3,
       "{\"step\":1,\"x\":\"\xc3\x28\"}",
       {"line 5", "expected UTF-8", "byte 0xc3 at column 16"}},
      {"NUL", 3, std::string("{\"step\"\0:1}", 11), {"line 5", "a NUL byte at column 8"}},
      {"a line without end",
       3,
       R"({"x":")" + std::string(70'000, 'x') + R"("})",
       {"line 5", "a line of at most 65536 bytes"}},
      {"cut within the last step", 6, "", {"line 8", "expected a JSON object"}},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    auto lines = good_lines();
    lines[row.index] = row.line;
    const auto trace = import_text(text_of(lines));
    ASSERT_FALSE(trace.ok());
    expect_message(trace.error(), row.parts);
    EXPECT_EQ(trace.error().file, "t.jsonl");
  }
}

TEST(ImportJsonl, CutAtAnyLine_IsRefusedUnlessAStepEndsThere) {
  const auto all = good_lines();
  for (std::size_t lines = 0; lines < all.size(); ++lines) {
    const auto trace = import_text(text_of({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(lines)}));
    EXPECT_EQ(trace.ok(), lines == 3 || lines == 5) << lines;
  }
}

}  // namespace
}  // namespace pregate
