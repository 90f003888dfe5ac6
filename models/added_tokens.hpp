// SPDX-License-Identifier: Apache-2.0
// Tokens that stand in a text as they are (<|im_end|>), found before anything else is split: the leftmost
// match, of those that begin together the longest. A trie: O(longest token) a byte.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false;     // left out of decoded text
  bool left_strip = false;  // takes the white space before it
  bool right_strip = false;
  bool normalized = false;  // looked for in the text after normalisation
};

class AddedTokens {
 public:
  void add(const AddedToken& token);  // content not empty
  [[nodiscard]] bool empty() const { return tokens_.empty(); }

  // Calls `text_piece` and `token` in the order of the text.
  Status split(std::string_view text, const std::function<Status(std::string_view)>& text_piece,
               const std::function<void(std::int32_t)>& token) const;

 private:
  // The longest token that begins at the start of `text`, or nothing.
  [[nodiscard]] const AddedToken* match(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<std::uint64_t, std::uint32_t> children_;  // (node, byte) -> node; 0 is the root
  std::vector<std::int32_t> ends_ = {-1};                      // token that ends at a node, or -1
};

}  // namespace pregate
