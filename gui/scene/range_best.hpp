// SPDX-License-Identifier: Apache-2.0
// The largest of a range of numbers, in logarithmic time: a pyramid over blocks of sixteen, that holds for
// each block the place and the value of its largest number. The numbers themselves stay where they are;
// the pyramid adds 0.8 bytes a number. Of equal ones the first wins.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace pregate {

class RangeBest {
 public:
  static constexpr std::size_t kBlock = 16;
  struct Best {
    std::size_t index = 0;
    std::int64_t value = 0;
  };

  // value_of(i): the number at i, for i below `size`.
  template <typename ValueOf>
  void build(std::size_t size, ValueOf value_of) {
    levels_.clear();
    if (size <= kBlock) return;
    add_level(size, [&](std::size_t i) { return Best{i, value_of(i)}; });
    while (levels_.back().size() > kBlock) {
      const Level& below = levels_.back();
      Level above = level_over(below.size(), [&](std::size_t i) { return below.at(i); });
      levels_.push_back(std::move(above));
    }
  }

  // Of [first, last), which is not empty.
  template <typename ValueOf>
  [[nodiscard]] Best best(std::size_t first, std::size_t last, ValueOf value_of) const {
    Best best{first, value_of(first)};
    std::size_t from = first, to = last;
    const auto at_bottom = [&](std::size_t i) { return Best{i, value_of(i)}; };
    if (!trim(from, to, levels_.empty(), at_bottom, best)) return best;
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      const Level& now = levels_[level];
      const auto at_level = [&](std::size_t i) { return now.at(i); };
      if (!trim(from, to, level + 1 == levels_.size(), at_level, best)) break;
    }
    return best;
  }

  [[nodiscard]] std::size_t memory() const {
    std::size_t bytes = 0;
    for (const Level& level : levels_) bytes += level.size() * (sizeof(std::int64_t) + sizeof(std::uint32_t));
    return bytes;
  }

 private:
  struct Level {
    std::vector<std::int64_t> value;
    std::vector<std::uint32_t> index;
    [[nodiscard]] std::size_t size() const { return value.size(); }
    [[nodiscard]] Best at(std::size_t i) const { return {index[i], value[i]}; }
  };

  static bool better(const Best& a, const Best& b) {
    return a.value > b.value || (a.value == b.value && a.index < b.index);
  }

  // Takes the blocks of [from, to) that the level above does not hold whole, and goes up to it. False: done.
  template <typename At>
  static bool trim(std::size_t& from, std::size_t& to, bool top, At at, Best& best) {
    const auto take = [&](std::size_t i) {
      const Best candidate = at(i);
      if (better(candidate, best)) best = candidate;
    };
    if (top) {
      for (; from < to; ++from) take(from);
      return false;
    }
    for (; from < to && from % kBlock != 0; ++from) take(from);
    for (; from < to && to % kBlock != 0; --to) take(to - 1);
    from /= kBlock;
    to /= kBlock;
    return from < to;
  }

  template <typename At>
  static Level level_over(std::size_t size, At at) {
    Level level;
    level.value.reserve((size + kBlock - 1) / kBlock);
    level.index.reserve((size + kBlock - 1) / kBlock);
    for (std::size_t first = 0; first < size; first += kBlock) {
      Best best = at(first);
      for (std::size_t i = first + 1; i < std::min(first + kBlock, size); ++i) {
        const Best candidate = at(i);
        if (better(candidate, best)) best = candidate;
      }
      level.value.push_back(best.value);
      level.index.push_back(static_cast<std::uint32_t>(best.index));
    }
    return level;
  }
  template <typename At>
  void add_level(std::size_t size, At at) {
    levels_.push_back(level_over(size, at));
  }

  std::vector<Level> levels_;
};

}  // namespace pregate
