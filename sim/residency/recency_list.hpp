// SPDX-License-Identifier: Apache-2.0
// Private to sim/residency: experts in the order of their stamps, oldest first. An intrusive doubly linked
// list over an array: removal is O(1), insertion walks from the newest end past later stamps (those of the
// same event), usually none.
#pragma once

#include <vector>

#include "sim/residency/eviction_policies.hpp"

namespace pregate {

class RecencyList {
 public:
  explicit RecencyList(IdRange range) : range_(range), nodes_(std::size_t{range.count} + 1) {
    nodes_[end()].previous = nodes_[end()].next = end();
  }

  [[nodiscard]] bool contains(ExpertId expert) const { return node(expert).next != kOut; }
  [[nodiscard]] EventId event(ExpertId expert) const { return node(expert).event; }
  [[nodiscard]] std::int64_t order(ExpertId expert) const { return node(expert).order; }
  [[nodiscard]] std::int32_t step(ExpertId expert) const { return node(expert).step; }

  void insert(const Touch& touch) {
    const std::uint32_t index = range_.index(touch.expert);
    std::uint32_t after = nodes_[end()].previous;
    while (after != end() && nodes_[after].order > touch.order) after = nodes_[after].previous;
    const std::uint32_t before = nodes_[after].next;
    nodes_[index] = {after, before, touch.event, touch.step, touch.order};
    nodes_[after].next = index;
    nodes_[before].previous = index;
  }
  void remove(ExpertId expert) {
    Node& out = nodes_[range_.index(expert)];
    nodes_[out.previous].next = out.next;
    nodes_[out.next].previous = out.previous;
    out.next = kOut;
  }
  // Stamps anew what is in the list; leaves alone what is not.
  void refresh(const Touch& touch) {
    if (!contains(touch.expert)) return;
    remove(touch.expert);
    insert(touch);
  }

  // The oldest expert whose pin is at most `strongest`.
  [[nodiscard]] std::optional<ExpertId> oldest(const PinBoard& pins, Pin strongest) const {
    for (std::uint32_t i = nodes_[end()].next; i != end(); i = nodes_[i].next) {
      if (pins.of(range_.id(i)) <= strongest) return range_.id(i);
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kOut = UINT32_MAX;
  struct Node {
    std::uint32_t previous = kOut;
    std::uint32_t next = kOut;
    EventId event;
    std::int32_t step = 0;
    std::int64_t order = 0;
  };

  [[nodiscard]] std::uint32_t end() const { return range_.count; }
  [[nodiscard]] const Node& node(ExpertId expert) const { return nodes_[range_.index(expert)]; }

  IdRange range_;
  std::vector<Node> nodes_;  // the last one is both ends
};

}  // namespace pregate
