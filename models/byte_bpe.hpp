// SPDX-License-Identifier: Apache-2.0
// Byte pair encoding over bytes, as GPT-2 introduced it: tokens are spelled with one printable character a
// byte, a word begins as its bytes, and of all neighbours that may merge those of the lowest rank do first,
// the leftmost of equals. A heap of candidates over a linked list: O(n log n) for a word of n bytes, however
// long.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

// The bytes that a token stands for; nothing where it holds a character that spells no byte.
std::optional<std::string> bytes_of_spelling(std::string_view token);
// One character a byte.
std::string spelling_of_bytes(std::string_view bytes);

class ByteBpe {
 public:
  struct Token {
    std::string spelling;
    std::int32_t id = 0;
  };
  struct Merge {
    std::string left, right;  // spellings
  };
  struct Options {
    bool ignore_merges = false;  // a word that is a token is that token, whatever merges give
  };

  // Ids are at least 0. Errors name the merge whose parts or whole is no token.
  static Result<ByteBpe> build(const std::vector<Token>& tokens, const std::vector<Merge>& merges,
                               Options options);

  // Appends the tokens of one word. Error: a byte that no token spells.
  Status encode(std::string_view word, std::vector<std::int32_t>& ids) const;

 private:
  struct Rule {
    std::int32_t rank = 0, id = 0;
  };
  struct Symbol {
    std::int32_t id = 0;
    std::int32_t before = -1, after = -1;  // symbols; -1: none
    bool gone = false;
  };
  struct Candidate {
    std::int32_t rank = 0, left = 0, id = 0;  // `id` tells whether the pair is still the one that was queued
  };
  [[nodiscard]] const Rule* rule_of(std::int32_t left, std::int32_t right) const;
  void merge(std::vector<Symbol>& symbols) const;

  std::array<std::int32_t, 256> byte_ids_{};             // -1: none
  std::unordered_map<std::uint64_t, Rule> rules_;        // by both ids
  std::unordered_map<std::string, std::int32_t> words_;  // bytes -> id; only where merges are ignored
};

}  // namespace pregate
