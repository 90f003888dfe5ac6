// SPDX-License-Identifier: Apache-2.0
// This machine as a device: every figure measured here (models/machine_probe.hpp), the coefficients that a
// device file wants fitted to them, and both as text, as JSON and as a device file. docs/calibrate.md says
// how each is measured and what it leaves out.
#pragma once

#include <algorithm>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/catalogue.hpp"
#include "experiments/flash_fit.hpp"
#include "experiments/terminal.hpp"
#include "models/machine_probe.hpp"

namespace pregate {

struct HostOptions {
  std::string file;          // to read from; empty: a file of its own
  std::string folder = ".";  // of that
  std::string precision = "int8";
  bool quick = false;  // few rows, short: for tests; its numbers say little
  std::function<void(const std::string& what, std::int64_t done, std::int64_t total)> progress;
};

// A model's products in one precision, decode (one row) and prefill.
struct HostProducts {
  Precision precision = Precision::int8;
  std::vector<ProductRow> decode, prefill;
  StreamFit stream;        // of decode
  Spread macs_per_second;  // of prefill: all its products together, a round each
};

// The write cost with which the flow model slows a streaming product as much as a busy disk did: the stream
// is left what usable - cost x flash gives. Where nothing was slowed, or by more than a device file can say,
// the nearest cost that it can.
struct Slowdown {
  double usable = 0;    // bytes a second of the memory
  double stream = 0;    // bytes a second of the product alone, after its launch
  double launch_s = 0;  // of the product, which streams nothing
  double bytes = 0;     // of the product
  double ratio = 1;     // its time beside the disk / alone
  double flash = 0;     // bytes a second of the disk
};
double write_cost_of(const Slowdown& slowdown);

struct HostCalibration {
  MachineWords machine;
  bool quick = false;
  Precision precision = Precision::int8;
  std::string read_from;  // in words
  DiskTable disk;
  FlashFit flash;
  Bytes memory_buffer;
  Spread memory_bytes_per_second;
  std::vector<HostProducts> products;  // the chosen precision first
  std::vector<OperatorRow> operators;  // of decode, in the chosen precision
  StreamFit operator_fit;              // launch and rate of a device file
  ContentionResult contention;
  Slowdown slowdown;
  double write_cost = 1;
  ManagementResult management;
  Bytes capacity, reserved;

  [[nodiscard]] const HostProducts& chosen() const { return products.front(); }
  // What memory gives at most: to whoever got more, a plain read or the products.
  [[nodiscard]] double memory_peak() const {
    return std::max(memory_bytes_per_second.median, static_cast<double>(chosen().stream.rate.count()));
  }
};

// Errors: a precision that this processor lacks, a file that is missing or too small, a folder that cannot be
// written, a disk that fails.
Result<HostCalibration> calibrate_host(const ShippedCatalogue& catalogue, const HostOptions& options);

// Why the numbers are not to be trusted, in words; empty: nothing is known against them.
std::string host_doubt(const HostCalibration& host);
std::string host_device_text(const HostCalibration& host);
std::string host_report(const Look& look, const HostCalibration& host);
nlohmann::ordered_json host_json(const HostCalibration& host);

// Every figure by itself, for all three.
struct HostFigure {
  std::string name, unit;
  Spread spread;
};
std::vector<HostFigure> host_figures(const HostCalibration& host);

}  // namespace pregate
