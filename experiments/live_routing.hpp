// SPDX-License-Identifier: Apache-2.0
// The routing of a live scenario: what its forward pass is asked for, and what its routers choose where no
// simulated device asks them. Private to experiments/: it shows CLI11.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "experiments/forward_model.hpp"
#include "experiments/run_setup.hpp"
#include "models/live_forward.hpp"

namespace pregate {

// What a live run cannot do, whatever its model.
Status check_live_scenario(const Scenario& scenario);
// The same of a run whose routing is recorded once and replayed on many devices.
Status check_live_replay(const Scenario& scenario);
// `model` as the user named it; threads 0: all.
ForwardRequest forward_request(const std::string& model, const ForwardSpec& forward, int threads);
PromptRequest prompt_request(const ForwardSpec& forward);

// Without a simulation nobody else asks: every step is run to its end. `progress(done)` before each; may be
// empty.
Status run_to_end(LiveForward& source, const std::function<void(std::int64_t)>& progress);

// Runs the forward pass of a live scenario to its end. bad_input where routing depends on what is resident,
// which only a simulation knows.
Result<std::shared_ptr<const RouteTrace>> route_live(const ShippedCatalogue& catalogue,
                                                     const ResolvedRun& run, int threads);

}  // namespace pregate
