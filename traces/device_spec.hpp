// SPDX-License-Identifier: Apache-2.0
// A device, resolved: flash -> (link) -> DRAM -> NPU. Written as *.device.textproto with a source beside each
// number (schema/scenario.proto says what each field means); this is the checked form the hardware models
// take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "traces/base/units.hpp"

namespace pregate {

// A positive factor in thousandths: 2.3 is 2300. Keeps rates integer.
struct Permille {
  std::int64_t value = 1000;
  friend constexpr auto operator<=>(Permille, Permille) = default;
};
constexpr Bandwidth operator*(Bandwidth rate, Permille factor) {
  return Bandwidth::bytes_per_second(static_cast<std::int64_t>(Int128{rate.count()} * factor.value / 1000));
}

struct FlashSpec {
  Bandwidth read_bandwidth;  // whole part, derating applied
  Bandwidth lane_bandwidth;  // one outstanding request, derating applied
  Duration request_latency;  // before the first byte of a request
  Bytes request_bytes;       // a load is split into requests of at most this; 0: never split
  std::int32_t queue_depth = 32;
};

struct LinkSpec {
  Bandwidth bandwidth;
  Duration latency;
};

struct DramSpec {
  Bytes capacity;
  Bytes reserved;
  Bandwidth peak_bandwidth;
  Bandwidth usable_bandwidth;  // peak x efficiency
  Permille write_cost;         // DRAM time of a written byte relative to a read one
  Duration latency;
};

struct NpuSpec {
  std::string name;
  std::string precision;     // of the arithmetic: int8, fp16, fp32
  MacRate mac_rate;          // at that precision, efficiency applied
  Bandwidth dram_bandwidth;  // of its port; never above DRAM's usable bandwidth
  Duration launch_latency;   // per operator
};

// Time the compute unit spends on the cache itself (a measured 10-20 % of a phone token).
struct ManagementSpec {
  Duration per_load;
  Duration per_mib;
  Duration per_eviction;

  [[nodiscard]] Duration of_load(Bytes size) const {
    return per_load +
           Duration::ps(detail::ceil_div(Int128{size.count()} * per_mib.count_ps(), Bytes::mib(1).count()));
  }
};

struct EnergySpec {
  double flash_pj_per_bit = 0, link_pj_per_bit = 0, dram_pj_per_bit = 0, mac_pj = 0, idle_watts = 0;
};

struct DeviceSpec {
  std::string id;
  std::string name;
  std::string kind;
  FlashSpec flash;
  std::optional<LinkSpec> link;
  DramSpec dram;
  NpuSpec npu;
  ManagementSpec management;
  std::optional<EnergySpec> energy;
  std::string notes;
};

}  // namespace pregate
