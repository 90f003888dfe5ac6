// SPDX-License-Identifier: Apache-2.0
// How near decode comes to the memory: products of one row with weights that fit no cache, beside a plain
// parallel read of the same bytes.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <vector>

#include "kernels/matmul.hpp"
#include "kernels/memory_read.hpp"

namespace pregate {
namespace {

constexpr std::size_t kWeights = std::size_t{1200} << 20;

// Many matrices of one shape, side by side.
struct Weights {
  explicit Weights(const MatrixShape& shape)
      : layout(shape), count(kWeights / layout.bytes()), memory(count * layout.bytes()) {
    const std::vector<float> row(static_cast<std::size_t>(shape.inputs), 0.5F);
    const RowReader rows = [&](std::int64_t, std::int64_t n, float* out) {
      for (std::int64_t i = 0; i < n; ++i) std::copy(row.begin(), row.end(), out + i * shape.inputs);
    };
    for (std::size_t i = 0; i < count; ++i) (void)layout.pack(rows, memory.data() + i * layout.bytes());
  }
  PackedLayout layout;
  std::size_t count;
  Buffer<std::byte> memory;
};

void one_row(benchmark::State& state, Precision precision) {
  const MatrixShape shape{.outputs = state.range(1), .inputs = state.range(0), .precision = precision};
  const Weights weights(shape);
  const std::vector<float> x(static_cast<std::size_t>(shape.inputs), 1.0F);
  std::vector<float> y(static_cast<std::size_t>(shape.outputs));
  Activations activations;
  activations.convert(precision, x.data(), 1, shape.inputs, shape.inputs);
  double reading = 0, multiplying = 0;
  for (auto _ : state) {
    reading += read_seconds(weights.memory.data(), weights.count * weights.layout.bytes());
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < weights.count; ++i) {
      matmul({&weights.layout, weights.memory.data() + i * weights.layout.bytes()}, activations, y.data());
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    multiplying += seconds;
    state.SetIterationTime(seconds);
  }
  const double bytes =
      static_cast<double>(weights.count * weights.layout.bytes()) * static_cast<double>(state.iterations());
  state.counters["read_GB/s"] = bytes / reading * 1e-9;
  state.counters["product_GB/s"] = bytes / multiplying * 1e-9;
  state.counters["ratio"] = reading / multiplying;
}

BENCHMARK_CAPTURE(one_row, f32, Precision::f32)
    ->Args({2048, 2816})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(one_row, bf16, Precision::bf16)
    ->Args({2048, 1408})
    ->Args({1408, 2048})
    ->Args({2048, 5632})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(one_row, int8, Precision::int8)
    ->Args({2048, 1408})
    ->Args({1408, 2048})
    ->Args({2048, 5632})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pregate
