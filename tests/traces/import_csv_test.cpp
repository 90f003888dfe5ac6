// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <set>

#include "tests/traces/trace_fixtures.hpp"
#include "traces/import.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

using fixtures::expect_message;
using testing::ElementsAre;

constexpr std::string_view kPreamble =
    "# route_trace v1\n"  // line 1
    "# model=/data/Tiny Model.gguf arch=tiny n_layer=2 n_expert=8 n_expert_used=2\n"
    "# layer=0 expert_bytes=900 dense_bytes=1800\n"
    "# layer=1 expert_bytes=450 dense_bytes=90\n";
constexpr std::string_view kColumns =
    "turn,phase,step,layer,slot,expert,weight,residency,expert_bytes\n";  // line 5
// Two prompt tokens (the last layer has one of them), then one decoded token.
constexpr std::string_view kRows =
    "0,0,0,0,0,3,0.6,0,900\n"  // line 6
    "0,0,0,0,1,4,0.4,0,900\n"
    "0,0,1,0,0,4,0.7,0,0\n"
    "0,0,1,0,1,5,0.3,0,900\n"
    "0,0,1,1,0,7,0.9,0,450\n"  // line 10
    "0,0,1,1,1,0,0.1,0,450\n"
    "0,1,2,0,0,3,0.5,1,0\n"
    "0,1,2,0,1,1,0.5,0,900\n"
    "0,1,2,1,0,2,0.5,0,450\n"
    "0,1,2,1,1,3,0.5,0,450\n";  // line 15

std::string text_of(std::string_view preamble, std::string_view columns, std::string_view rows) {
  return std::string(preamble) + std::string(columns) + std::string(rows);
}
std::string good_text() {
  return text_of(kPreamble, kColumns, kRows);
}

Result<RouteTrace> import_text(const std::string& text, const ImportOptions& options = {}) {
  std::istringstream in(text);
  return import_route_csv(in, "t.csv", options);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

// A model as a preset would describe it, with the layers of the text above.
ModelShape known_model() {
  ModelShape model;
  model.name = "tiny";
  model.top_k = 4;
  for (std::uint32_t i = 0; i < 2; ++i) {
    model.layers.push_back({.attention_bytes = Bytes(3000),
                            .attention_macs = Macs(11),
                            .feed_forward_bytes = Bytes(1000),
                            .feed_forward_macs = Macs(12),
                            .bank = BankId(i)});
    model.banks.push_back({.experts = 8, .expert_bytes = Bytes(77), .expert_macs = Macs(13)});
  }
  model.kv_bytes = Bytes(14);
  model.kv_macs = Macs(15);
  model.head_bytes = Bytes(16);
  model.head_macs = Macs(17);
  model.costs_from = "a preset";
  return model;
}

TEST(ImportCsv, PromptTokensOfATurn_BecomeOneStepTokenMajor) {
  const auto trace = import_text(good_text());
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  ASSERT_EQ(trace->steps.size(), 2U);
  const RouteStep& prefill = trace->steps[0];
  EXPECT_EQ(prefill.phase, Phase::prefill);
  EXPECT_EQ(prefill.tokens, 2);
  EXPECT_THAT(prefill.layer_tokens, ElementsAre(2, 1));
  EXPECT_THAT(prefill.layer_experts(0), ElementsAre(3, 4, 4, 5));
  EXPECT_THAT(prefill.layer_experts(1), ElementsAre(7, 0));
  EXPECT_THAT(prefill.layer_weights(1), ElementsAre(0.9F, 0.1F));
  const RouteStep& decode = trace->steps[1];
  EXPECT_EQ(decode.phase, Phase::decode);
  EXPECT_EQ(decode.position, 2);
  EXPECT_THAT(decode.layer_experts(1), ElementsAre(2, 3));
}

TEST(ImportCsv, WithoutAModel_BytesAreTheTracesAndMacsAreEstimated) {
  const auto trace = import_text(good_text());
  ASSERT_TRUE(trace.ok());
  const ModelShape& model = trace->header.model;
  EXPECT_EQ(model.name, "Tiny Model");
  EXPECT_EQ(model.top_k, 2);
  ASSERT_EQ(model.banks.size(), 2U);
  EXPECT_EQ(model.layers[1].bank, BankId(1));
  EXPECT_EQ(model.banks[0].expert_bytes, Bytes(900));
  EXPECT_EQ(model.banks[0].expert_macs, Macs(1600)) << "900 bytes x 8 / 4.5 bits";
  EXPECT_EQ(model.layers[0].attention_bytes, Bytes(1800));
  EXPECT_THAT(model.costs_from, testing::HasSubstr("estimated"));
  EXPECT_THAT(trace->header.provenance, testing::HasSubstr("Tiny Model"));
}

TEST(ImportCsv, WithAModel_CostsComeFromItAndBytesStayTheTraces) {
  const auto trace = import_text(good_text(), {.model = known_model(), .provenance = "mine"});
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  const ModelShape& model = trace->header.model;
  EXPECT_EQ(model.top_k, 2) << "What the trace used, not the preset's.";
  EXPECT_EQ(model.banks[0].expert_bytes, Bytes(900));
  EXPECT_EQ(model.banks[0].expert_macs, Macs(13));
  EXPECT_EQ(model.layers[0].attention_bytes, Bytes(1350)) << "Three quarters of the trace's 1800.";
  EXPECT_EQ(model.layers[0].feed_forward_bytes, Bytes(450));
  EXPECT_EQ(model.layers[0].feed_forward_macs, Macs(12));
  EXPECT_EQ(model.kv_bytes, Bytes(14));
  EXPECT_EQ(model.head_macs, Macs(17));
  EXPECT_THAT(model.costs_from, testing::HasSubstr("tiny (a preset)"));
  EXPECT_EQ(trace->header.provenance, "mine");
}

TEST(ImportCsv, AModelThatDoesNotMatch_IsRefused) {
  ModelShape layers = known_model();
  layers.layers.pop_back();
  ModelShape experts = known_model();
  experts.banks[1].experts = 9;
  ModelShape dense = known_model();
  dense.layers[0].bank = BankId();
  ModelShape shared = known_model();
  shared.layers[1].bank = BankId(0);
  shared.banks.pop_back();
  const std::vector<std::pair<ModelShape, std::vector<std::string>>> table = {
      {layers, {"expected 2 layers, as in the trace", "found 1"}},
      {experts, {"layer 1", "expected 8 experts, as in the trace", "found 9"}},
      {dense, {"layer 0", "expected an MoE layer, as in the trace", "found a dense layer"}},
      {shared, {"expected 2 banks of experts", "found 1"}},
  };
  for (const auto& [model, parts] : table) {
    const auto trace = import_text(good_text(), {.model = model, .provenance = {}});
    ASSERT_FALSE(trace.ok());
    expect_message(trace.error(), parts);
    expect_message(trace.error(), {"t.csv", "model tiny"});
  }
}

TEST(ImportCsv, ColumnsByName_MayComeInAnyOrderWithUnknownOnes) {
  const auto trace = import_text(text_of(kPreamble, "expert,colour,slot,layer,step,phase\n",
                                         "3,red,0,0,2,1\n4,,1,0,2,1\n7,blue,0,1,2,1\n0,x,1,1,2,1\n"));
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  EXPECT_THAT(trace->steps.at(0).layer_experts(1), ElementsAre(7, 0));
  EXPECT_TRUE(trace->steps[0].weights.empty());
}

TEST(ImportCsv, LineEndsOfOtherSystems_AndAMissingLastOne_AreAccepted) {
  std::string text;
  for (const char c : good_text()) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  ASSERT_TRUE(import_text(text).ok());
  text.resize(text.size() - 2);
  ASSERT_TRUE(import_text(text).ok());
  fixtures::expect_same(*import_text(good_text()), *import_text(text));
}

TEST(ImportCsv, OneUnknownWeight_LeavesAllWeightsOut) {
  const auto trace = import_text(replaced(good_text(), "0,1,2,0,0,3,0.5", "0,1,2,0,0,3,nan"));
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  for (const RouteStep& step : trace->steps) EXPECT_TRUE(step.weights.empty());
}

TEST(ImportCsv, DroppedRows_AreCountedAndLeftOut) {
  const auto trace =
      import_text(text_of(kPreamble, "phase,step,layer,slot,expert,weight,dropped\n",
                          "1,2,0,0,3,0.5,0\n1,2,0,1,4,nan,1\n1,2,1,0,7,0.5,1\n1,2,1,1,0,0.5,1\n"));
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  EXPECT_EQ(trace->steps.at(0).dropped, 3);
  EXPECT_THAT(trace->steps[0].layer_experts(0), ElementsAre(3));
  EXPECT_TRUE(trace->steps[0].layer_experts(1).empty());
  EXPECT_THAT(trace->steps[0].weights, ElementsAre(0.5F))
      << "The weight of a dropped choice does not matter.";
}

TEST(ImportCsv, PrefillInChunksOrTokenByToken_GivesTheSameStep) {
  const std::string by_token =
      "0,0,0,0,0,3,0.6,0,0\n0,0,0,0,1,4,0.4,0,0\n0,0,0,1,0,1,0.5,0,0\n0,0,0,1,1,2,0.5,0,0\n"
      "0,0,1,0,0,4,0.7,0,0\n0,0,1,0,1,5,0.3,0,0\n0,0,1,1,0,7,0.9,0,0\n0,0,1,1,1,0,0.1,0,0\n";
  const std::string by_layer =
      "0,0,0,0,0,3,0.6,0,0\n0,0,0,0,1,4,0.4,0,0\n0,0,1,0,0,4,0.7,0,0\n0,0,1,0,1,5,0.3,0,0\n"
      "0,0,0,1,0,1,0.5,0,0\n0,0,0,1,1,2,0.5,0,0\n0,0,1,1,0,7,0.9,0,0\n0,0,1,1,1,0,0.1,0,0\n";
  const auto a = import_text(text_of(kPreamble, kColumns, by_token));
  const auto b = import_text(text_of(kPreamble, kColumns, by_layer));
  ASSERT_TRUE(a.ok()) << a.error().message();
  ASSERT_TRUE(b.ok()) << b.error().message();
  fixtures::expect_same(*a, *b);
}

TEST(ImportCsv, SeveralTurns_EachHaveAPrefillStep) {
  const std::string turn1 =
      "1,0,3,0,0,1,0.5,0,0\n1,0,3,0,1,2,0.5,0,0\n1,0,3,1,0,1,0.5,0,0\n1,0,3,1,1,2,0.5,0,0\n"
      "1,1,4,0,0,1,0.5,0,0\n1,1,4,0,1,2,0.5,0,0\n1,1,4,1,0,1,0.5,0,0\n1,1,4,1,1,2,0.5,0,0\n";
  const auto trace = import_text(good_text() + turn1);
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  ASSERT_EQ(trace->steps.size(), 4U);
  EXPECT_EQ(trace->steps[2].turn, 1);
  EXPECT_EQ(trace->steps[2].phase, Phase::prefill);
  EXPECT_EQ(trace->steps[3].position, 4);
}

TEST(ImportCsv, ALayerWithoutExpertBytes_IsDense) {
  const std::string preamble =
      replaced(std::string(kPreamble), "layer=0 expert_bytes=900", "layer=0 expert_bytes=0");
  const std::string rows = "0,1,2,1,0,2,0.5,0,450\n0,1,2,1,1,3,0.5,0,450\n";
  const auto trace = import_text(text_of(preamble, kColumns, rows));
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  EXPECT_FALSE(trace->header.model.layers[0].is_moe());
  EXPECT_EQ(trace->header.model.banks.size(), 1U);
  const auto wrong = import_text(text_of(preamble, kColumns, kRows));
  ASSERT_FALSE(wrong.ok());
  expect_message(wrong.error(), {"t.csv: line 6", "expected a layer with experts", "found dense layer 0"});
}

struct BadText {
  const char* name;
  std::string what;  // is replaced
  std::string with;
  std::vector<std::string> parts;
};

void expect_refused(const std::vector<BadText>& table) {
  for (const BadText& row : table) {
    SCOPED_TRACE(row.name);
    const auto trace = import_text(replaced(good_text(), row.what, row.with));
    ASSERT_FALSE(trace.ok());
    expect_message(trace.error(), row.parts);
    EXPECT_EQ(trace.error().file, "t.csv");
  }
}

TEST(ImportCsv, ABadPreamble_IsNamedWithItsLine) {
  expect_refused({
      {"another version", "v1", "v2", {"line 1", "expected \"# route_trace v1\"", "\"route_trace v2\""}},
      {"no preamble", std::string(kPreamble), "", {"line 1", "expected \"# route_trace v1\"", "turn,phase"}},
      {"no model line", "# model", "# mode", {"line 5", "n_layer", "found none"}},
      {"no top-k", " n_expert_used=2", "", {"line 2", "expected n_expert_used=NUMBER", "found none"}},
      {"top-k of zero",
       "n_expert_used=2",
       "n_expert_used=0",
       {"line 2", "expected n_expert_used from 1", "found 0"}},
      {"top-k above the experts",
       "n_expert_used=2",
       "n_expert_used=9",
       {"line 2", "n_expert_used from 1 to n_expert (8)", "found 9"}},
      {"no layers", "n_layer=2", "n_layer=0", {"line 2", "n_layer of at least 1", "found 0"}},
      {"too many layers",
       "n_layer=2",
       "n_layer=5000",
       {"line 2", "n_layer: an integer from 0 to 4096", "\"5000\""}},
      {"a model line twice",
       "# layer=0",
       "# model=x n_layer=2 n_expert=8 n_expert_used=2\n# layer=0",
       {"line 3", "expected one model line"}},
      {"a layer left out",
       "# layer=1 expert_bytes=450 dense_bytes=90\n",
       "",
       {"line 4", "# layer=1", "found none"}},
      {"a layer twice",
       "# layer=1",
       "# layer=0",
       {"line 4", "expected one line for each layer", "found layer 0 again"}},
      {"a layer too many",
       "n_layer=2",
       "n_layer=1",
       {"line 5", "expected preamble lines for layers below 1", "found layer 1"}},
      {"negative bytes", "expert_bytes=450", "expert_bytes=-1", {"line 4", "expert_bytes", "\"-1\""}},
      {"bytes beyond 63 bits",
       "expert_bytes=450",
       "expert_bytes=9223372036854775808",
       {"line 4", "below 2^63", "\"9223372036854775808\""}},
      {"absurd bytes",
       "expert_bytes=450",
       "expert_bytes=9223372036854775807",
       {"line 5", "expected", "9223372036854775807"}},
      {"no dense bytes", " dense_bytes=90", "", {"line 4", "expected dense_bytes=NUMBER", "found none"}},
  });
}

TEST(ImportCsv, ABadColumnLine_IsNamed) {
  expect_refused({
      {"no phase", "turn,phase", "turn,phasE", {"line 5", "expected a column named phase", "turn,phasE"}},
      {"no step", ",step,", ",stop,", {"line 5", "expected a column named step"}},
      {"no expert", ",expert,", ",export,", {"line 5", "expected a column named expert"}},
      {"a column twice",
       "residency",
       "slot",
       {"line 5", "expected each column once", "found column slot twice"}},
      {"no rows at all",
       std::string(kColumns) + std::string(kRows),
       "",
       {"line 5", "expected", "the end of the file"}},
      {"no rows", std::string(kRows), "", {"line 6", "expected rows", "the end of the file"}},
  });
}

TEST(ImportCsv, ABadRow_IsNamedWithItsLine) {
  const std::string row = "0,1,2,0,1,1,0.5,0,900";  // line 13
  expect_refused({
      {"too few columns", row, "0,1,2,0,1,1,0.5,0", {"line 13", "expected 9 columns", "found 8"}},
      {"too many columns", row, row + ",1", {"line 13", "expected 9 columns", "found 10"}},
      {"an empty line", row, "", {"line 13", "expected 9 columns", "found 1 in \"\""}},
      {"a comment among the rows", row, "# hello", {"line 13", "expected 9 columns"}},
      {"negative expert",
       row,
       "0,1,2,0,1,-1,0.5,0,900",
       {"line 13", "expert: an integer from 0 to 7", "\"-1\""}},
      {"expert out of range",
       row,
       "0,1,2,0,1,8,0.5,0,900",
       {"line 13", "expert: an integer from 0 to 7", "\"8\""}},
      {"not an integer", row, "0,1,2,0,1,1.5,0.5,0,900", {"line 13", "expert: an integer", "\"1.5\""}},
      {"not a number", row, "0,1,2,0,1,one,0.5,0,900", {"line 13", "expert: an integer", "\"one\""}},
      {"an empty field", row, "0,1,2,0,1,,0.5,0,900", {"line 13", "expert: an integer", "\"\""}},
      {"blanks", row, "0,1,2,0,1, 1,0.5,0,900", {"line 13", "expert: an integer", "\" 1\""}},
      {"beyond 63 bits",
       row,
       "0,1,2,0,1,1,0.5,0,9223372036854775808",
       {"line 13", "expert_bytes: an integer", "below 2^63"}},
      {"phase", row, "0,2,2,0,1,1,0.5,0,900", {"line 13", "phase: an integer from 0 to 1", "\"2\""}},
      {"turn", row, "-1,1,2,0,1,1,0.5,0,900", {"line 13", "turn: an integer", "\"-1\""}},
      {"a step beyond reason",
       row,
       "0,1,9000000000,0,1,1,0.5,0,900",
       {"line 13", "step: an integer", "\"9000000000\""}},
      {"layer out of range",
       row,
       "0,1,2,2,1,1,0.5,0,900",
       {"line 13", "layer: an integer from 0 to 1", "\"2\""}},
      {"slot out of range",
       row,
       "0,1,2,0,2,1,0.5,0,900",
       {"line 13", "slot: an integer from 0 to 1", "\"2\""}},
      {"slot twice",
       row,
       "0,1,2,0,0,1,0.5,0,900",
       {"line 13", "expected slot 1 of step 2, layer 0", "found slot 0 again"}},
      {"slots in another order",
       "0,1,2,0,0,3",
       "0,1,2,0,1,3",
       {"line 12", "expected slot 0 of step 2, layer 0", "found slot 1"}},
      {"a row of a token is missing",
       row + "\n",
       "",
       {"line 13", "expected slot 1 of step 2, layer 0", "found slot 0 of step 2, layer 1"}},
      {"an expert twice",
       row,
       "0,1,2,0,1,3,0.5,0,900",
       {"line 13", "expected distinct experts", "found expert 3 again"}},
      {"infinite weight", row, "0,1,2,0,1,1,inf,0,900", {"line 13", "weight: a finite number", "\"inf\""}},
      {"negative weight", row, "0,1,2,0,1,1,-0.5,0,900", {"line 13", "weight: a finite number", "\"-0.5\""}},
      {"a weight that is text",
       row,
       "0,1,2,0,1,1,0.5x,0,900",
       {"line 13", "weight: a finite number", "\"0.5x\""}},
      {"a weight beyond range",
       row,
       "0,1,2,0,1,1,1e999,0,900",
       {"line 13", "weight: a finite number", "\"1e999\""}},
      {"NUL",
       row,
       std::string("0,1,2,0,1,1\0,0.5,0,900", 22),
       {"line 13", "expected text", "a NUL byte at column 12"}},
      {"not UTF-8",
       row,
       "0,1,2,0,1,1\xff,0.5,0,900",
       {"line 13", "expected UTF-8", "byte 0xff at column 12"}},
      {"a line without end",
       row,
       std::string(70'000, '1'),
       {"line 13", "a line of at most 65536 bytes", "found a longer one"}},
  });
}

TEST(ImportCsv, StepsThatDoNotFollow_AreNamedWithTheirLine) {
  const std::string decode0 = "0,1,2,0,0,3,0.5,1,0\n0,1,2,0,1,1,0.5,0,900\n";    // lines 12, 13
  const std::string decode1 = "0,1,2,1,0,2,0.5,0,450\n0,1,2,1,1,3,0.5,0,450\n";  // lines 14, 15
  const std::string again = "0,1,2,0,0,5,0.5,1,0\n0,1,2,0,1,6,0.5,0,900\n";
  const std::string prefill1 = "0,0,1,0,0,4,0.7,0,0\n0,0,1,0,1,5,0.3,0,900\n";  // lines 8, 9
  expect_refused({
      {"a decode layer left out", decode0, "", {"line 12", "expected layer 0 of step 2", "found layer 1"}},
      {"a decode step without its last layer",
       decode1,
       "",
       {"line 14", "decode step 2", "expected 1 tokens in layer 1", "found 0"}},
      {"two tokens in a decode step",
       decode1,
       again + decode1,
       {"line 14", "after 2 slots of step 2, layer 0", "found slot 0 again"}},
      {"a layer again", decode1, decode1 + again, {"line 16", "expected a step after 2", "found layer 0"}},
      {"steps go back",
       decode1,
       decode1 + "0,1,1,0,0,5,0.5,1,0\n0,1,1,0,1,6,0.5,0,900\n",
       {"line 16", "expected a position of at least 3", "found 1"}},
      {"a token again", prefill1, prefill1 + prefill1, {"line 10", "slot", "again"}},
      {"a prompt token again",
       prefill1,
       prefill1 + "0,0,0,0,0,3,0.6,0,0\n0,0,0,0,1,4,0.4,0,0\n",
       {"line 10", "expected step 2 of layer 0", "found step 0 again"}},
      {"a prompt token left out",
       prefill1,
       "0,0,2,0,0,4,0.7,0,0\n0,0,2,0,1,5,0.3,0,900\n",
       {"line 8", "expected step 1 of layer 0", "found step 2"}},
      {"a prefill layer left out",
       "0,0,1,1,0,7,0.9,0,450\n0,0,1,1,1,0,0.1,0,450\n",
       "",
       {"line 10", "prefill of turn 0", "expected 2 tokens in layer 1", "found 0"}},
      {"prefill after decode",
       decode1,
       decode1 + "0,0,3,0,0,5,0.5,1,0\n0,0,3,0,1,6,0.5,0,900\n",
       {"line 16", "expected decode steps", "found a prefill token"}},
      {"turns go back", "0,1,2,", "1,1,2,", {"line 13", "slot 1"}},
      {"cut within a token",
       "0,1,2,1,1,3,0.5,0,450\n",
       "",
       {"line 15", "expected slot 1 of step 2, layer 1", "the end of the file"}},
      {"cut within a row", ",1,1,3,0.5,0,450\n", ",1", {"line 15", "expected 9 columns", "found 4"}},
  });
}

TEST(LoadTrace, PicksTheImporterByContent) {
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("a"), good_text());
  fixtures::spill(folder.file("j"),
                  "{\"step\":0,\"phase\":\"decode\",\"layer\":0,\"experts\":[1]}\n"
                  "{\"step\":0,\"phase\":\"decode\",\"layer\":1,\"experts\":[2,3]}\n");
  const auto csv = load_trace(folder.file("a"));
  ASSERT_TRUE(csv.ok()) << csv.error().message();
  ASSERT_TRUE(write_route(folder.file("r"), *csv).ok());
  const auto route = load_trace(folder.file("r"));
  ASSERT_TRUE(route.ok()) << route.error().message();
  fixtures::expect_same(*csv, *route);
  const auto json = load_trace(folder.file("j"), {.model = known_model(), .provenance = {}});
  ASSERT_TRUE(json.ok()) << json.error().message();
}

TEST(LoadTrace, WhatIsNoTrace_IsRefused) {
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("empty"), "");
  fixtures::spill(folder.file("text"), "hello\n");
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  const std::vector<std::pair<std::string, std::string>> table = {
      {folder.file("empty"), "found an empty file"}, {folder.file("text"), "begins with \"hello"},
      {folder.file("pipe"), "found a pipe"},         {folder.file(""), "found a directory"},
      {folder.file("missing"), "no such file"},      {"/dev/null", "found a device"}};
  for (const auto& [path, found] : table) {
    const auto trace = load_trace(path);
    ASSERT_FALSE(trace.ok()) << path;
    EXPECT_EQ(trace.error().kind, Error::Kind::bad_input);
    expect_message(trace.error(), {path, "expected", found});
  }
}

struct PhoneTrace {
  std::string file;
  std::size_t steps;
  std::int32_t prompt;
  std::size_t lookups, decode_lookups;
};

class PhoneTraces : public testing::TestWithParam<PhoneTrace> {};

TEST_P(PhoneTraces, HaveTheKnownNumberOfStepsAndLookups) {
  const std::string path = std::string(PREGATE_SHARED_DIR) + "/traces/phone/" + GetParam().file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there.";
  const auto trace = load_trace(path);
  ASSERT_TRUE(trace.ok()) << trace.error().message();
  ASSERT_EQ(trace->steps.size(), GetParam().steps);
  EXPECT_EQ(trace->steps[0].tokens, GetParam().prompt);
  EXPECT_EQ(trace->steps[0].layer_tokens.front(), GetParam().prompt);
  EXPECT_EQ(trace->steps[0].layer_tokens.back(), 1);
  std::size_t all = 0, decode = 0;
  for (const RouteStep& step : trace->steps) {
    for (std::size_t layer = 0; layer < step.layer_tokens.size(); ++layer) {
      const auto experts = step.layer_experts(layer);
      const std::size_t distinct = std::set<std::uint16_t>(experts.begin(), experts.end()).size();
      all += distinct;
      if (step.phase == Phase::decode) decode += distinct;
    }
  }
  EXPECT_EQ(all, GetParam().lookups);
  EXPECT_EQ(decode, GetParam().decode_lookups);
}

INSTANTIATE_TEST_SUITE_P(ImportCsv, PhoneTraces,
                         testing::Values(PhoneTrace{"qwen3-30b-a3b.route.csv", 129, 28, 39'526, 36'864},
                                         PhoneTrace{"gpt-oss-120b.route.csv", 65, 85, 6'375, 4'608}),
                         [](const auto& test) { return std::string(test.index == 0 ? "Qwen3" : "GptOss"); });

}  // namespace
}  // namespace pregate
