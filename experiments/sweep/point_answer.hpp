// SPDX-License-Identifier: Apache-2.0
// One scenario simulated in a worker process, and what comes back of it through the worker's pipe.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "experiments/summary_json.hpp"
#include "experiments/sweep/routing_share.hpp"

namespace pregate {

// In a worker: resolves the request, simulates it on the routing that `share` holds (or loads it there), and
// puts the summary into text. `change` may alter the resolved scenario before it runs.
std::string answer_point(const ShippedCatalogue& catalogue, const RunRequest& request, RoutingShare& share,
                         const std::function<void(Scenario&)>& change = {});

struct PointAnswer {
  std::string error;           // of a scenario that failed; empty: it ran
  std::string scenario, seed;  // its resolved text
  double wall_s = 0;           // measured
  SummaryRow summary;
};
// In the parent: what answer_point() or run_in_workers() said.
PointAnswer read_answer(const Result<std::string>& answer);

}  // namespace pregate
