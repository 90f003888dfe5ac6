// SPDX-License-Identifier: Apache-2.0
// The two DRAM fidelities on the same run: one decoded token of the synthetic scenario (Megrez2, cold cache,
// pre-gated loads) on a device, once by `flow` and once by `burst`.
#pragma once

#include <string>

#include "experiments/catalogue.hpp"

namespace pregate {

struct FidelityComparison {
  struct Side {
    Duration makespan, npu;  // npu: what its operators took, DRAM contention included
    double wall_s = 0;       // measured here: of simulate() alone
  };
  std::string device;
  Side flow, burst;
};
// Errors: a device without a timing set, or whatever stops a run.
Result<FidelityComparison> compare_fidelities(const ShippedCatalogue& catalogue, const std::string& device);

}  // namespace pregate
