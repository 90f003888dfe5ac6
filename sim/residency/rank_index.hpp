// SPDX-License-Identifier: Apache-2.0
// Private to sim/residency: the expert with the least rank, for policies whose ranks change in any direction.
// A tournament tree over all experts: set, erase and least are O(log experts). Pinned experts that stand at
// the top are set aside until their pin allows them again, so that the many victims of one event do not pass
// over the same pinned experts each time.
#pragma once

#include <compare>
#include <vector>

#include "sim/residency/eviction_policies.hpp"

namespace pregate {

struct Rank {
  std::int64_t first = INT64_MAX;
  std::int64_t second = INT64_MAX;
  friend auto operator<=>(const Rank&, const Rank&) = default;
};

class RankIndex {
 public:
  explicit RankIndex(IdRange range);

  [[nodiscard]] bool contains(ExpertId expert) const { return rank_[range_.index(expert)] != kOut; }
  void set(ExpertId expert, Rank rank);
  void erase(ExpertId expert) { set(expert, kOut); }
  // The expert of least rank among those whose pin is at most `strongest`.
  [[nodiscard]] std::optional<ExpertId> least(const PinBoard& pins, Pin strongest);

 private:
  static constexpr Rank kOut{};

  void show(std::uint32_t index, Rank rank);  // gives it to the tree

  IdRange range_;
  std::uint32_t leaves_ = 1;           // a power of two
  std::vector<Rank> rank_;             // what was set
  std::vector<Rank> shown_;            // what the tree plays with: kOut for those set aside
  std::vector<std::uint32_t> winner_;  // node -> index; the children of node i are 2i and 2i+1
  std::vector<std::uint32_t> aside_;   // indices set aside
  std::vector<bool> is_aside_;
};

}  // namespace pregate
