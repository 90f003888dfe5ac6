// SPDX-License-Identifier: Apache-2.0
// A microbenchmark of a device's flash on the models that a run uses: `depth` lanes, each with one read after
// the other, nothing else on the machine. What storage benchmarks (fio, MQSim's closed-loop generator) do to
// a real part.
#pragma once

#include <cstdint>

#include "traces/device_spec.hpp"

namespace pregate {

struct FlashProbe {
  Bytes size;
  std::int32_t depth = 1;
  std::int64_t reads = 1000;  // timed; a fifth as many before are not
  bool random = false;        // places, else one after another
  Bytes range;                // that places are in; 0: no end
  std::uint64_t seed = 1;
  // Lanes start at random moments of this time, as threads that run on their own drift apart. Lanes that
  // start together stay together in a model without noise.
  Duration spread;
};

struct FlashProbeResult {
  double bytes_per_second = 0;
  double mean_seconds = 0;  // of a read
};

FlashProbeResult probe_flash(const DeviceSpec& device, const FlashProbe& probe);

}  // namespace pregate
