// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/rank_index.hpp"

#include <algorithm>
#include <bit>

namespace pregate {

RankIndex::RankIndex(IdRange range)
    : range_(range),
      leaves_(std::bit_ceil(std::max(range.count, 2U))),
      rank_(leaves_),
      shown_(leaves_),
      winner_(std::size_t{2} * leaves_),
      is_aside_(leaves_) {
  for (std::uint32_t i = 0; i < leaves_; ++i) winner_[leaves_ + i] = i;
  for (std::uint32_t i = leaves_ - 1; i > 0; --i) winner_[i] = winner_[2 * i];
}

void RankIndex::set(ExpertId expert, Rank rank) {
  const std::uint32_t index = range_.index(expert);
  rank_[index] = rank;
  if (!is_aside_[index]) show(index, rank);
}

void RankIndex::show(std::uint32_t index, Rank rank) {
  shown_[index] = rank;
  for (std::uint32_t node = (leaves_ + index) / 2; node > 0; node /= 2) {
    const std::uint32_t left = winner_[2 * node];
    const std::uint32_t right = winner_[2 * node + 1];
    const std::uint32_t best = shown_[right] < shown_[left] ? right : left;
    // Above, only a match that this expert took part in can change.
    if (winner_[node] == best && best != index) return;
    winner_[node] = best;
  }
}

std::optional<ExpertId> RankIndex::least(const PinBoard& pins, Pin strongest) {
  std::erase_if(aside_, [&](std::uint32_t index) {
    if (rank_[index] != kOut && pins.of(range_.id(index)) > strongest) return false;
    is_aside_[index] = false;
    show(index, rank_[index]);
    return true;
  });
  while (true) {
    const std::uint32_t top = winner_[1];
    if (shown_[top] == kOut) return std::nullopt;
    if (pins.of(range_.id(top)) <= strongest) return range_.id(top);
    aside_.push_back(top);
    is_aside_[top] = true;
    show(top, kOut);
  }
}

}  // namespace pregate
