// SPDX-License-Identifier: Apache-2.0
// A byte n-gram model: what a trained network has to beat. Interpolated Kneser-Ney smoothing (Kneser and Ney,
// "Improved backing-off for m-gram language modeling", 1995; interpolated as in Chen and Goodman, "An
// Empirical Study of Smoothing Techniques for Language Modeling", TR-10-98, Harvard 1998):
//
//   p(b | h) = max(c(h b) - D, 0) / c(h) + D N(h) / c(h) * p(b | h without its first byte)
//
// c counts occurrences at the highest order and distinct bytes before (h b) at the orders below, N(h) is the
// number of distinct bytes after h, D = n1 / (n1 + 2 n2) of each order's counts of one and two (1/2 where
// nothing was counted once). Beneath the first order lies 1/256 for every byte, so that none is impossible. A
// context that was never seen leaves it to the shorter one.
//
// Leaves out: discounts by count (modified Kneser-Ney: within 0.001 bits on English up to order 5), tokens
// other than bytes. Memory: 8 bytes for each byte of text while it learns; O(n log n).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

class ByteNgram {
 public:
  static constexpr int kMostOrder = 8;

  // Errors: an order beyond 1 to 8, an empty text.
  static Result<ByteNgram> learn(std::string_view text, int order);

  // Of `next` after `context`, whose last order - 1 bytes count.
  [[nodiscard]] double probability(std::string_view context, unsigned char next) const;
  // Sum of -log2 p over the bytes of `text` from `from` on, each after all that stand before it.
  [[nodiscard]] double bits(std::string_view text, std::size_t from = 0) const;

 private:
  // n-grams of one length, sorted: those of one context lie together.
  struct Level {
    std::vector<std::uint64_t> contexts;  // bytes packed, the last lowest
    std::vector<std::size_t> starts;      // of contexts in `nexts`, and the end
    std::vector<std::int64_t> totals;     // by context
    std::vector<unsigned char> nexts;
    std::vector<std::int64_t> counts;  // by next
    double discount = 0;
  };
  static Level make_level(std::vector<std::uint64_t> grams);
  static double discount_of(const Level& level);

  std::vector<Level> levels_;  // by length - 1
};

}  // namespace pregate
