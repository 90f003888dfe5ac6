// SPDX-License-Identifier: Apache-2.0
// What the two DRAM fidelities cost: changes of the set of flows a second (flow; each start and each end is
// one, with the rates worked out anew), and accesses a second (burst; of one channel).
#include <benchmark/benchmark.h>

#include "sim/hardware/burst_controller.hpp"
#include "sim/hardware/sharing.hpp"

namespace pregate {
namespace {

// Lanes of one flash beside an NPU, MiB-sized; as one ends the next begins.
void flow_changes(benchmark::State& state, Arbitration arbitration) {
  FluidNetwork network;
  const auto flash = network.add_resource({Bandwidth::bytes_per_second(4'000'000'000), arbitration});
  const auto dram = network.add_resource({Bandwidth::bytes_per_second(46'000'000'000), Arbitration::max_min});
  FlowSpec load, reader;
  load.through(flash).through(dram, Permille{2300}).cap = Bandwidth::bytes_per_second(2'000'000'000);
  load.requester = 1;
  reader.through(dram).reads = true;
  SimTime now;
  std::vector<FlowId> ended;
  const auto begin = [&](std::int64_t i) {
    FlowSpec spec = i % 4 == 0 ? reader : load;
    spec.urgency = static_cast<std::uint8_t>(i % 4 == 0 ? 0 : i % 3);
    network.start(spec, Bytes(1'000'000 + 4096 * (i % 17)), Duration(), now);
  };
  std::int64_t started = 0, changes = 0;
  for (; started < state.range(0); ++started) begin(started);
  for (auto _ : state) {
    now = *network.next_event();
    ended.clear();
    network.advance(now, ended);
    for (std::size_t e = 0; e < ended.size(); ++e) begin(started++);
    changes += 2 * static_cast<std::int64_t>(ended.size());
  }
  state.SetItemsProcessed(changes);
}
BENCHMARK_CAPTURE(flow_changes, max_min, Arbitration::max_min)->Arg(2)->Arg(4)->Arg(8)->Arg(16);
BENCHMARK_CAPTURE(flow_changes, priority, Arbitration::priority)->Arg(2)->Arg(4)->Arg(8)->Arg(16);

void burst_accesses(benchmark::State& state, const char* timing, std::int64_t random_range) {
  const DramTiming set = *parse_dram_timing(timing);
  std::int64_t accesses = 0;
  for (auto _ : state) {
    BurstController channel(set, {});
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      channel.start({.first = i << 24, .accesses = 50'000, .random_range = random_range}, {}, SimTime());
      accesses += 50'000;
    }
    std::vector<BurstController::Ended> ended;
    while (!channel.idle()) channel.advance(channel.earliest_end(), ended);
    benchmark::DoNotOptimize(ended);
  }
  state.SetItemsProcessed(accesses);
}
BENCHMARK_CAPTURE(burst_accesses, lpddr5_sequential, "lpddr5-6400", 0)
    ->Arg(1)
    ->Arg(2)
    ->Arg(3)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(burst_accesses, lpddr5_random, "lpddr5-6400", 1 << 24)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(burst_accesses, ddr5_sequential, "ddr5-5600", 0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pregate
