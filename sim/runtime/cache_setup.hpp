// SPDX-License-Identifier: Apache-2.0
// Everything about the expert cache that is decided before time starts: costs, budget, policies. The same for
// a simulated run and for one on a real disk. No SystemC.
#pragma once

#include <memory>
#include <optional>

#include "sim/residency/prefetch.hpp"
#include "sim/residency/residency.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct CacheSetup {
  ModelShape model;
  ExpertTable table;
  Bytes budget;
  std::optional<EventSequence> sequence;  // of a source with a known future
  std::optional<FutureUses> uses;
  std::unique_ptr<Residency> residency;
  std::unique_ptr<Prefetcher> prefetcher;

  // `future`: all that will be routed; null where it is not known. Errors: bad_input for a budget below one
  // event, a policy without its future, a model that does not fit the routing.
  static Result<std::unique_ptr<CacheSetup>> make(const Scenario& scenario, const RouteHeader& header,
                                                  const RouteTrace* future);

 private:
  explicit CacheSetup(ModelShape shape) : model(std::move(shape)), table(model) {}
};

// The shape a run is costed with: shape_as over the scenario's preset over the trace's own shape. An error
// says which counts do not match (layers, banks, experts).
Result<ModelShape> costed_shape(const Scenario& scenario, const RouteHeader& header);

}  // namespace pregate
