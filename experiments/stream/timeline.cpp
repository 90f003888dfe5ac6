// SPDX-License-Identifier: Apache-2.0
#include "experiments/stream/timeline.hpp"

#include <algorithm>
#include <utility>

namespace pregate {

void Timeline::restart() {
  origin_ = Clock::now();
  cursor_ = SimTime();
}

SimTime Timeline::at(Clock::time_point time) const {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time - origin_).count();
  return SimTime() + Duration::ns(std::max<std::int64_t>(ns, 0));
}

void Timeline::operator_ran(LayerId layer, OperatorKind kind) {
  const SimTime begin = std::exchange(cursor_, now());
  recorder_.operator_ran(layer, kind, ExpertId(), begin, cursor_, cursor_ - begin);
}

void Timeline::experts_ran(LayerId layer, std::span<const ExpertId> experts) {
  const SimTime begin = std::exchange(cursor_, now());
  const std::int64_t whole = (cursor_ - begin).count_ps();
  const auto count = static_cast<std::int64_t>(experts.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const SimTime from = begin + Duration::ps(whole * i / count);
    const SimTime to = begin + Duration::ps(whole * (i + 1) / count);
    recorder_.operator_ran(layer, OperatorKind::routed_expert, experts[static_cast<std::size_t>(i)], from, to,
                           to - from);
  }
}

void Timeline::managed(LayerId layer) {
  const SimTime begin = std::exchange(cursor_, now());
  if (cursor_ > begin) recorder_.managed(layer, begin, cursor_);
}

void Timeline::stalled(LayerId layer, LoadId load, bool lacked_room) {
  const SimTime begin = std::exchange(cursor_, now());
  recorder_.stalled(layer, begin, cursor_, load, lacked_room);
}

}  // namespace pregate
