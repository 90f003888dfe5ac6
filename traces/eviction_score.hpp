// SPDX-License-Identifier: Apache-2.0
// The number that the choice of a victim rested on (EvictionRecord::score), in words.
#pragma once

#include <string>

#include "traces/scenario.hpp"

namespace pregate {

// lfu-decay scores are fixed-point: uses times this.
inline constexpr std::int64_t kScorePerUse = 1024;
// The score of an expert that is never used again, or was not used yet.
inline constexpr std::int64_t kScoreNever = -1;

// "lru: last used at event 4711", "lfu: used 3 times", "belady: next used at event 5020 (the farthest)".
std::string explain(EvictionKind kind, std::int64_t score);

}  // namespace pregate
