// SPDX-License-Identifier: Apache-2.0
#include "experiments/flash_fit.hpp"

#include <algorithm>
#include <cmath>

#include "sim/hardware/flash_probe.hpp"
#include "traces/base/check.hpp"
#include "traces/base/simplex.hpp"

namespace pregate {
namespace {

constexpr int kClosedEvaluations = 4000;
constexpr std::uint64_t kDraws = 4;  // of the lanes' phases

// The search moves in logarithms of: latency and overhead in seconds, the lane's rate in bytes a second, and
// the part's relative to it.
enum Axis : std::size_t { latency, overhead, lane, part_over_lane };
using Fit = Simplex<4>;
constexpr double kLeastTime = 1e-9, kMostTime = 1.0;
constexpr double kLeastRate = 1e6, kMostRate = 1e12;

Duration duration_of(double seconds) {
  return Duration::ps(std::llround(seconds * 1e12));
}
Bandwidth bandwidth_of(double rate) {
  return Bandwidth::bytes_per_second(std::llround(rate));
}

FlashCoefficients coefficients_at(const Fit::Point& point) {
  const double lane_rate = std::exp(point[lane]);
  return {.request_latency = duration_of(std::exp(point[latency])),
          .request_overhead = duration_of(std::exp(point[overhead])),
          .lane_bandwidth = bandwidth_of(lane_rate),
          .read_bandwidth = bandwidth_of(std::min(lane_rate * std::exp(point[part_over_lane]), kMostRate))};
}

double mean_square(std::span<const FlashRow> rows, const FlashPredictor& predict,
                   const FlashCoefficients& flash, std::vector<double>* residuals = nullptr) {
  double sum = 0;
  for (const FlashRow& row : rows) {
    const double residual = predict(flash, row) / row.bytes_per_second - 1;
    sum += residual * residual;
    if (residuals != nullptr) residuals->push_back(residual);
  }
  return sum / static_cast<double>(rows.size());
}

double seconds_a_read(const FlashRow& row) {
  return static_cast<double>(row.size.count()) * row.depth / row.bytes_per_second;
}

// One lane: the smallest read is nearly all latency, the largest nearly all rate. Many: the fastest row.
Fit::Point first_guess(std::span<const FlashRow> rows) {
  const auto by_time = [](const FlashRow& a, const FlashRow& b) {
    return seconds_a_read(a) < seconds_a_read(b);
  };
  const auto lane_rate = [](const FlashRow& row) { return row.bytes_per_second / row.depth; };
  const auto quickest = std::min_element(rows.begin(), rows.end(), by_time);
  double lane_most = kLeastRate, part_most = kLeastRate;
  for (const FlashRow& row : rows) {
    lane_most = std::max(lane_most, lane_rate(row));
    part_most = std::max(part_most, row.bytes_per_second);
  }
  const double time = std::clamp(seconds_a_read(*quickest), 10 * kLeastTime, kMostTime / 2);
  return {std::log(time / 2), std::log(time / 10), std::log(lane_most * 1.2),
          std::log(std::max(part_most / (lane_most * 1.2), 1.05))};
}

FlashCoefficients search(std::span<const FlashRow> rows, const FlashPredictor& predict,
                         const Fit::Point& start, double step, int evaluations, Fit::Point* end) {
  Fit fit({.start = start,
           .first_step = {step, step, step / 4, step / 4},
           .least = {std::log(kLeastTime), std::log(kLeastTime), std::log(kLeastRate), 0},
           .most = {std::log(kMostTime), std::log(kMostTime), std::log(kMostRate), std::log(1e4)},
           .evaluations = evaluations,
           .enough = 1e-9},
          [&](const Fit::Point& point) { return mean_square(rows, predict, coefficients_at(point)); });
  *end = fit.run();
  return coefficients_at(*end);
}

}  // namespace

double predict_flash(const FlashCoefficients& flash, const FlashRow& row) {
  const auto size = static_cast<double>(row.size.count());
  const double in_turn =
      size / static_cast<double>(flash.read_bandwidth.count()) + flash.request_overhead.to_seconds();
  const double alone = flash.request_latency.to_seconds() +
                       std::max(size / static_cast<double>(flash.lane_bandwidth.count()), in_turn);
  return size / std::max(alone / row.depth, in_turn);
}

double simulate_flash(const FlashCoefficients& flash, const FlashRow& row) {
  DeviceSpec device;
  device.id = "fit";
  device.flash.read_bandwidth = flash.read_bandwidth;
  device.flash.lane_bandwidth = std::min(flash.lane_bandwidth, flash.read_bandwidth);
  device.flash.request_latency = flash.request_latency;
  device.flash.request_overhead = flash.request_overhead;
  // A DRAM that nothing fills.
  device.dram.peak_bandwidth = device.dram.usable_bandwidth =
      Bandwidth::bytes_per_second(1'000'000'000'000'000);
  device.npu.dram_bandwidth = device.dram.usable_bandwidth;
  const Duration alone = flash.request_latency + row.size / device.flash.lane_bandwidth;
  const Duration in_turn = (flash.request_overhead + row.size / flash.read_bandwidth) * row.depth;
  const std::uint64_t draws = row.depth == 1 ? 1 : kDraws;
  double sum = 0;
  for (std::uint64_t draw = 1; draw <= draws; ++draw) {
    sum += probe_flash(device, {.size = row.size,
                                .depth = row.depth,
                                .reads = 6 + 6 * row.depth,
                                .random = true,
                                .range = Bytes::gib(16),
                                .seed = draw,
                                .spread = std::max(alone, in_turn)})
               .bytes_per_second;
  }
  return sum / static_cast<double>(draws);
}

FlashFit fit_flash(std::span<const FlashRow> rows, int simulations) {
  check(!rows.empty(), "a fit has rows");
  Fit::Point at = first_guess(rows);
  FlashFit fit;
  // A simplex may collapse on a slope: it starts anew from where it ended.
  for (const double step : {1.5, 0.7, 0.3})
    fit.flash = search(rows, predict_flash, at, step, kClosedEvaluations / 3, &at);
  if (simulations > 0) fit.flash = search(rows, simulate_flash, at, 0.1, simulations, &at);
  const double square =
      mean_square(rows, simulations > 0 ? simulate_flash : predict_flash, fit.flash, &fit.residuals);
  fit.rms = std::sqrt(square);
  for (const double residual : fit.residuals) fit.worst = std::max(fit.worst, std::abs(residual));
  return fit;
}

StreamFit fit_stream(std::span<const StreamRow> rows) {
  check(!rows.empty(), "a fit has rows");
  // Minimises the sum of weight x ((a launches + b bytes) / seconds - 1)^2 by its normal equations.
  double aa = 0, ab = 0, bb = 0, a1 = 0, b1 = 0;
  for (const StreamRow& row : rows) {
    const double a = static_cast<double>(row.launches) / row.seconds,
                 b = static_cast<double>(row.bytes.count()) / row.seconds;
    aa += row.weight * a * a;
    ab += row.weight * a * b;
    bb += row.weight * b * b;
    a1 += row.weight * a;
    b1 += row.weight * b;
  }
  const double determinant = aa * bb - ab * ab;
  double launch = 0, per_byte = b1 / bb;
  if (determinant > 1e-9 * aa * bb) {
    launch = (a1 * bb - b1 * ab) / determinant;
    per_byte = (b1 * aa - a1 * ab) / determinant;
    if (launch < 0 || per_byte <= 0) {
      launch = 0;
      per_byte = b1 / bb;
    }
  }
  return {.launch = duration_of(launch), .rate = bandwidth_of(1 / per_byte)};
}

}  // namespace pregate
