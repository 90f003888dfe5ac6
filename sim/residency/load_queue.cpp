// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/load_queue.hpp"

#include <algorithm>

namespace pregate {

LoadId LoadQueue::request(ExpertId expert, Purpose purpose, LayerId layer) {
  const LoadId load = residency_.request(expert, purpose);
  if (load.valid()) queues_[static_cast<std::size_t>(purpose)].push_back({load, layer});
  return load;
}

bool LoadQueue::adopt(LoadId load) {
  for (std::size_t purpose = 1; purpose < queues_.size(); ++purpose) {
    auto& queue = queues_[purpose];
    const auto it = std::find_if(queue.begin(), queue.end(), [&](const Queued& q) { return q.load == load; });
    if (it == queue.end()) continue;
    queues_[0].push_back(*it);
    queue.erase(it);
    return true;
  }
  return false;
}

void LoadQueue::cancel_stale_speculation(LayerId layer, std::vector<LoadId>& cancelled) {
  auto& queue = queues_[static_cast<std::size_t>(Purpose::speculative)];
  std::erase_if(queue, [&](const Queued& q) {
    if (q.layer > layer) return false;
    residency_.cancel(q.load);
    cancelled.push_back(q.load);
    return true;
  });
}

std::optional<LoadId> LoadQueue::front() const {
  for (const auto& queue : queues_) {
    if (!queue.empty()) return queue.front().load;
  }
  return std::nullopt;
}

bool LoadQueue::start_front(std::vector<Eviction>& evicted) {
  const auto queue =
      std::find_if(queues_.begin(), queues_.end(), [](const auto& candidate) { return !candidate.empty(); });
  check(queue != queues_.end(), "start_front() needs a queued load");
  if (!residency_.start(queue->front().load, evicted)) return false;
  queue->pop_front();
  return true;
}

std::int32_t LoadQueue::size(Purpose least) const {
  std::size_t total = 0;
  for (std::size_t purpose = 0; purpose <= static_cast<std::size_t>(least); ++purpose)
    total += queues_[purpose].size();
  return static_cast<std::int32_t>(total);
}

}  // namespace pregate
