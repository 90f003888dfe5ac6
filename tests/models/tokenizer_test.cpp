// SPDX-License-Identifier: Apache-2.0
#include "models/tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "models/text_split.hpp"
#include "tests/models/tokenizer_documents.hpp"

namespace pregate {
namespace {

using namespace fixtures;  // NOLINT: the documents of these tests
using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

Tokenizer make(const Json& document) {
  auto tokenizer = Tokenizer::parse({"tokenizer.json", document.dump()});
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  return std::move(*tokenizer);
}

std::string refusal(const Json& document) {
  const auto tokenizer = Tokenizer::parse({"tokenizer.json", document.dump()});
  return tokenizer ? "accepted" : tokenizer.error().message();
}

Ids encode(const Tokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  EXPECT_TRUE(ids.ok()) << ids.error().message();
  return ids ? *ids : Ids();
}

// What each token stands for, with bars between.
std::string pieces(const Tokenizer& tokenizer, std::string_view text) {
  std::string out;
  for (const std::int32_t id : encode(tokenizer, text)) {
    const auto bytes = tokenizer.decode(Ids{id});
    out += (out.empty() ? "" : "|") + (bytes ? *bytes : std::string("?"));
  }
  return out;
}

Json base() {
  static const Json kBase = tokenizer_document(make_vocabulary());
  return kBase;
}

// Byte pair encoding as it is defined: while any neighbours have a merge, the one of the lowest rank,
// leftmost.
Ids encode_by_definition(const Vocabulary& v, std::string_view word) {
  std::vector<std::string> symbols;
  for (const char byte : word) symbols.push_back(spelling_of_bytes(std::string(1, byte)));
  while (true) {
    std::size_t best = v.merges.size(), place = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const std::array<std::string, 2> pair = {symbols[i], symbols[i + 1]};
      const auto rank =
          static_cast<std::size_t>(std::find(v.merges.begin(), v.merges.end(), pair) - v.merges.begin());
      if (rank < best) {
        best = rank;
        place = i;
      }
    }
    if (best == v.merges.size()) break;
    symbols[place] += symbols[place + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
  Ids ids;
  for (const std::string& symbol : symbols)
    ids.push_back(
        static_cast<std::int32_t>(std::find(v.tokens.begin(), v.tokens.end(), symbol) - v.tokens.begin()));
  return ids;
}

TEST(ByteBpe, OfRandomWords_IsTheDefinition) {
  const std::string letters = "aehilnot x";
  Random random(3);
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Vocabulary v = make_vocabulary(120, seed);
    std::vector<ByteBpe::Token> tokens;
    std::vector<ByteBpe::Merge> merges;
    for (std::size_t id = 0; id < v.tokens.size(); ++id)
      tokens.push_back({v.tokens[id], static_cast<std::int32_t>(id)});
    for (const auto& merge : v.merges) merges.push_back({merge[0], merge[1]});
    const auto bpe = ByteBpe::build(tokens, merges, {});
    ASSERT_TRUE(bpe.ok()) << bpe.error().message();
    for (int i = 0; i < 300; ++i) {
      std::string word;
      for (std::uint64_t n = random.below(24); n > 0; --n) word += letters[random.below(letters.size())];
      Ids ids;
      ASSERT_TRUE(bpe->encode(word, ids).ok());
      ASSERT_EQ(ids, encode_by_definition(v, word)) << word;
    }
  }
}

TEST(ByteBpe, Spellings_AreOneToOne) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(bytes_of_spelling(spelling_of_bytes(all)), all);
  EXPECT_EQ(spelling_of_bytes(" a\n"), "ĠaĊ") << "as in GPT-2's vocabulary";
  EXPECT_FALSE(bytes_of_spelling("a b").has_value()) << "a blank spells nothing";
  EXPECT_FALSE(bytes_of_spelling("日").has_value());
}

TEST(ByteBpe, AMegabyteOfOneLetter_IsEncoded) {
  const Tokenizer tokenizer = make(base());
  const std::string text(1 << 20, 'a');
  const Ids ids = encode(tokenizer, text);
  EXPECT_LE(ids.size(), text.size() / 2);
  EXPECT_EQ(*tokenizer.decode(ids), text);
}

TEST(Tokenizer, Words_AreSplitAndMerged) {
  const Tokenizer tokenizer = make(base());
  EXPECT_EQ(pieces(tokenizer, "hello the 42"), "hello| the| |4|2");
  EXPECT_EQ(pieces(tokenizer, ""), "");
  EXPECT_EQ(encode(tokenizer, "a"), Ids{97}) << "bytes are their own ids here";
  EXPECT_EQ(tokenizer.vocabulary(), static_cast<std::int64_t>(base()["model"]["vocab"].size()) + 2);
}

TEST(Tokenizer, DecodeOfEncode_IsTheText) {
  Json gpt2 = base();
  gpt2["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
  Json deepseek = base();
  deepseek["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers",
       {{{"type", "Split"}, {"pattern", {{"Regex", "[\r\n]"}}}, {"behavior", "Isolated"}, {"invert", false}},
        {{"type", "Split"}, {"pattern", {{"String", "the"}}}, {"behavior", "Isolated"}, {"invert", false}},
        {{"type", "Digits"}, {"individual_digits", true}},
        {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
  Random random(5);
  for (const Json& document : {base(), gpt2, deepseek}) {
    const Tokenizer tokenizer = make(document);
    for (int i = 0; i < 300; ++i) {
      std::string text = random_text(random, random.below(30));
      // Special tokens leave no text.
      for (std::size_t at; (at = text.find("<|end|>")) != std::string::npos;) text.erase(at, 7);
      const auto decoded = tokenizer.decode(encode(tokenizer, text));
      ASSERT_TRUE(decoded.ok());
      ASSERT_EQ(*decoded, text);
    }
  }
}

TEST(Tokenizer, SpecialTokensInTheText_AreOneIdAndNoText) {
  const Tokenizer tokenizer = make(base());
  const auto end = static_cast<std::int32_t>(tokenizer.vocabulary()) - 2;
  EXPECT_THAT(encode(tokenizer, "a<|end|>a<think>"), ElementsAre(97, end, 97, end + 1));
  EXPECT_EQ(*tokenizer.decode(encode(tokenizer, "a<|end|>a<think>")), "aa<think>");
  EXPECT_EQ(pieces(tokenizer, "<|end").find("?"), std::string::npos) << "not a token, but text";
}

TEST(Tokenizer, OverlappingAddedTokens_TakeTheLongest) {
  Json document = base();
  const auto next = document["model"]["vocab"].size() + 2;
  document["added_tokens"].push_back({{"id", next}, {"content", "<think>>"}, {"normalized", false}});
  document["added_tokens"].push_back({{"id", next + 1}, {"content", "k>"}, {"normalized", false}});
  const Tokenizer tokenizer = make(document);
  EXPECT_EQ(pieces(tokenizer, "<think>>"), "<think>>");
  EXPECT_EQ(pieces(tokenizer, "<think>k>"), "<think>|k>");
}

TEST(Tokenizer, StrippingTokens_TakeTheWhiteSpaceBesideThem) {
  Json document = base();
  const auto next = document["model"]["vocab"].size() + 2;
  document["added_tokens"].push_back(
      {{"id", next}, {"content", "<mask>"}, {"lstrip", true}, {"rstrip", true}});
  const Tokenizer tokenizer = make(document);
  EXPECT_EQ(pieces(tokenizer, "a \xc2\xa0\t<mask>\n\xe3\x80\x80 b"), "a|<mask>|b");
  EXPECT_EQ(pieces(tokenizer, "<think> <mask>"), "<think>|<mask>");
}

TEST(Tokenizer, PrefixSpace_IsPutBeforeEveryPieceWithoutOne) {
  Json document = base();
  document["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"use_regex", true}};
  const Tokenizer tokenizer = make(document);
  EXPECT_EQ(pieces(tokenizer, "the"), " the");
  EXPECT_EQ(pieces(tokenizer, " the"), " the");
  EXPECT_EQ(pieces(tokenizer, "the<think>the"), " the|<think>| the");
}

TEST(Tokenizer, Gpt2Expression_KeepsBlanksWithTheNextWord) {
  Json document = base();
  document["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  EXPECT_EQ(pieces(make(document), "hello   the"), "hello|  | the") << "use_regex is true when absent";
}

TEST(Tokenizer, RemovedAndInverted_KeepsTheMatches) {
  Json document = base();
  Json& split = document["pre_tokenizer"]["pretokenizers"][0];
  const std::string text = "hello the  42!\n";
  const std::string isolated = pieces(make(document), text);
  split["behavior"] = "Removed";
  split["invert"] = true;
  EXPECT_EQ(pieces(make(document), text), isolated) << "the expression covers all text";
}

TEST(Tokenizer, Nfc_ComposesBeforeSplitting) {
  Json document = base();
  document["normalizer"] = {{"type", "NFC"}};
  const Tokenizer tokenizer = make(document);
  EXPECT_EQ(*tokenizer.decode(encode(tokenizer, "e\xcc\x81<think>")), "é<think>");
  EXPECT_EQ(*tokenizer.decode(encode(make(base()), "e\xcc\x81")), "e\xcc\x81");
}

TEST(Tokenizer, TokensOfNormalisedText_AreFoundComposed) {
  Json document = base();
  document["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
  const auto next = document["model"]["vocab"].size() + 2;
  document["added_tokens"].push_back({{"id", next}, {"content", "caf\xc3\xa9"}, {"normalized", true}});
  EXPECT_EQ(encode(make(document), "cafe\xcc\x81"), Ids{static_cast<std::int32_t>(next)});
}

TEST(Tokenizer, ATemplate_PutsItsTokensAroundEveryText) {
  Json document = base();
  const auto end = static_cast<std::int32_t>(document["model"]["vocab"].size());
  const Json bos = {{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}};
  const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const Json ids = {{"<|end|>", {{"id", "<|end|>"}, {"ids", {end}}, {"tokens", {"<|end|>"}}}}};
  const Json one = {{"type", "TemplateProcessing"}, {"single", {bos, text}}, {"special_tokens", ids}};
  document["post_processor"] = {{"type", "Sequence"}, {"processors", {{{"type", "ByteLevel"}}, one}}};
  EXPECT_THAT(encode(make(document), "a"), ElementsAre(end, 97));
  EXPECT_THAT(encode(make(document), ""), ElementsAre(end));
  document["post_processor"] = one;
  document["post_processor"]["single"].push_back(bos);
  EXPECT_THAT(encode(make(document), "a"), ElementsAre(end, 97, end));
  document["post_processor"]["single"] = {bos};
  EXPECT_THAT(refusal(document), HasSubstr("post_processor: single: expected the text once"));
  document["post_processor"]["single"] = {{{"SpecialToken", {{"id", "<none>"}}}}, text};
  EXPECT_THAT(refusal(document),
              HasSubstr("expected the text or a token of special_tokens, found \"<none>\""));
}

TEST(Tokenizer, IgnoredMerges_MakeWholeWordsTokens) {
  Json document = base();
  document["model"]["vocab"]["xyz"] = document["model"]["vocab"].size() + 2;
  EXPECT_EQ(pieces(make(document), "xyz"), "x|y|z");
  document["model"]["ignore_merges"] = true;
  EXPECT_EQ(pieces(make(document), "xyz"), "xyz");
  EXPECT_EQ(pieces(make(document), "xyzx"), "x|y|z|x");
}

TEST(Tokenizer, MergesAsPairs_AreMergesAsText) {
  Json document = base();
  for (Json& merge : document["model"]["merges"]) {
    const auto text = merge.get<std::string>();
    merge = {text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)};
  }
  EXPECT_EQ(encode(make(document), "hello there"), encode(make(base()), "hello there"));
}

TEST(Tokenizer, TextThatIsNoUtf8_IsRefusedWithItsByte) {
  const Tokenizer tokenizer = make(base());
  const auto ids = tokenizer.encode("ab\xff");
  ASSERT_FALSE(ids.ok());
  EXPECT_THAT(ids.error().message(), HasSubstr("byte 3 of the text: expected UTF-8, found byte 0xff"));
}

TEST(Tokenizer, IdsThatAreNoTokens_AreRefused) {
  Json document = base();
  const auto next = document["model"]["vocab"].size() + 5;
  document["added_tokens"].push_back({{"id", next}, {"content", "<far>"}, {"special", true}});
  const Tokenizer tokenizer = make(document);
  for (const auto id : {-1, static_cast<std::int32_t>(next) - 1, static_cast<std::int32_t>(next) + 1}) {
    const auto text = tokenizer.decode(Ids{97, id});
    ASSERT_FALSE(text.ok());
    EXPECT_THAT(text.error().message(), HasSubstr("token 1: expected ids of tokens, below"));
  }
}

struct Refused {
  const char* path;  // JSON pointer
  Json value;
  const char* says;
};

TEST(Tokenizer, WhatIsNotByteLevelBpe_IsRefusedByName) {
  const Json split = base()["pre_tokenizer"]["pretokenizers"][0];
  const Json byte_level = base()["pre_tokenizer"]["pretokenizers"][1];
  const std::vector<Refused> cases = {
      {"/model/type", "Unigram", R"(model: type: expected "BPE", found "Unigram")"},
      {"/model/byte_fallback", true, "model: byte_fallback: expected false"},
      {"/model/dropout", 0.1, "model: dropout: expected null, found 0.1"},
      {"/model/continuing_subword_prefix", "##", "model: continuing_subword_prefix: expected null"},
      {"/model/vocab", {"a", "b"}, "model: vocab: expected an object of tokens and ids, found an array"},
      {"/model/vocab/a", -1, R"(model: vocab: "a": expected an id from 0 to)"},
      {"/model/vocab/a", 98, "expected each id once, found 98 twice"},
      {"/model/vocab/a", 16777215, "expected ids below"},
      {"/model/merges/0", "t", R"(model: merges: 0: expected "A B" or ["A", "B"], found "t")"},
      {"/model/merges/0", "t q",
       R"(model: merges: merge 0 ("t" "q"): expected "tq" in the vocabulary, found no such token)"},
      {"/model/merges", nullptr, "model: merges: expected an array of merges, found null"},
      {"/normalizer", {{"type", "NFKC"}}, R"(normalizer: type: expected null or "NFC", found "NFKC")"},
      {"/pre_tokenizer", nullptr,
       "pre_tokenizer: type: expected a Sequence of Split, Digits and ByteLevel, found null"},
      {"/pre_tokenizer", split, "pre_tokenizer: expected a ByteLevel one, found none"},
      {"/pre_tokenizer", {{"type", "Metaspace"}}, R"(found "Metaspace")"},
      {"/pre_tokenizer/pretokenizers", {byte_level, split}, "expected ByteLevel as the last of the sequence"},
      {"/pre_tokenizer/pretokenizers/0/behavior", "MergedWithNext", R"(found "MergedWithNext")"},
      {"/pre_tokenizer/pretokenizers/0/pattern",
       {{"Regex", "(a"}},
       "pattern: expected a regular expression, found \"(a\": missing closing parenthesis"},
      {"/pre_tokenizer/pretokenizers/0/pattern",
       {{"Regex", "[a&&b]"}},
       "expected a regular expression without class intersections"},
      {"/pre_tokenizer/pretokenizers/0/pattern",
       {{"Regex", R"(\C)"}},
       "pattern: expected a regular expression"},
      {"/pre_tokenizer/pretokenizers/0/pattern", Json::object(), "pattern: expected a Regex or a String"},
      {"/post_processor",
       {{"type", "BertProcessing"}},
       R"(post_processor: type: expected null, ByteLevel or TemplateProcessing, found "BertProcessing")"},
      {"/decoder", {{"type", "Metaspace"}}, R"(decoder: type: expected ByteLevel, found "Metaspace")"},
      {"/added_tokens/0/single_word", true, R"(added_tokens: "<|end|>": single_word: expected false)"},
      {"/added_tokens/0/content", "", "content: expected a text that is not empty"},
      {"/added_tokens/0/id", 97, "id: expected each id once, found 97 twice"},
      {"/added_tokens/0/content", "a", "id: expected 97, as in the vocabulary"},
      {"/added_tokens/0/content", "<think>", "expected each token once, found it twice"},
      {"/model", nullptr, "model: expected an object, found null"},
  };
  for (const Refused& c : cases) {
    Json document = base();
    document[Json::json_pointer(c.path)] = c.value;
    EXPECT_THAT(refusal(document), HasSubstr(c.says)) << c.path;
    EXPECT_THAT(refusal(document), testing::StartsWith("tokenizer.json: ")) << c.path;
  }
}

TEST(Tokenizer, AByteThatNoTokenSpells_IsAnErrorOfTheText) {
  Json document = base();
  document["model"]["vocab"].erase("q");
  const auto ids = make(document).encode("quick");
  ASSERT_FALSE(ids.ok());
  EXPECT_THAT(ids.error().message(), HasSubstr("expected bytes that the vocabulary spells, found byte 0x71"));
}

TEST(TextSplit, AnExpressionThatBacktracksWithoutEnd_IsAnError) {
  const auto splitter =
      TextSplitter::compile("(a+)+[bc]", TextSplitter::Kind::expression, TextSplitter::Between::keep);
  ASSERT_TRUE(splitter.ok());
  const auto scratch = splitter->make_scratch();
  const Status split =
      splitter->split(std::string(5000, 'a'), *scratch, [](std::string_view) { return Status(); });
  ASSERT_FALSE(split.ok());
  EXPECT_THAT(split.error().message(),
              HasSubstr("expected a text that the tokenizer's expression splits, found match limit"));
}

TEST(TextSplit, MatchesOfNothing_SplitNothing) {
  const auto splitter =
      TextSplitter::compile("x*|é", TextSplitter::Kind::expression, TextSplitter::Between::keep);
  ASSERT_TRUE(splitter.ok());
  const auto scratch = splitter->make_scratch();
  std::vector<std::string> found;
  const Status split = splitter->split("日xxé", *scratch, [&](std::string_view piece) {
    found.emplace_back(piece);
    return Status();
  });
  ASSERT_TRUE(split.ok());
  EXPECT_THAT(found, ElementsAre("日", "xx", "é"));
}

TEST(TextSplit, AMegabyteOfBlanks_IsSplit) {
  const Tokenizer tokenizer = make(base());
  const std::string text = std::string(1 << 20, ' ') + "a";
  EXPECT_EQ(*tokenizer.decode(encode(tokenizer, text)), text);
}

TEST(Tokenizer, CompleteUtf8_CutsWhatIsStillComing) {
  const std::string text = "a日😀";
  const std::vector<std::size_t> want = {0, 1, 1, 1, 4, 4, 4, 4, 8};
  for (std::size_t n = 0; n <= text.size(); ++n)
    EXPECT_EQ(complete_utf8(std::string_view(text).substr(0, n)), want[n]) << n;
  EXPECT_EQ(complete_utf8("a\xff"), 2U) << "never completed";
  EXPECT_EQ(complete_utf8("\x80\x80\x80\x80"), 4U);
}

class TokenizerFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("tokenizer_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    put("tokenizer.json", base().dump());
  }
  void put(const char* name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] Result<Tokenizer> load() const { return Tokenizer::load(folder_.string()); }

  std::filesystem::path folder_;
};

TEST_F(TokenizerFolder, EndIds_ComeFromTheFirstFileThatSaysSo) {
  const auto end = static_cast<std::int32_t>(base()["model"]["vocab"].size());
  auto tokenizer = load();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  EXPECT_FALSE(tokenizer->ends_text(end)) << "nobody says so";
  put("tokenizer_config.json", R"({"eos_token": {"content": "<|end|>"}})");
  EXPECT_TRUE(load()->ends_text(end));
  put("tokenizer_config.json", R"({"eos_token": "<|end|>"})");
  EXPECT_TRUE(load()->ends_text(end));
  put("config.json", R"({"eos_token_id": 7})");
  EXPECT_TRUE(load()->ends_text(7));
  EXPECT_FALSE(load()->ends_text(end));
  put("generation_config.json", R"({"eos_token_id": [8, 9]})");
  EXPECT_TRUE(load()->ends_text(8) && load()->ends_text(9));
  EXPECT_FALSE(load()->ends_text(7));
}

TEST_F(TokenizerFolder, WhatCannotBeRead_IsNamed) {
  put("generation_config.json", R"({"eos_token_id": "two"})");
  EXPECT_THAT(
      load().error().message(),
      HasSubstr("generation_config.json: eos_token_id: expected an id or a list of ids, found \"two\""));
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_THAT(load().error().message(),
              HasSubstr("tokenizer.json: expected a file that can be read, found no such file"));
}

}  // namespace
}  // namespace pregate
