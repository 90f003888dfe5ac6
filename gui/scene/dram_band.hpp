// SPDX-License-Identifier: Apache-2.0
// What DRAM moves, by who asked: demand loads, prefetches that were used, prefetches that were not, and what
// the compute unit streams. Bytes are exact; when within a load or an operator they moved is not recorded, so
// they are spread evenly over its time (a load that ended unfinished has moved all its bytes here). The limit
// is that of the device in the run's scenario.
//
// The compute unit's bytes are those of design.md section 5: an operator's weights, and the KV cache in
// attention. A test holds them against the simulator's.
#pragma once

#include <optional>

#include "gui/scene/flow.hpp"
#include "traces/base/result.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// The channels, from below.
enum class DramUse : std::uint8_t { demand, useful, useless, npu };
static_assert(static_cast<std::size_t>(DramUse::npu) < Flow::kChannels);
Ink ink_of(DramUse use);
std::string_view words_of(DramUse use);

// What an operator streams from DRAM.
Bytes bytes_of(const RunRecord& run, const OperatorRecord& record);

struct DeviceLimits {
  Bandwidth dram;  // usable
  Bandwidth flash;
  Bytes dram_capacity;
};
// Of the scenario that the run carries. The error says why it cannot be read.
Result<DeviceLimits> device_limits(const RunRecord& run);

class DramBand {
 public:
  DramBand() = default;
  // Everything must outlive it. The error names what moves more than can be counted.
  static Result<DramBand> create(const RunRecord& run, const SliceRow& npu, std::span<const SliceRow> lanes);

  // Bytes by column and use.
  [[nodiscard]] std::vector<Flow::Sums> columns(const PixelGrid& grid) const;
  [[nodiscard]] Flow::Sums between(TimeSpan span) const;
  [[nodiscard]] Flow::Sums total() const;

 private:
  std::vector<Flow> flows_;
};

}  // namespace pregate
