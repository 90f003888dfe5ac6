// SPDX-License-Identifier: Apache-2.0
// `pregate validate` on this machine's disk: options, the grid, and every form of its outcome. Private to
// experiments/: it shows CLI11.
#pragma once

#include <string>
#include <vector>

#include "experiments/stream/stream_options.hpp"
#include "experiments/verbs.hpp"

namespace pregate {

struct DiskValidationOptions {
  StreamRequest stream;
  std::string device;        // empty: this machine is calibrated first
  std::string folder = ".";  // of what is made here
  std::vector<std::string> budgets = {"10%", "25%", "50%", "100%"};
  std::vector<std::string> prefetches = {"none", "pregate"};
  std::vector<std::int32_t> lanes = {1, 4};
  std::vector<std::string> evictions = {"lru"};
  int repeats = 3;
  double steady = 0.1;
  std::string npu = "device";
  std::string csv, plot, save;
};

void add_disk_validation_options(CLI::App& verb, DiskValidationOptions& options);
// Exit code 1 where a target is missed.
Status validate_on_disk(Session& session, const DiskValidationOptions& options, bool json);

}  // namespace pregate
