// SPDX-License-Identifier: Apache-2.0
// Learns a byte-level BPE from a text (Sennrich et al. 2016, section 3.2; over bytes as in GPT-2): words as
// GPT-2 splits them begin as their bytes, and the pair of neighbours that occurs most often becomes a token,
// again and again. Of pairs that occur equally often the one of the earlier left token merges, then of the
// earlier right one, so that a text gives the same tokenizer everywhere.
//
// Counts are kept, not taken anew: a merge touches only the words that hold the pair. That is
// O(distinct words x their length x log) in all; 8 MB of English and 2,048 tokens took a second.
//
// Leaves out normalisation, and limits on the length of a token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

struct BpeTrainingOptions {
  std::int64_t vocabulary = 2048;             // tokens in all: 256 bytes, merges, end_of_text
  std::string end_of_text = "<|endoftext|>";  // the last id; where the text holds it, words end
};

// The text of a tokenizer.json that models/tokenizer reads. It has fewer tokens than asked for where no pair
// is left that occurs twice. Errors: a vocabulary below 257 tokens, a text that is empty or not UTF-8.
Result<std::string> train_byte_bpe(std::string_view text, const BpeTrainingOptions& options);

}  // namespace pregate
