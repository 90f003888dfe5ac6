// SPDX-License-Identifier: Apache-2.0
#include "traces/eviction_score.hpp"

#include <fmt/format.h>

namespace pregate {

std::string explain(EvictionKind kind, std::int64_t score) {
  const std::string name(to_text(kind));
  switch (kind) {
    case EvictionKind::lru:
    case EvictionKind::layer_lru:
      return score == kScoreNever ? name + ": fetched before the first event"
                                  : fmt::format("{}: last used at event {}", name, score);
    case EvictionKind::lfu:
    case EvictionKind::layer_lfu:
      return fmt::format("{}: used {} time{}", name, score, score == 1 ? "" : "s");
    case EvictionKind::lfu_decay:
      return fmt::format("{}: used {:.2f} times after decay", name,
                         static_cast<double>(score) / static_cast<double>(kScorePerUse));
    case EvictionKind::fifo:
      return score == kScoreNever ? name + ": admitted before the first event"
                                  : fmt::format("{}: admitted at event {}", name, score);
    case EvictionKind::random:
      return fmt::format("{}: drawn from {} resident experts", name, score);
    case EvictionKind::least_stale:
      return score == kScoreNever ? name + ": fetched before the first event"
                                  : fmt::format("{}: last used {} events ago", name, score);
    case EvictionKind::belady:
    case EvictionKind::belady_bypass:
      return score == kScoreNever ? name + ": never used again"
                                  : fmt::format("{}: next used at event {} (the farthest)", name, score);
    case EvictionKind::none:
      return name + ": nothing is kept";
  }
  return name;
}

}  // namespace pregate
