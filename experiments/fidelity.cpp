// SPDX-License-Identifier: Apache-2.0
#include "experiments/fidelity.hpp"

#include <chrono>

#include "experiments/references.hpp"
#include "experiments/run_setup.hpp"
#include "sim/simulator.hpp"
#include "traces/replay.hpp"

namespace pregate {
namespace {

Result<FidelityComparison::Side> run_side(const RunSetup& setup, Fidelity fidelity) {
  Scenario scenario = setup.scenario;
  scenario.fidelity = fidelity;
  Replay source(setup.trace, {.skip_prefill = true, .max_steps = scenario.workload.max_steps});
  const auto begin = std::chrono::steady_clock::now();
  const Result<RunRecord> run = simulate(scenario, source, {.keep_details = false});
  if (!run) return run.error();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  const PhaseSummary& all = run->summary.all;
  return FidelityComparison::Side{all.makespan, all.compute + all.dram_contention, wall.count()};
}

}  // namespace

Result<FidelityComparison> compare_fidelities(const ShippedCatalogue& catalogue, const std::string& device) {
  const Result<RunSetup> setup =
      set_up_run(catalogue, {.scenario = "synthetic",
                             .model = {},
                             .device = device,
                             .trace = {},
                             .seed = {},
                             .assignments = {"workload.phase=decode", "workload.max_steps=1"}});
  if (!setup) return setup.error();
  const Result<FidelityComparison::Side> burst = run_side(*setup, Fidelity::burst);
  if (!burst) return burst.error();
  const Result<FidelityComparison::Side> flow = run_side(*setup, Fidelity::flow);
  if (!flow) return flow.error();
  return FidelityComparison{.device = device, .flow = *flow, .burst = *burst};
}

std::vector<ReferenceRow> fidelity_reference_rows() {
  std::vector<ReferenceRow> rows;
  const ShippedCatalogue catalogue;
  for (const std::string device : {"snapdragon-8-gen-3", "orin-nano-super", "raspberry-pi-5"}) {
    const Result<FidelityComparison> both = compare_fidelities(catalogue, device);
    check(both.ok(), "the shipped devices run the scenario at both fidelities");
    const auto add = [&](std::string name, Duration flow, Duration burst) {
      rows.push_back({.group = "DRAM, flow against burst: one decoded token of Megrez2",
                      .name = device + ", " + std::move(name),
                      .unit = "ms",
                      .reference = burst.to_seconds() * 1e3,
                      .predicted = flow.to_seconds() * 1e3,
                      .tolerance = 0.03,
                      .source = "burst fidelity (simulated)",
                      .note = {}});
    };
    add("makespan", both->flow.makespan, both->burst.makespan);
    add("operators", both->flow.npu, both->burst.npu);
  }
  return rows;
}

}  // namespace pregate
