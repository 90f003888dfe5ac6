// SPDX-License-Identifier: Apache-2.0
// `pregate eval` on a checkpoint with a tokenizer: which bytes its tokens stand for, and the n-gram model
// beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiments/ngram.hpp"
#include "tests/experiments/command_runner.hpp"
#include "tests/models/checkpoints.hpp"
#include "tests/models/tokenizer_documents.hpp"

namespace pregate {
namespace {

using test::run_pregate;
using test::Said;
using test::write_file;
using testing::HasSubstr;

class EvalCommand : public testing::Test {
 protected:
  void SetUp() override {
    fixtures::Json config = fixtures::small_megrez_config();
    config["vocab_size"] = 560;
    model_ = fixtures::write_model(fixtures::random_model(config), "model");
    write_tokenizer(fixtures::tokenizer_document(fixtures::make_vocabulary()));
  }
  void TearDown() override { std::filesystem::remove_all(model_); }

  void write_tokenizer(const fixtures::Json& document) const {
    write_file(model_ + "/tokenizer.json", document.dump());
  }
  Said run(const std::string& text, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "eval",        "--model", model_,      "--text", write_file(folder_.file("text.txt"), text),
        "--precision", "f32",     "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_pregate(arguments);
  }
  nlohmann::json json_of(const std::string& text, std::vector<std::string> more = {}) const {
    more.push_back("--json");
    const Said said = run(text, more);
    EXPECT_EQ(said.code, 0) << said.err;
    return nlohmann::json::parse(said.out);
  }

  test::Folder folder_;
  std::string model_;
};

TEST_F(EvalCommand, BitsPerByte_AreThoseOfTheTokensOverTheirBytes) {
  const nlohmann::json out = json_of("hello the thin 日本");
  EXPECT_EQ(out["bytes"], 17 + 4 - 5) << "of 21 bytes all but the first token's, \"hello\"";
  const double tokens = out["tokens"], bytes = out["bytes"], perplexity = out["perplexity"];
  EXPECT_NEAR(out["bits_per_byte"], tokens * std::log2(perplexity) / bytes, 1e-9);
}

TEST_F(EvalCommand, ASpecialToken_StandsForTheBytesItIsWrittenWith) {
  // Ids: hello, <|end|>, hello, <|end|>, hello.
  const std::string text = "hello<|end|>hello<|end|>hello";
  EXPECT_EQ(json_of(text)["bytes"], 29 - 5);
  EXPECT_EQ(json_of(text)["tokens"], 4);
  EXPECT_EQ(json_of(text, {"--max-tokens", "3"})["bytes"], 7 + 5);
  EXPECT_EQ(json_of(text, {"--max-tokens", "4"})["bytes"], 7 + 5 + 7);
  EXPECT_EQ(json_of("<|end|>hello")["bytes"], 5) << "the first token is not scored";
}

TEST_F(EvalCommand, ATokenThatATemplatePutsBeforeTheText_StandsForNoBytes) {
  fixtures::Json document = fixtures::tokenizer_document(fixtures::make_vocabulary());
  const fixtures::Json end = {{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}};
  const fixtures::Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  document["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {end, text}},
      {"special_tokens", {{"<|end|>", {{"ids", {document["added_tokens"][0]["id"]}}}}}}};
  write_tokenizer(document);
  EXPECT_EQ(json_of("hello the")["bytes"], 9);
  EXPECT_EQ(json_of("hello the", {"--max-tokens", "2"})["bytes"], 5);
}

TEST_F(EvalCommand, AgainstNgram_ScoresTheSameBytes) {
  const std::string training = "hello the thin hello in the hotel; the inn is in the hills";
  const std::string file = write_file(folder_.file("training.txt"), training);
  const std::string text = "hello the thin hotel<|end|>hello";
  for (const int order : {3, 5}) {
    const nlohmann::json out =
        json_of(text, {"--against-ngram", file, "--order", std::to_string(order)})["ngram"];
    const double bits = ByteNgram::learn(training, order)->bits(text, 5);
    EXPECT_DOUBLE_EQ(out["bits_per_byte"], bits / static_cast<double>(text.size() - 5));
    EXPECT_EQ(out["order"], order);
  }
  const double cut = ByteNgram::learn(training, 3)->bits("hello the", 5) / 4;
  EXPECT_DOUBLE_EQ(json_of(text, {"--against-ngram", file, "--max-tokens", "2"})["ngram"]["bits_per_byte"],
                   cut);
  EXPECT_FALSE(json_of(text).contains("ngram"));
  EXPECT_THAT(run(text, {"--against-ngram", file}).out, HasSubstr("bits per byte by a byte 3-gram"));
}

TEST_F(EvalCommand, AgainstNgram_RefusesWhatItCannotLearn) {
  const std::string empty = write_file(folder_.file("empty.txt"), "");
  EXPECT_THAT(run("hello the", {"--against-ngram", folder_.file("none.txt")}).err, HasSubstr("none.txt"));
  EXPECT_THAT(run("hello the", {"--against-ngram", empty}).err, HasSubstr("empty.txt: expected a text"));
  EXPECT_EQ(run("hello the", {"--order", "3"}).code, 2);
  EXPECT_EQ(run("hello the", {"--against-ngram", empty, "--order", "9"}).code, 2);
}

}  // namespace
}  // namespace pregate
