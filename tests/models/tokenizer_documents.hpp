// SPDX-License-Identifier: Apache-2.0
// A small tokenizer.json of our own making: 256 bytes, some merges, two added tokens; and texts to try it on.
#pragma once

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/byte_bpe.hpp"
#include "traces/base/random.hpp"

namespace pregate::fixtures {

using Json = nlohmann::ordered_json;

// The expression that Qwen and Llama 3 split words by, but for the length of numbers.
inline constexpr const char* kWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Vocabulary {
  std::vector<std::string> tokens;  // spellings, by id
  std::vector<std::array<std::string, 2>> merges;
};

// Bytes 0..255 have the ids 0..255; then `count` merges of earlier tokens, words of English among them.
inline Vocabulary make_vocabulary(std::size_t count = 300, std::uint64_t seed = 1) {
  Vocabulary v;
  for (int byte = 0; byte < 256; ++byte)
    v.tokens.push_back(spelling_of_bytes(std::string(1, static_cast<char>(byte))));
  const auto add = [&v](const std::string& left, const std::string& right) {
    if (std::find(v.tokens.begin(), v.tokens.end(), left + right) != v.tokens.end()) return;
    v.tokens.push_back(left + right);
    v.merges.push_back({left, right});
  };
  const std::string blank = spelling_of_bytes(" ");
  for (const char* pair :
       {"t h", "th e", "l l", "h e", "he ll", "hell o", "i n", "o o", "oo oo", "a a", "aa a"}) {
    const std::string text = pair;
    add(text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1));
  }
  add(blank, "the");
  add(blank, blank);
  Random random(seed);
  while (v.merges.size() < count) {
    const auto pick = [&]() -> const std::string& {
      const std::string letters = "aehilnot";
      static std::string one;
      if (random.chance(0.5)) return v.tokens[256 + random.below(v.tokens.size() - 256)];
      one = letters[random.below(letters.size())];
      return one;
    };
    const std::string left = pick(), right = pick();
    if (left.size() + right.size() <= 8) add(left, right);
  }
  return v;
}

inline Json tokenizer_document(const Vocabulary& v) {
  Json vocab = Json::object(), merges = Json::array();
  for (std::size_t id = 0; id < v.tokens.size(); ++id) vocab[v.tokens[id]] = id;
  for (const auto& merge : v.merges) merges.push_back(merge[0] + " " + merge[1]);
  const auto end = static_cast<std::int64_t>(v.tokens.size());
  const auto added = [](std::int64_t id, const char* content, bool special) {
    return Json{{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
                {"rstrip", false}, {"normalized", false}, {"special", special}};
  };
  return {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", {added(end, "<|end|>", true), added(end + 1, "<think>", false)}},
      {"normalizer", nullptr},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"}, {"pattern", {{"Regex", kWords}}}, {"behavior", "Isolated"}, {"invert", false}},
          {{"type", "ByteLevel"},
           {"add_prefix_space", false},
           {"trim_offsets", false},
           {"use_regex", false}}}}}},
      {"post_processor", {{"type", "ByteLevel"}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model",
       {{"type", "BPE"},
        {"dropout", nullptr},
        {"unk_token", nullptr},
        {"continuing_subword_prefix", ""},
        {"end_of_word_suffix", ""},
        {"fuse_unk", false},
        {"byte_fallback", false},
        {"vocab", vocab},
        {"merges", merges}}}};
}

inline std::string random_text(Random& random, std::size_t parts) {
  static const std::vector<std::string> kParts = {"the",      " the",
                                                  "hello",    "aaaaaaaaaaaa",
                                                  "oooooo",   " ",
                                                  "  ",       "\n",
                                                  "\r\n",     "\t",
                                                  "1",        "2345",
                                                  "'s",       "'LL",
                                                  "!",        "...",
                                                  "Ünï",      "日本語",
                                                  "😀",        "e\xcc\x81",
                                                  "\xc2\xa0", std::string(1, '\0'),
                                                  "<|end|>",  "<think>",
                                                  "<|en",     "in",
                                                  "lone",     "thin",
                                                  "ñ"};
  std::string text;
  for (std::size_t i = 0; i < parts; ++i) text += kParts[random.below(kParts.size())];
  return text;
}

}  // namespace pregate::fixtures
