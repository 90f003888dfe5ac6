// SPDX-License-Identifier: Apache-2.0
#include "models/byte_bpe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "traces/input_text.hpp"

namespace pregate {
namespace {

// The characters of GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes in order for
// U+0100 upwards.
std::array<std::uint32_t, 256> make_alphabet() {
  std::array<std::uint32_t, 256> alphabet{};
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
    alphabet[byte] = printable ? byte : next++;
  }
  return alphabet;
}

const std::array<std::uint32_t, 256>& alphabet() {
  static const std::array<std::uint32_t, 256> kAlphabet = make_alphabet();
  return kAlphabet;
}

// The byte of each character below U+0200, or -1.
const std::array<std::int16_t, 512>& bytes_by_character() {
  static const std::array<std::int16_t, 512> kBytes = [] {
    std::array<std::int16_t, 512> bytes{};
    bytes.fill(-1);
    for (std::size_t byte = 0; byte < 256; ++byte) bytes[alphabet()[byte]] = static_cast<std::int16_t>(byte);
    return bytes;
  }();
  return kBytes;
}

std::uint64_t key_of(std::int32_t left, std::int32_t right) {
  return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32U) | static_cast<std::uint32_t>(right);
}

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view token) {
  std::string bytes;
  for (std::size_t i = 0; i < token.size(); ++i) {
    // All characters of the alphabet have one or two bytes in UTF-8.
    std::uint32_t character = static_cast<unsigned char>(token[i]);
    if (character >= 0x80) {
      if ((character & 0xe0U) != 0xc0U || i + 1 == token.size()) return std::nullopt;
      character = ((character & 0x1fU) << 6U) | (static_cast<unsigned char>(token[++i]) & 0x3fU);
    }
    const std::int16_t byte = character < 512 ? bytes_by_character()[character] : std::int16_t{-1};
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string spelling_of_bytes(std::string_view bytes) {
  std::string spelling;
  for (const char byte : bytes) {
    const std::uint32_t character = alphabet()[static_cast<unsigned char>(byte)];
    if (character < 0x80) {
      spelling += static_cast<char>(character);
    } else {
      spelling += static_cast<char>(0xc0U | (character >> 6U));
      spelling += static_cast<char>(0x80U | (character & 0x3fU));
    }
  }
  return spelling;
}

Result<ByteBpe> ByteBpe::build(const std::vector<Token>& tokens, const std::vector<Merge>& merges,
                               Options options) {
  std::unordered_map<std::string_view, std::int32_t> ids;
  ids.reserve(tokens.size());
  ByteBpe bpe;
  bpe.byte_ids_.fill(-1);
  for (const Token& token : tokens) {
    ids.emplace(token.spelling, token.id);
    const auto bytes = bytes_of_spelling(token.spelling);
    if (!bytes) continue;
    if (bytes->size() == 1) bpe.byte_ids_[static_cast<unsigned char>(bytes->front())] = token.id;
    if (options.ignore_merges) bpe.words_.emplace(*bytes, token.id);
  }
  bpe.rules_.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const Merge& merge = merges[rank];
    std::array<std::int32_t, 3> found{};
    const std::array<std::string, 3> wanted = {merge.left, merge.right, merge.left + merge.right};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto at = ids.find(wanted[i]);
      if (at == ids.end()) {
        return bad_input(
            fmt::format("{} in the vocabulary", pregate::quoted(wanted[i])), "no such token",
            fmt::format("merge {} ({} {})", rank, pregate::quoted(merge.left), pregate::quoted(merge.right)));
      }
      found[i] = at->second;
    }
    // Of a merge given twice the later rank counts, as in the library that wrote the file.
    bpe.rules_[key_of(found[0], found[1])] = {static_cast<std::int32_t>(rank), found[2]};
  }
  return bpe;
}

const ByteBpe::Rule* ByteBpe::rule_of(std::int32_t left, std::int32_t right) const {
  const auto at = rules_.find(key_of(left, right));
  return at == rules_.end() ? nullptr : &at->second;
}

void ByteBpe::merge(std::vector<Symbol>& symbols) const {
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(later)> queue(later);
  const auto at = [&symbols](std::int32_t i) -> Symbol& { return symbols[static_cast<std::size_t>(i)]; };
  const auto propose = [&](std::int32_t left) {
    if (left < 0 || at(left).after < 0) return;
    const Rule* rule = rule_of(at(left).id, at(at(left).after).id);
    if (rule != nullptr) queue.push({rule->rank, left, rule->id});
  };
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) propose(static_cast<std::int32_t>(i));
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = at(best.left);
    if (left.gone || left.after < 0) continue;
    Symbol& right = at(left.after);
    const Rule* rule = rule_of(left.id, right.id);
    if (rule == nullptr || rule->rank != best.rank) continue;  // one of the two has merged since
    left.id = best.id;
    left.after = right.after;
    right.gone = true;
    if (left.after >= 0) at(left.after).before = best.left;
    propose(left.before);
    propose(best.left);
  }
}

Status ByteBpe::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  constexpr std::size_t kMostBytes = std::size_t{1} << 30;
  if (word.size() > kMostBytes)
    return bad_input(fmt::format("words of at most {} bytes", kMostBytes), fmt::format("{}", word.size()));
  if (!words_.empty()) {
    const auto whole = words_.find(std::string(word));
    if (whole != words_.end()) {
      ids.push_back(whole->second);
      return {};
    }
  }
  std::vector<Symbol> symbols(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto byte = static_cast<unsigned char>(word[i]);
    if (byte_ids_[byte] < 0)
      return bad_input("bytes that the vocabulary spells", fmt::format("byte 0x{:02x}", byte));
    const auto here = static_cast<std::int32_t>(i);
    symbols[i] = {.id = byte_ids_[byte], .before = here - 1, .after = i + 1 < word.size() ? here + 1 : -1};
  }
  merge(symbols);
  for (const Symbol& symbol : symbols) {
    if (!symbol.gone) ids.push_back(symbol.id);
  }
  return {};
}

}  // namespace pregate
