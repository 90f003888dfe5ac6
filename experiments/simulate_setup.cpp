// SPDX-License-Identifier: Apache-2.0
#include "experiments/simulate_setup.hpp"

#include <fmt/format.h>

#include <chrono>

#include "experiments/terminal.hpp"
#include "sim/simulator.hpp"
#include "traces/replay.hpp"

namespace pregate {

Result<TimedRun> simulate_source(const Simulated& of, RoutingSource& source) {
  Progress progress(fmt::format("{}: step", of.what));
  SimulateOptions options{.keep_details = of.keep_details, .progress = [&](std::int64_t done, SimTime) {
                            progress.update(done, of.steps);
                            return true;
                          }};
  const auto begin = std::chrono::steady_clock::now();
  Result<RunRecord> run = simulate(of.scenario, source, options);
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!run) return run.error().at(of.setup.scenario_file);
  return TimedRun{std::move(*run), wall_s};
}

Result<TimedRun> simulate_setup(Simulated of) {
  const WorkloadSpec& workload = of.scenario.workload;
  Replay source(of.setup.trace, {.skip_prefill = workload.decode_only, .max_steps = workload.max_steps});
  of.steps = static_cast<std::int64_t>(source.whole_trace()->steps.size());
  return simulate_source(of, source);
}

}  // namespace pregate
