// SPDX-License-Identifier: Apache-2.0
// The routing that scenarios share, held while workers that replay it are forked: the last one that was asked
// for.
#pragma once

#include <optional>
#include <string>

#include "experiments/run_setup.hpp"

namespace pregate {

// What stands in the way of a run's routing whatever the model, known before anything runs: a live scenario
// whose routing would depend on the device, no folder for what its forward pass writes.
Status check_shareable(const ResolvedRun& run);

class RoutingShare {
 public:
  RoutingShare(const ShippedCatalogue& catalogue, int threads) : catalogue_(catalogue), threads_(threads) {}

  // Loads, draws or (of a live scenario) computes the routing, unless it is the one that is held. A live one
  // is computed in a child process: no thread may exist where workers are forked.
  Result<Workload> get(const RunRequest& request, const ResolvedRun& run);
  // Whether get() would have nothing to do.
  [[nodiscard]] bool holds(const ResolvedRun& run) const {
    return workload_ && key_ == run.scenario.routing_text;
  }

 private:
  Result<Workload> compute(const RunRequest& request, const ResolvedRun& run) const;

  const ShippedCatalogue& catalogue_;
  int threads_ = 0;
  std::string key_;
  std::optional<Workload> workload_;
};

}  // namespace pregate
