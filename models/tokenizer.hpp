// SPDX-License-Identifier: Apache-2.0
// Byte-level BPE from a Hugging Face tokenizer.json (nlohmann-json reads it, PCRE2 splits the text, utf8proc
// normalises). Leaves out WordPiece, Unigram, and BPE that is not byte-level (SentencePiece-like): refused by
// name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/scenario.hpp"

namespace pregate {

class Tokenizer {
 public:
  // `source.text` is a tokenizer.json.
  static Result<Tokenizer> parse(const NamedText& source);
  // FOLDER/tokenizer.json, and the ids that end a text from generation_config.json, config.json or
  // tokenizer_config.json where one says so.
  static Result<Tokenizer> load(const std::string& folder);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Text to ids; special tokens written in the text are recognised. Invalid UTF-8 is an error that says at
  // which byte.
  [[nodiscard]] Result<std::vector<std::int32_t>> encode(std::string_view text) const;
  // The bytes of the ids. A character may be split over tokens: see complete_utf8().
  enum class Specials : std::uint8_t { left_out, as_written };
  [[nodiscard]] Result<std::string> decode(std::span<const std::int32_t> ids,
                                           Specials specials = Specials::left_out) const;
  [[nodiscard]] std::int64_t vocabulary() const;  // one past the largest id
  [[nodiscard]] bool ends_text(std::int32_t id) const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// How many leading bytes of `text` are whole characters: what may be printed while more is coming.
std::size_t complete_utf8(std::string_view text);

}  // namespace pregate
