// SPDX-License-Identifier: Apache-2.0
// Energy of a run by level, each beside the coefficient it was estimated with and where that comes from.
// Leaves out how it is summed: sim/account/summary.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "traces/run_record.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct EnergyLevel {
  std::string_view key;  // of JSON: "flash"
  std::string_view name;
  double run_j = 0;
  double token_j = 0;  // a decoded token; 0 without decode
  double coefficient = 0;
  std::string_view unit;  // of the coefficient
  std::string source;     // the device file's comment: "source: ...", "estimated: ...", "unverified: ..."
};

// Empty where the device has no coefficients. `device_text` is the file that the device came from, or empty.
std::vector<EnergyLevel> energy_levels(const RunSummary& summary, const DeviceSpec& device,
                                       const std::string& device_text);

// The comment behind `field: value` in a device file; empty if there is none.
std::string comment_of(std::string_view device_text, std::string_view field);

}  // namespace pregate
