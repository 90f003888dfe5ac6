// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/byte_bpe_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <queue>
#include <unordered_map>
#include <vector>

#include "models/added_tokens.hpp"
#include "models/byte_bpe.hpp"
#include "models/text_split.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;
using TokenId = std::uint32_t;

constexpr std::int64_t kBytes = 256, kMostTokens = std::int64_t{1} << 20, kLeastCount = 2;

struct Word {
  std::vector<TokenId> tokens;
  std::int64_t count = 0;
};

// The distinct words of a text, in the order in which they first occur.
Result<std::vector<Word>> count_words(std::string_view text, const std::string& end_of_text) {
  auto splitter =
      TextSplitter::compile(kGpt2Words, TextSplitter::Kind::expression, TextSplitter::Between::keep);
  if (!splitter) return splitter.error();
  const auto scratch = splitter->make_scratch();
  std::vector<Word> words;
  std::unordered_map<std::string_view, std::size_t> known;
  const auto count = [&](std::string_view piece) -> Status {
    const auto [at, fresh] = known.emplace(piece, words.size());
    if (fresh) {
      Word& word = words.emplace_back();
      for (const char c : piece) word.tokens.push_back(static_cast<unsigned char>(c));
    }
    ++words[at->second].count;
    return {};
  };
  AddedTokens ends;
  ends.add({.content = end_of_text, .id = 0, .special = true});
  const Status counted = ends.split(
      text, [&](std::string_view piece) { return splitter->split(piece, *scratch, count); },
      [](std::int32_t) {});
  if (!counted) return counted.error();
  return words;
}

struct Pair {
  TokenId left = 0, right = 0;
  bool operator==(const Pair&) const = default;
};

struct PairHash {
  std::size_t operator()(const Pair& pair) const {
    return std::hash<std::uint64_t>()((std::uint64_t{pair.left} << 32U) | pair.right);
  }
};

class BpeLearner {
 public:
  explicit BpeLearner(std::vector<Word> words) : words_(std::move(words)) {
    for (std::int64_t byte = 0; byte < kBytes; ++byte) tokens_.emplace_back(1, static_cast<char>(byte));
    for (std::size_t w = 0; w < words_.size(); ++w) {
      count_pairs(words_[w], +1);
      const std::vector<TokenId>& tokens = words_[w].tokens;
      for (std::size_t i = 0; i + 1 < tokens.size(); ++i) remember({tokens[i], tokens[i + 1]}, w);
    }
    for (const auto& [pair, state] : pairs_) queue_.push({state.count, pair});
  }

  void learn(std::size_t tokens) {
    while (tokens_.size() < tokens && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const std::int64_t now = pairs_.at(best.pair).count;
      if (now < kLeastCount) continue;
      if (now < best.count) {  // other merges took some: back to its place
        queue_.push({now, best.pair});
        continue;
      }
      merge(best.pair);
    }
  }

  [[nodiscard]] const std::vector<std::string>& tokens() const { return tokens_; }  // bytes, by id
  [[nodiscard]] const std::vector<Pair>& merges() const { return merges_; }         // by rank

 private:
  struct PairState {
    std::int64_t count = 0;
    std::vector<std::size_t> words;  // that hold or held it
  };
  // `count` may be out of date, and is then too high: a pair's count grows only in the merge that makes one
  // of its tokens.
  struct Candidate {
    std::int64_t count = 0;
    Pair pair;
    bool operator<(const Candidate& other) const {
      if (count != other.count) return count < other.count;
      if (pair.left != other.pair.left) return pair.left > other.pair.left;
      return pair.right > other.pair.right;
    }
  };

  void count_pairs(const Word& word, std::int64_t times) {
    for (std::size_t i = 0; i + 1 < word.tokens.size(); ++i)
      pairs_[{word.tokens[i], word.tokens[i + 1]}].count += times * word.count;
  }

  void remember(Pair pair, std::size_t word) {
    std::vector<std::size_t>& words = pairs_[pair].words;
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  void merge(Pair pair) {
    const auto id = static_cast<TokenId>(tokens_.size());
    tokens_.push_back(tokens_[pair.left] + tokens_[pair.right]);
    merges_.push_back(pair);
    const std::vector<std::size_t> holders = std::move(pairs_.at(pair).words);
    std::vector<Pair> fresh;
    for (const std::size_t w : holders) merge_in_word(w, pair, id, fresh);
    for (const Pair& made : fresh) queue_.push({pairs_.at(made).count, made});
  }

  void merge_in_word(std::size_t index, Pair pair, TokenId id, std::vector<Pair>& fresh) {
    Word& word = words_[index];
    const std::vector<TokenId> before = word.tokens;
    count_pairs(word, -1);
    word.tokens.clear();
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool here = i + 1 < before.size() && before[i] == pair.left && before[i + 1] == pair.right;
      word.tokens.push_back(here ? id : before[i]);
      if (here) ++i;
    }
    count_pairs(word, +1);
    for (std::size_t i = 0; i + 1 < word.tokens.size(); ++i) {
      const Pair made{word.tokens[i], word.tokens[i + 1]};
      if (made.left != id && made.right != id) continue;
      if (pairs_[made].words.empty()) fresh.push_back(made);
      remember(made, index);
    }
  }

  std::vector<Word> words_;
  std::vector<std::string> tokens_;
  std::vector<Pair> merges_;
  std::unordered_map<Pair, PairState, PairHash> pairs_;
  std::priority_queue<Candidate> queue_;
};

Json json_of(const BpeLearner& learner, const std::string& end_of_text) {
  Json vocabulary = Json::object(), merges = Json::array();
  std::vector<std::string> spellings;
  for (const std::string& bytes : learner.tokens()) {
    vocabulary[spelling_of_bytes(bytes)] = spellings.size();
    spellings.push_back(spelling_of_bytes(bytes));
  }
  // Neighbours that become one token went through the same merges wherever they stand: two pairs never spell
  // the same bytes.
  check(vocabulary.size() == spellings.size(), "each token has a spelling of its own");
  for (const Pair& pair : learner.merges())
    merges.push_back(spellings[pair.left] + " " + spellings[pair.right]);
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens",
           {{{"id", spellings.size()},
             {"content", end_of_text},
             {"single_word", false},
             {"lstrip", false},
             {"rstrip", false},
             {"normalized", false},
             {"special", true}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", std::move(vocabulary)},
            {"merges", std::move(merges)}}}};
}

}  // namespace

Result<std::string> train_byte_bpe(std::string_view text, const BpeTrainingOptions& options) {
  if (options.vocabulary < kBytes + 1 || options.vocabulary > kMostTokens) {
    return bad_input(fmt::format("a vocabulary of {} to {} tokens", kBytes + 1, kMostTokens),
                     fmt::format("{}", options.vocabulary));
  }
  if (options.end_of_text.empty() || find_non_utf8(options.end_of_text))
    return bad_input("a token of UTF-8 that ends a text", "none");
  if (text.empty()) return bad_input("a text to learn tokens from", "an empty one");
  if (const auto bad = find_non_utf8(text))
    return bad_input("UTF-8", "something else", fmt::format("byte {}", *bad + 1));
  auto words = count_words(text, options.end_of_text);
  if (!words) return words.error();
  BpeLearner learner(std::move(*words));
  learner.learn(static_cast<std::size_t>(options.vocabulary - 1));
  return json_of(learner, options.end_of_text).dump(1, '\t') + "\n";
}

}  // namespace pregate
