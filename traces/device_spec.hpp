// SPDX-License-Identifier: Apache-2.0
// A device, resolved: flash -> (link) -> DRAM -> NPU. Written as *.device.textproto with a source beside each
// number (schema/scenario.proto says what each field means); this is the checked form the hardware models
// take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/base/units.hpp"
#include "traces/dram_timing.hpp"

namespace pregate {

// A positive factor in thousandths: 2.3 is 2300. Keeps rates integer.
struct Permille {
  std::int64_t value = 1000;
  friend constexpr auto operator<=>(Permille, Permille) = default;
};
constexpr Bandwidth operator*(Bandwidth rate, Permille factor) {
  return Bandwidth::bytes_per_second(static_cast<std::int64_t>(Int128{rate.count()} * factor.value / 1000));
}

// What is inside a flash part, for the page-level model (sim/hardware/flash_pages.hpp).
struct FlashPagesSpec {
  std::int32_t channels = 1;
  std::int32_t chips = 1;   // a channel
  std::int32_t dies = 1;    // a chip
  std::int32_t planes = 1;  // a die
  Bytes page;
  Duration sense;
  Duration command;  // on the bus
  Bandwidth bus;     // of one channel, derating applied
  bool cache_read = true;
  Bandwidth link;     // payload, derating applied
  Duration overhead;  // of host and controller, before a request reaches the array
  Bytes chunk;        // crosses the link at a time; 0: a whole request
  // Mapping table.
  Bytes mapping_cache;                      // 0: all of it is held
  std::int64_t mapping_entries_a_page = 1;  // of a translation page
  Bytes mapping_read;
  bool mapping_whole_page = true;
};

enum class FlashModel : std::uint8_t { fitted, pages };

// Who gets what of a resource that several transfers want. max_min: all grow together. priority: the more
// urgent class first, the others what it leaves. weighted: classes share in proportion to weights.
enum class Arbitration : std::uint8_t { max_min, priority, weighted };

struct FlashSpec {
  FlashModel model = FlashModel::fitted;
  Bandwidth read_bandwidth;  // whole part, derating applied; with model pages: the link's payload
  Bandwidth lane_bandwidth;  // one outstanding request, derating applied
  Duration request_latency;  // before the first byte of a request
  Bytes request_bytes;       // a load is split into requests of at most this; 0: never split
  std::int32_t queue_depth = 32;
  Duration request_overhead;  // of the whole part, beside the bytes
  Permille hot_derate;        // further, where the scenario says hot
  std::optional<FlashPagesSpec> pages;

  // The same part throttled by `factor`: rates fall, sensing takes longer, fixed times stay.
  [[nodiscard]] FlashSpec derated(Permille factor) const;
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
  // Usable bandwidth by the number of streams that read at once, relative to that of one.
  std::vector<Permille> by_readers{};
  Bandwidth dma_bandwidth{};  // cap of the flash's port; zero: none
  // For the burst model; also what the figures above are calibrated on.
  std::optional<DramTiming> timing{};
  std::int32_t channels = 0;
  Refresh refresh = Refresh::all_bank;
  DramMapping mapping = DramMapping::interleaved;
};

struct NpuSpec {
  std::string name;
  std::string precision;     // of the arithmetic: int8, fp16, fp32
  MacRate mac_rate;          // at that precision, efficiency applied
  Bandwidth dram_bandwidth;  // of its port; never above DRAM's usable bandwidth
  Duration launch_latency;   // per operator
  Bandwidth port{};          // what its port alone allows; zero: no limit
};

// How the runtime loads an expert, and the time the compute unit spends on the cache itself (a measured 10-20
// % of a phone token).
struct ManagementSpec {
  Duration per_load;
  Duration per_mib;
  Duration per_eviction;
  // Whether a load is paid for as soon as it is being read (a runtime that evicts meanwhile) or when it
  // arrives.
  bool at_start = false;
  // Tensors of an expert that lie apart on flash are read by a request each.
  std::int32_t reads_per_load = 1;

  [[nodiscard]] Duration of_load(Bytes size) const {
    return per_load +
           Duration::ps(detail::ceil_div(Int128{size.count()} * per_mib.count_ps(), Bytes::mib(1).count()));
  }
};

struct EnergySpec {
  double flash_pj_per_bit = 0, link_pj_per_bit = 0, dram_pj_per_bit = 0, mac_pj = 0, idle_watts = 0;
  double sram_pj_per_bit = 0;
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
