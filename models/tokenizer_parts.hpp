// SPDX-License-Identifier: Apache-2.0
// What a tokenizer.json says, taken apart: beneath models/tokenizer.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/added_tokens.hpp"
#include "models/byte_bpe.hpp"
#include "models/text_split.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// One pre-tokenizer: a blank put before the piece (where there is none), then a split; either may be missing.
struct SplitStep {
  bool prefix_space = false;
  std::optional<TextSplitter> splitter;
};

struct TokenizerParts {
  // What an id decodes to.
  struct Entry {
    enum class Kind : std::uint8_t { none, plain, special };
    Kind kind = Kind::none;
    std::string bytes;
  };

  AddedTokens raw;         // looked for before normalisation
  AddedTokens normalized;  // and after
  bool nfc = false;
  std::vector<SplitStep> steps;
  ByteBpe bpe;
  std::vector<std::int32_t> before, after;  // ids that a template puts around every text
  std::vector<Entry> entries;               // by id

  // The id of a token as tokenizer_config.json names it; nothing if there is none.
  [[nodiscard]] std::optional<std::int32_t> special_id(std::string_view content) const;
};

Result<TokenizerParts> parse_tokenizer(const NamedText& source);

constexpr std::size_t kMaxTokenizerBytes = std::size_t{256} << 20;

}  // namespace pregate
