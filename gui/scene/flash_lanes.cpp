// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/flash_lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "gui/scene/work_rows.hpp"

namespace pregate {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t{1} << 62;

// In order: asked for, started, arrived, as far as the load came.
Status check_load(const LoadRecord& load, std::int64_t end, std::size_t row) {
  const auto reading = reading_time(load, end);
  const std::int64_t requested = load.requested.count_ps();
  const bool in_order =
      requested >= 0 && requested <= end &&
      (!reading || (requested <= reading->first && reading->first <= reading->last && reading->last <= end));
  if (!in_order) {
    return bad_input(
        fmt::format("request, start and arrival in this order, from 0 to {} ps", end),
        fmt::format("{}, {} and {} ps", requested, load.started.count_ps(), load.arrived.count_ps()),
        name_of(Target::Kind::load, row));
  }
  return {};
}

// The loads that started, in order of their start.
std::vector<std::uint32_t> by_start(const RunRecord& run, std::int64_t end) {
  std::vector<std::uint32_t> order;
  order.reserve(run.loads.size());
  for (std::size_t i = 0; i < run.loads.size(); ++i) {
    if (reading_time(run.loads[i], end)) order.push_back(static_cast<std::uint32_t>(i));
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return run.loads[a].started < run.loads[b].started;
  });
  return order;
}

}  // namespace

std::optional<TimeSpan> reading_time(const LoadRecord& load, std::int64_t end) {
  if (load.state == LoadEnd::arrived) return TimeSpan{load.started.count_ps(), load.arrived.count_ps()};
  if (load.state == LoadEnd::unfinished) return TimeSpan{load.started.count_ps(), end};
  return std::nullopt;
}

Result<FlashLanes> flash_lanes(const RunRecord& run, std::int64_t end) {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < run.loads.size(); ++i) {
    if (const Status fits = check_load(run.loads[i], end, i); !fits) return fits.error();
    const std::int64_t size = run.loads[i].bytes.count();
    if (size < 0 || size > kMostBytes - bytes) {
      return bad_input("bytes of at least 0, less than 4 EiB in all", fmt::format("{}", size),
                       name_of(Target::Kind::load, i));
    }
    bytes += size;
  }
  using Busy = std::pair<std::int64_t, std::uint32_t>;  // until when, lane
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
  std::vector<std::vector<Slice>> slices;
  FlashLanes out;
  out.lane_of.assign(run.loads.size(), FlashLanes::kNoLane);
  for (const std::uint32_t row : by_start(run, end)) {
    const TimeSpan time = *reading_time(run.loads[row], end);
    for (; !busy.empty() && busy.top().first <= time.first; busy.pop()) free.push(busy.top().second);
    if (free.empty()) {
      free.push(static_cast<std::uint32_t>(slices.size()));
      slices.emplace_back();
    }
    const std::uint32_t lane = free.top();
    free.pop();
    busy.emplace(time.last, lane);
    out.lane_of[row] = lane;
    slices[lane].push_back({.begin = time.first,
                            .end = time.last,
                            .row = row,
                            .kind = Target::Kind::load,
                            .ink = ink_of(run.loads[row])});
  }
  for (auto& lane : slices) {
    auto row = checked_row(std::move(lane));
    if (!row) return row.error();
    out.lanes.push_back(std::move(*row));
  }
  return out;
}

}  // namespace pregate
