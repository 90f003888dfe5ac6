// SPDX-License-Identifier: Apache-2.0
// Lookups per second of the timeless replay, for each policy, at two and at four times the token cycle or so.
// On the phone's trace where it is there, else on a random one of the same shape.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "sim/residency/curve.hpp"
#include "traces/base/random.hpp"
#include "traces/import.hpp"

namespace pregate {
namespace {

// 48 layers of 128 experts of 3 MB, six a token: choices keep half of the token before.
RouteTrace random_trace() {
  RouteTrace trace;
  trace.header.model.name = "random";
  trace.header.model.top_k = 6;
  for (std::uint32_t layer = 0; layer < 48; ++layer) {
    LayerShape shape;
    shape.bank = BankId(layer);
    trace.header.model.layers.push_back(shape);
    trace.header.model.banks.push_back({.experts = 128, .expert_bytes = Bytes(2'900'000), .expert_macs = {}});
  }
  Random random(1);
  for (int i = 0; i < 128; ++i) {
    RouteStep step;
    step.offset.push_back(0);
    for (std::size_t layer = 0; layer < 48; ++layer) {
      for (std::size_t slot = 0; slot < 6; ++slot) {
        const bool keep = i > 0 && random.chance(0.5);
        step.experts.push_back(keep ? trace.steps.back().experts[layer * 6 + slot]
                                    : static_cast<std::uint16_t>(random.below(128)));
      }
      step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
      step.layer_tokens.push_back(1);
    }
    trace.steps.push_back(std::move(step));
  }
  return trace;
}

struct Input {
  RouteTrace trace;
  ExpertTable table;
  EventSequence sequence;
  FutureUses future;

  explicit Input(RouteTrace from)
      : trace(std::move(from)),
        table(trace.header.model),
        sequence(trace, table),
        future(sequence, table.size()) {}
};

const Input& input() {
  static const Input kInput = [] {
    const std::string path = PREGATE_SHARED_DIR "/traces/phone/qwen3-30b-a3b.route.csv";
    if (!std::filesystem::exists(path)) return Input(random_trace());
    Result<RouteTrace> trace = load_trace(path);
    return Input(trace.ok() ? std::move(*trace) : random_trace());
  }();
  return kInput;
}

void replay(benchmark::State& state, EvictionKind policy) {
  const Input& in = input();
  const Bytes budget = Bytes::mib(state.range(0));
  CurvePoint point;
  for (auto _ : state) {
    point = replay_at(in.sequence, in.future, in.table, 48, policy, budget);
    benchmark::DoNotOptimize(point);
  }
  state.SetItemsProcessed(state.iterations() * point.lookups);
  state.counters["hit_percent"] = 100 * point.hit_rate();
}

#define PREGATE_CURVE(name, kind)                     \
  BENCHMARK_CAPTURE(replay, name, EvictionKind::kind) \
      ->Arg(2000)                                     \
      ->Arg(4000)                                     \
      ->Unit(benchmark::kMillisecond)                 \
      ->UseRealTime()
PREGATE_CURVE(lru, lru);
PREGATE_CURVE(lfu, lfu);
PREGATE_CURVE(lfu_decay, lfu_decay);
PREGATE_CURVE(fifo, fifo);
PREGATE_CURVE(random, random);
PREGATE_CURVE(least_stale, least_stale);
PREGATE_CURVE(layer_lru, layer_lru);
PREGATE_CURVE(layer_lfu, layer_lfu);
PREGATE_CURVE(belady, belady);
PREGATE_CURVE(belady_bypass, belady_bypass);
PREGATE_CURVE(none, none);

void build_sequence(benchmark::State& state) {
  const Input& in = input();
  for (auto _ : state) {
    EventSequence sequence(in.trace, in.table);
    FutureUses future(sequence, in.table.size());
    benchmark::DoNotOptimize(future);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(in.sequence.lookups()));
}
BENCHMARK(build_sequence)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace pregate
