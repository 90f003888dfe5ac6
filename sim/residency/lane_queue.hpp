// SPDX-License-Identifier: Apache-2.0
// What waits for a lane of the disk: the most urgent first, first come first served within each. The
// simulator's loader and the runtime on a real disk take their reads from it in the same order.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>

#include "traces/run_record.hpp"

namespace pregate {

template <typename Read>
class LaneQueue {
 public:
  void push(Purpose purpose, Read read) { queues_[static_cast<std::size_t>(purpose)].push_back(read); }
  [[nodiscard]] bool empty() const {
    return std::all_of(queues_.begin(), queues_.end(), [](const auto& queue) { return queue.empty(); });
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t total = 0;
    for (const auto& queue : queues_) total += queue.size();
    return total;
  }
  // There must be one.
  Read pop() {
    auto& queue = *std::find_if(queues_.begin(), queues_.end(), [](const auto& q) { return !q.empty(); });
    Read read = queue.front();
    queue.pop_front();
    return read;
  }
  // Those that `is` says are needed now: behind all demand that waits, before everything else.
  template <typename Is>
  void promote(Is is) {
    for (std::size_t purpose = 1; purpose < queues_.size(); ++purpose) {
      auto& queue = queues_[purpose];
      std::copy_if(queue.begin(), queue.end(), std::back_inserter(queues_[0]), is);
      std::erase_if(queue, is);
    }
  }

 private:
  std::array<std::deque<Read>, 3> queues_;
};

}  // namespace pregate
