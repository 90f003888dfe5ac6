// SPDX-License-Identifier: Apache-2.0
// How much faster than real time a run is: the decode of the phone's qwen trace (or, where that is absent, a
// synthetic trace of the demo's shape) on the measured phone, 4000 MiB LRU, at `flow`. The counter
// real_time_ratio is simulated seconds a wall second; kernel_events_per_second counts wake-ups of the SystemC
// kernel.
#include <benchmark/benchmark.h>

#include <fstream>
#include <sstream>

#include "sim/simulator.hpp"
#include "traces/import.hpp"
#include "traces/replay.hpp"
#include "traces/synthetic.hpp"

namespace pregate {
namespace {

NamedText shipped(const std::string& path) {
  std::ifstream in(std::string(PREGATE_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return {path, text.str()};
}

std::shared_ptr<const RouteTrace> decode_trace() {
  ImportOptions options;
  options.model = *parse_model(shipped("models/presets/qwen3-30b-a3b.model.textproto"));
  auto trace = load_trace(std::string(PREGATE_SHARED_DIR) + "/traces/phone/qwen3-30b-a3b.route.csv", options);
  if (trace) return std::make_shared<RouteTrace>(std::move(*trace));
  return std::make_shared<RouteTrace>(synthesize(*options.model, {}));
}

Scenario phone(PrefetchKind prefetch) {
  Scenario scenario;
  scenario.device = *parse_device(shipped("experiments/devices/oneplus-15r.device.textproto"));
  scenario.expert_budget = Bytes::mib(4000);
  scenario.policy.prefetch = prefetch;
  return scenario;
}

void simulate_decode(benchmark::State& state, PrefetchKind prefetch) {
  const auto trace = decode_trace();
  const Scenario scenario = phone(prefetch);
  double simulated = 0;
  std::int64_t events = 0;
  for (auto _ : state) {
    Replay source(trace, {.skip_prefill = true});
    const auto run = simulate(scenario, source, {.keep_details = false});
    if (!run) {
      state.SkipWithError(run.error().message().c_str());
      return;
    }
    simulated += run->summary.all.makespan.to_seconds();
    events += run->summary.kernel_events;
  }
  state.counters["real_time_ratio"] = benchmark::Counter(simulated, benchmark::Counter::kIsRate);
  state.counters["kernel_events_per_second"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(simulate_decode, on_demand, PrefetchKind::none)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(simulate_decode, pregate, PrefetchKind::pregate)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace pregate
