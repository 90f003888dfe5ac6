// SPDX-License-Identifier: Apache-2.0
// A table of random reads by size and lanes as the four numbers that the fitted flash has (sim/hardware/
// flash.hpp): least squares of the relative error of the rates. First with a closed form, whose search is
// cheap, from there with the simulator's own flash as the predictor, so that what is fitted is what will run.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "traces/base/units.hpp"

namespace pregate {

struct FlashRow {
  Bytes size;  // of a read
  std::int32_t depth = 1;
  double bytes_per_second = 0;  // of all lanes
};

struct FlashCoefficients {
  Duration request_latency;
  Duration request_overhead;
  Bandwidth lane_bandwidth;
  Bandwidth read_bandwidth;
};

// Bytes a second of all lanes in a row (its own rate is not looked at).
using FlashPredictor = std::function<double(const FlashCoefficients&, const FlashRow&)>;
// The lanes' limit or the part's, whichever is less: what lanes at random phases come near to.
double predict_flash(const FlashCoefficients& flash, const FlashRow& row);
// The simulated flash, lanes at random phases, mean of a few draws.
double simulate_flash(const FlashCoefficients& flash, const FlashRow& row);

struct FlashFit {
  FlashCoefficients flash;
  std::vector<double> residuals;  // of each row: predicted / measured - 1, by the last predictor
  double worst = 0, rms = 0;
};
// `simulations` of the whole table at most; 0: the closed form alone. Rows are at least one.
FlashFit fit_flash(std::span<const FlashRow> rows, int simulations);

// Time of a product whose weights stream from memory: launch + bytes / rate. Least squares of the relative
// error; launch is not below zero.
struct StreamRow {
  Bytes bytes;
  double seconds = 0;
  std::int64_t launches = 1;  // that the time holds
  double weight = 1;          // of its relative error
};
struct StreamFit {
  Duration launch;
  Bandwidth rate;
  [[nodiscard]] double seconds(Bytes bytes, std::int64_t launches = 1) const {
    return (launch * launches + bytes / rate).to_seconds();
  }
};
// Rows are at least one; one alone, or rows of one size, have no launch.
StreamFit fit_stream(std::span<const StreamRow> rows);

}  // namespace pregate
