// SPDX-License-Identifier: Apache-2.0
// What byte-level BPE learns from a text: against a recount of everything before every merge, and through the
// tokenizer that will read it.
#include "experiments/trainer/byte_bpe_training.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "models/byte_bpe.hpp"
#include "models/text_split.hpp"
#include "models/tokenizer.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

using Merges = std::vector<std::string>;

// Made words, some more often than others, with what else a text has.
std::string made_text(std::uint64_t seed, int words) {
  Random random(seed);
  std::string text;
  for (int i = 0; i < words; ++i) {
    const std::uint64_t syllables = 1 + random.below(4);
    for (std::uint64_t s = 0; s < syllables; ++s) {
      text += "bdlmn"[random.below(5)];
      text += "aeo"[random.below(random.chance(0.5) ? 1 : 3)];
    }
    text += random.chance(0.1) ? "'s, " : random.chance(0.1) ? ".\n\n\xc3\x9c" : " ";
  }
  return text;
}

std::vector<std::string> words_of(const std::string& text) {
  const auto splitter =
      TextSplitter::compile(kGpt2Words, TextSplitter::Kind::expression, TextSplitter::Between::keep);
  std::vector<std::string> words;
  EXPECT_TRUE(splitter->split(text, *splitter->make_scratch(), [&words](std::string_view word) -> Status {
    words.emplace_back(word);
    return {};
  }));
  return words;
}

// The definition, word by word: count all pairs, merge the best, begin again.
Merges naive_merges(const std::string& text, std::size_t count) {
  std::vector<std::vector<int>> words;
  for (const std::string& word : words_of(text)) {
    std::vector<int>& bytes = words.emplace_back();
    for (const char c : word) bytes.push_back(static_cast<unsigned char>(c));
  }
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  Merges merges;
  while (merges.size() < count) {
    std::map<std::pair<int, int>, int> pairs;
    for (const auto& word : words) {
      for (std::size_t i = 0; i + 1 < word.size(); ++i) ++pairs[{word[i], word[i + 1]}];
    }
    // Of equals the first of the map: the earliest left token, then right.
    const auto best = std::max_element(pairs.begin(), pairs.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best == pairs.end() || best->second < 2) break;
    const auto [left, right] = best->first;
    const auto l = static_cast<std::size_t>(left), r = static_cast<std::size_t>(right);
    merges.push_back(spelling_of_bytes(tokens[l]) + " " + spelling_of_bytes(tokens[r]));
    for (auto& word : words) {
      for (std::size_t i = 0; i + 1 < word.size(); ++i) {
        if (word[i] != left || word[i + 1] != right) continue;
        word[i] = static_cast<int>(tokens.size());
        word.erase(word.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
    tokens.push_back(tokens[l] + tokens[r]);
  }
  return merges;
}

Merges learned_merges(const std::string& text, std::int64_t vocabulary) {
  const auto json = train_byte_bpe(text, {.vocabulary = vocabulary});
  EXPECT_TRUE(json) << json.error().message();
  return nlohmann::json::parse(*json)["model"]["merges"].get<Merges>();
}

Tokenizer tokenizer_of(const std::string& text, std::int64_t vocabulary) {
  const auto json = train_byte_bpe(text, {.vocabulary = vocabulary});
  EXPECT_TRUE(json) << json.error().message();
  auto tokenizer = Tokenizer::parse({.path = "tokenizer.json", .text = *json});
  EXPECT_TRUE(tokenizer) << tokenizer.error().message();
  return std::move(*tokenizer);
}

TEST(ByteBpeTraining, Merges_AreThoseOfANaiveRecount) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    const std::string text = made_text(seed, 120);
    EXPECT_THAT(learned_merges(text, 257 + 60), testing::ElementsAreArray(naive_merges(text, 60)))
        << "seed " << seed;
  }
}

TEST(ByteBpeTraining, RunsOfOneCharacter_AreThoseOfANaiveRecount) {
  const std::string text = "aaaaaaaaaaaa aaaaaaa aaaaa bababababa abababab aaaaaaaaa";
  EXPECT_THAT(learned_merges(text, 257 + 20), testing::ElementsAreArray(naive_merges(text, 20)));
}

TEST(ByteBpeTraining, TheFirstMerge_IsTheMostFrequentPair) {
  EXPECT_THAT(learned_merges("low low low lower newest newest", 258), testing::ElementsAre("l o"));
}

TEST(ByteBpeTraining, EqualPairs_MergeInTheOrderOfTheirTokens) {
  EXPECT_THAT(learned_merges("zx zx ca ca", 260), testing::ElementsAre("\xc4\xa0 c", "z x",
                                                                       "\xc4\xa0"
                                                                       "c a"));
}

TEST(ByteBpeTraining, ATokenizer_GivesBackTheTextInFewerTokens) {
  const std::string text = made_text(7, 3000);
  const Tokenizer tokenizer = tokenizer_of(text, 600);
  EXPECT_EQ(tokenizer.vocabulary(), 600);
  for (const std::string& sample : {text, made_text(8, 500), std::string("unlike: \xe6\x97\xa5\t 12%\n")}) {
    const auto ids = tokenizer.encode(sample);
    ASSERT_TRUE(ids) << ids.error().message();
    EXPECT_EQ(*tokenizer.decode(*ids), sample);
  }
  EXPECT_LT(tokenizer.encode(text)->size() * 2, text.size());
}

TEST(ByteBpeTraining, TheEndOfText_IsTheLastTokenAndEndsWords) {
  const Tokenizer tokenizer = tokenizer_of("ab<|endoftext|>ab<|endoftext|>ab", 258 + 1);
  EXPECT_EQ(tokenizer.vocabulary(), 258) << "only \"ab\" occurs twice; the token's own text is not learned";
  EXPECT_THAT(*tokenizer.encode("ab<|endoftext|>ab"), testing::ElementsAre(256, 257, 256));
}

TEST(ByteBpeTraining, ATextOfRareWords_GivesFewerTokensThanAskedFor) {
  EXPECT_EQ(tokenizer_of("abcdef", 1000).vocabulary(), 257);
}

TEST(ByteBpeTraining, TheSameText_GivesTheSameFile) {
  const std::string text = made_text(9, 500);
  EXPECT_EQ(*train_byte_bpe(text, {.vocabulary = 500}), *train_byte_bpe(text, {.vocabulary = 500}));
  EXPECT_NE(*train_byte_bpe(text, {.vocabulary = 500}),
            *train_byte_bpe(made_text(10, 500), {.vocabulary = 500}));
}

TEST(ByteBpeTraining, WhatCannotBeLearnedFrom_IsRefused) {
  EXPECT_THAT(train_byte_bpe("a text", {.vocabulary = 256}).error().message(),
              testing::HasSubstr("a vocabulary of 257"));
  EXPECT_THAT(train_byte_bpe("", {}).error().message(), testing::HasSubstr("an empty one"));
  EXPECT_THAT(train_byte_bpe("ab\xff", {}).error().message(), testing::HasSubstr("byte 3"));
}

}  // namespace
}  // namespace pregate
