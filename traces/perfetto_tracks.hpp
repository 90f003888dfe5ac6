// SPDX-License-Identifier: Apache-2.0
// What the writer and the reader of Perfetto traces share: a track as people see it, how many of what a file
// has, and the one rule by which picoseconds become the format's nanoseconds.
#pragma once

#include <cstdint>
#include <string>

#include "traces/base/units.hpp"

namespace pregate {

enum class PerfettoUnit : std::uint8_t { none = 0, nanoseconds = 1, count = 2, bytes = 3 };

struct PerfettoTrack {
  std::uint64_t uuid = 0;    // not 0
  std::uint64_t parent = 0;  // 0: none
  std::string name{};
  std::int32_t rank = 0;  // among the children of its parent, from the top
  bool counter = false;
  PerfettoUnit unit = PerfettoUnit::none;  // of counters
};

struct PerfettoCounts {
  std::int64_t bytes = 0;
  std::int64_t packets = 0;
  std::int64_t tracks = 0;
  std::int64_t slices = 0;
  std::int64_t instants = 0;
  std::int64_t samples = 0;  // of counters
  std::int64_t flows = 0;    // arrows
  std::int64_t end_ns = 0;   // the latest time

  friend bool operator==(const PerfettoCounts&, const PerfettoCounts&) = default;
};

// The last nanosecond that has begun. Order is kept, so that what nests in picoseconds nests in nanoseconds,
// and a duration changes by less than 1 ns either way, however many slices follow each other. Not for times
// below 0.
constexpr std::int64_t perfetto_ns(SimTime at) {
  return at.count_ps() / 1000;
}

}  // namespace pregate
