// SPDX-License-Identifier: Apache-2.0
#include "models/added_tokens.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace pregate {
namespace {

// White_Space of the Unicode Character Database.
bool is_space(utf8proc_int32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

// Length of the space character at the start of `text`, 0 if there is none.
std::size_t space_at(std::string_view text) {
  utf8proc_int32_t character = -1;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &character);
  return length > 0 && is_space(character) ? static_cast<std::size_t>(length) : 0;
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const std::size_t length = space_at(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

// Where the white space before `at` begins, not before `least`.
std::size_t skip_spaces_back(std::string_view text, std::size_t at, std::size_t least) {
  while (at > least) {
    std::size_t begin = at - 1;
    while (begin > least && is_continuation(text[begin])) --begin;
    if (space_at(text.substr(begin, at - begin)) != at - begin) break;
    at = begin;
  }
  return at;
}

std::uint64_t edge(std::uint32_t node, char byte) {
  return (std::uint64_t{node} << 8U) | static_cast<unsigned char>(byte);
}

}  // namespace

void AddedTokens::add(const AddedToken& token) {
  check(!token.content.empty(), "an added token has a text");
  std::uint32_t node = 0;
  for (const char byte : token.content) {
    const auto [at, fresh] = children_.emplace(edge(node, byte), static_cast<std::uint32_t>(ends_.size()));
    if (fresh) ends_.push_back(-1);
    node = at->second;
  }
  ends_[node] = static_cast<std::int32_t>(tokens_.size());
  tokens_.push_back(token);
}

const AddedToken* AddedTokens::match(std::string_view text) const {
  std::int32_t found = -1;
  std::uint32_t node = 0;
  for (const char byte : text) {
    const auto at = children_.find(edge(node, byte));
    if (at == children_.end()) break;
    node = at->second;
    if (ends_[node] >= 0) found = ends_[node];
  }
  return found < 0 ? nullptr : &tokens_[static_cast<std::size_t>(found)];
}

Status AddedTokens::split(std::string_view text, const std::function<Status(std::string_view)>& text_piece,
                          const std::function<void(std::int32_t)>& token) const {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size() && !empty();) {
    const AddedToken* found = match(text.substr(at));
    if (found == nullptr) {
      ++at;
      continue;
    }
    const std::size_t begin = found->left_strip ? skip_spaces_back(text, at, done) : at;
    const std::size_t after = at + found->content.size();
    if (begin > done) {
      if (const Status taken = text_piece(text.substr(done, begin - done)); !taken) return taken;
    }
    token(found->id);
    done = found->right_strip ? skip_spaces(text, after) : after;
    at = done;
  }
  return done < text.size() ? text_piece(text.substr(done)) : Status();
}

}  // namespace pregate
