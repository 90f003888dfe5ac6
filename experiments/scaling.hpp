// SPDX-License-Identifier: Apache-2.0
// The same scenario on a better device: a whole part f times as fast, or one parameter of it f times as good.
// Works on the resolved scenario, so values are what the hardware models take: efficiencies and derating are
// applied.
//
//   for (const DeviceParameter& parameter : device_parameters(scenario)) {
//     const Improvement better = improved(scenario, parameter, 1.1);  // better.scenario, better.after.value
//   }
//
// Leaves out what is not a rate, a time or a size: counts of channels, dies and lanes, and energy. A changed
// scenario's `text` is empty: the document that it was resolved from does not describe it any more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/scenario.hpp"

namespace pregate {

enum class DevicePart : std::uint8_t { flash, link, dram, npu };

// The part f times as fast at everything it does: its rates times f, its fixed times through f.
// flash: with model pages its sensing, buses and link. dram: with it what stands for the fabric around it,
// the caps of the NPU's port and of the flash's; with burst fidelity the clock of its timing set. npu:
// arithmetic and launches, not its port. f is above 0; a link that the device does not have stays away.
Scenario scaled(const Scenario& scenario, DevicePart part, double factor);
// Loads and evictions take the compute unit no time.
Scenario without_management(const Scenario& scenario);

enum class Better : std::uint8_t { higher, lower };

// A number of the device that may change how fast the scenario runs.
struct DeviceParameter {
  std::string path;  // in the schema: "device.flash.read_bandwidth"
  std::string name;  // in words: "flash bandwidth"
  Better better = Better::higher;
  double amount = 0;  // in `unit`
  std::string unit;   // "bytes/s", "MAC/s", "bytes", "s"; empty: a ratio
  std::string value;  // the same for people: "2.44 GB/s"
};

// In the order of the schema. What cannot matter is left out: a time of 0, a link that is not there, the
// insides of a flash that is not simulated by pages, a cap above what it caps, what belongs to loads where
// everything is preloaded. The room for experts is the device's DRAM, or dram.expert_budget where the
// scenario says it.
std::vector<DeviceParameter> device_parameters(const Scenario& scenario);

struct Improvement {
  Scenario scenario;
  DeviceParameter after;
};
// `parameter` (one of device_parameters(scenario)) f times as good: what is better higher times f, what is
// better lower through f. What the schema derives from it follows: DRAM's usable rate its peak, a lane the
// part that it has all of.
Improvement improved(const Scenario& scenario, const DeviceParameter& parameter, double factor);

}  // namespace pregate
