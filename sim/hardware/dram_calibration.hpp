// SPDX-License-Identifier: Apache-2.0
// What the burst model says about a memory, in the terms of the flow model: bandwidth of one stream, what
// refresh and mapping take, what several readers and writes beside a reader cost, and the first access. A new
// memory is a timing set: these coefficients follow from it. Everything here is simulated, with fixed seeds;
// streams begin at rows of their own, and where their alignment matters the mean over several is taken. No
// SystemC.
#pragma once

#include <span>
#include <vector>

#include "sim/hardware/burst_controller.hpp"
#include "traces/device_spec.hpp"

namespace pregate {

struct StreamLoad {
  StreamSpec spec;
  Pace pace;
};
struct StreamResult {
  Bandwidth total;                   // until the first stream ends
  std::vector<Bandwidth> by_stream;  // in the order given
  Duration span;
  std::vector<SimTime> ends;  // where all were run to their end
};
// One channel with these streams, all from time 0.
StreamResult run_streams(const DramTiming& timing, const BurstOptions& options,
                         std::span<const StreamLoad> loads);
// The same until the last one ends, each from its own moment on.
std::vector<SimTime> run_to_end(const DramTiming& timing, const BurstOptions& options,
                                std::span<const StreamLoad> loads, std::span<const SimTime> starts);

// `readers` streams of one channel at once, and a writer at a fixed rate where that is not zero; the mean
// over kAlignments beginnings.
struct MixResult {
  Bandwidth readers;           // together
  Bandwidth slowest, fastest;  // alignment, of the readers together
  Bandwidth writer;
};
inline constexpr std::int32_t kAlignments = 16;
struct MixSpec {
  std::int32_t readers = 1;
  Bandwidth write_rate{};    // of one channel, all writers together
  std::int32_t writers = 1;  // that share it, each a stream of its own
};
MixResult run_mix(const DramTiming& timing, const BurstOptions& options, const MixSpec& mix);

struct DramCoefficients {
  double efficiency = 0;        // one reader, interleaved, no refresh; share of peak
  double refresh_all_bank = 0;  // share of that which all-bank refresh takes
  double refresh_per_bank = 0;
  double linear_efficiency = 0;           // row by row instead of interleaved, both with refresh
  std::vector<double> reader_efficiency;  // by readers, relative to one
  double write_cost = 0;                  // of bytes written beside a reader, at the rate asked about
  Duration latency;                       // of a lone random access of 64 bytes
};
struct CalibrationTraffic {
  std::int32_t channels = 1;
  Bandwidth write_rate;      // what flash writes into all channels together ...
  std::int32_t writers = 4;  // ... in as many streams: its lanes. Each of them opens rows of its own.
};
DramCoefficients calibrate_dram(const DramTiming& timing, const CalibrationTraffic& traffic);

}  // namespace pregate
