// SPDX-License-Identifier: Apache-2.0
// Splits UTF-8 text by a regular expression (PCRE2 with Unicode properties). The expressions of tokenizers
// are written for Oniguruma; known differences: class intersections (&&) are refused, and \s takes U+180E,
// which is no space since Unicode 6.3. An expression that backtracks without end is an error at the text that
// makes it do so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

// The expression of GPT-2 (openai/gpt-2, src/encoder.py), which ByteLevel uses unless told otherwise.
inline constexpr const char* kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class TextSplitter {
 public:
  enum class Kind { expression, literal };
  enum class Between { keep, drop };  // the text between matches
  using Sink = std::function<Status(std::string_view)>;

  // Memory of one search, to be used again: one for each thread.
  class Scratch;

  static Result<TextSplitter> compile(const std::string& pattern, Kind kind, Between between);
  ~TextSplitter();
  TextSplitter(TextSplitter&&) noexcept;
  TextSplitter& operator=(TextSplitter&&) noexcept;

  [[nodiscard]] std::shared_ptr<Scratch> make_scratch() const;
  // Hands the pieces of `text` to `sink`, from left to right; none is empty. `text` must be UTF-8.
  Status split(std::string_view text, Scratch& scratch, const Sink& sink) const;

 private:
  struct State;
  explicit TextSplitter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregate
