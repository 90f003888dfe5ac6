// SPDX-License-Identifier: Apache-2.0
// The loads that flash read, each in a lane from its start to its arrival: in the lowest lane that was free,
// so that there are as many lanes as loads were in flight at once. Colours: demand, prefetch that was used,
// prefetch that was not. A load that was being read when the run ended reaches to the end.
#pragma once

#include "gui/scene/lod.hpp"
#include "traces/base/result.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct FlashLanes {
  static constexpr std::uint32_t kNoLane = UINT32_MAX;

  std::vector<SliceRow> lanes;
  std::vector<std::uint32_t> lane_of;  // by LoadId; kNoLane: it never started
};

// `end`: of the run. Errors name the load.
Result<FlashLanes> flash_lanes(const RunRecord& run, std::int64_t end);

// The time during which flash read the load; empty optional: it never started.
std::optional<TimeSpan> reading_time(const LoadRecord& load, std::int64_t end);

}  // namespace pregate
