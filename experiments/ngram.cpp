// SPDX-License-Identifier: Apache-2.0
#include "experiments/ngram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pregate {
namespace {

constexpr unsigned kByteBits = 8;

std::uint64_t low_bytes(std::uint64_t packed, int count) {
  return count >= 8 ? packed
                    : packed & ((std::uint64_t{1} << (kByteBits * static_cast<unsigned>(count))) - 1);
}

std::uint64_t append(std::uint64_t packed, char byte) {
  return (packed << kByteBits) | static_cast<unsigned char>(byte);
}

// All runs of `length` bytes, as they stand in the text.
std::vector<std::uint64_t> grams_of(std::string_view text, int length) {
  std::vector<std::uint64_t> grams;
  grams.reserve(text.size());
  std::uint64_t packed = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    packed = low_bytes(append(packed, text[i]), length);
    if (i + 1 >= static_cast<std::size_t>(length)) grams.push_back(packed);
  }
  return grams;
}

}  // namespace

Result<ByteNgram> ByteNgram::learn(std::string_view text, int order) {
  if (order < 1 || order > kMostOrder)
    return bad_input(fmt::format("an order of 1 to {}", kMostOrder), fmt::format("{}", order));
  if (text.empty()) return bad_input("a text to learn from", "an empty one");
  ByteNgram model;
  model.levels_.resize(static_cast<std::size_t>(order));
  std::vector<std::uint64_t> grams = grams_of(text, order);
  for (int length = order; length >= 1; --length) {
    Level& level = model.levels_[static_cast<std::size_t>(length) - 1];
    level = make_level(std::move(grams));
    // One order down each distinct n-gram counts once: for what it is without its first byte.
    grams = {};
    for (std::size_t c = 0; c < level.contexts.size(); ++c) {
      for (std::size_t i = level.starts[c]; i < level.starts[c + 1]; ++i)
        grams.push_back(low_bytes((level.contexts[c] << kByteBits) | level.nexts[i], length - 1));
    }
  }
  return model;
}

ByteNgram::Level ByteNgram::make_level(std::vector<std::uint64_t> grams) {
  std::sort(grams.begin(), grams.end());
  Level level;
  for (std::size_t i = 0; i < grams.size(); ++i) {
    const std::uint64_t context = grams[i] >> kByteBits;
    if (i == 0 || context != grams[i - 1] >> kByteBits) {
      level.contexts.push_back(context);
      level.starts.push_back(level.nexts.size());
      level.totals.push_back(0);
    }
    if (i == 0 || grams[i] != grams[i - 1]) {
      level.nexts.push_back(static_cast<unsigned char>(grams[i] & 0xffU));
      level.counts.push_back(0);
    }
    ++level.counts.back();
    ++level.totals.back();
  }
  level.starts.push_back(level.nexts.size());
  level.discount = discount_of(level);
  return level;
}

double ByteNgram::discount_of(const Level& level) {
  const auto once = static_cast<double>(std::count(level.counts.begin(), level.counts.end(), 1));
  const auto twice = static_cast<double>(std::count(level.counts.begin(), level.counts.end(), 2));
  return once > 0 ? once / (once + 2 * twice) : 0.5;
}

double ByteNgram::probability(std::string_view context, unsigned char next) const {
  double p = 1.0 / 256;
  std::uint64_t packed = 0;
  const std::size_t seen = std::min(context.size(), levels_.size() - 1);
  for (const char byte : context.substr(context.size() - seen)) packed = append(packed, byte);
  for (std::size_t length = 0; length <= seen; ++length) {
    const Level& level = levels_[length];
    const std::uint64_t wanted = low_bytes(packed, static_cast<int>(length));
    const auto at = std::lower_bound(level.contexts.begin(), level.contexts.end(), wanted);
    if (at == level.contexts.end() || *at != wanted) break;  // a longer one was not seen either
    const auto c = static_cast<std::size_t>(at - level.contexts.begin());
    const auto begin = level.nexts.begin() + static_cast<std::ptrdiff_t>(level.starts[c]);
    const auto end = level.nexts.begin() + static_cast<std::ptrdiff_t>(level.starts[c + 1]);
    const auto found = std::lower_bound(begin, end, next);
    const auto total = static_cast<double>(level.totals[c]), kinds = static_cast<double>(end - begin);
    const bool known = found != end && *found == next;
    const std::int64_t count =
        known ? level.counts[static_cast<std::size_t>(found - level.nexts.begin())] : 0;
    p = (std::max(static_cast<double>(count) - level.discount, 0.0) + level.discount * kinds * p) / total;
  }
  return p;
}

double ByteNgram::bits(std::string_view text, std::size_t from) const {
  double bits = 0;
  for (std::size_t i = from; i < text.size(); ++i)
    bits -= std::log2(probability(text.substr(0, i), static_cast<unsigned char>(text[i])));
  return bits;
}

}  // namespace pregate
