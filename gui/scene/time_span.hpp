// SPDX-License-Identifier: Apache-2.0
// A stretch of simulated time in picoseconds: first inclusive, last exclusive.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pregate {

struct TimeSpan {
  std::int64_t first = 0, last = 0;

  [[nodiscard]] std::int64_t length() const { return last - first; }
  [[nodiscard]] bool empty() const { return last <= first; }
  [[nodiscard]] bool contains(std::int64_t time) const { return time >= first && time < last; }
  // What both have; may be empty.
  [[nodiscard]] TimeSpan common(TimeSpan other) const {
    return {std::max(first, other.first), std::min(last, other.last)};
  }
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

}  // namespace pregate
