// SPDX-License-Identifier: Apache-2.0
#include "models/machine_probe.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "kernels/cpu.hpp"
#include "kernels/memory_read.hpp"
#include "models/memory.hpp"

namespace pregate {
namespace {

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  check(!values.empty(), "a figure has rounds");
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return {.median = (values[(n - 1) / 2] + values[n / 2]) / 2,
          .least = values.front(),
          .most = values.back(),
          .rounds = static_cast<std::int64_t>(n)};
}

MachineWords describe_machine() {
  utsname system{};
  (void)::uname(&system);
  double load = 0;
  if (::getloadavg(&load, 1) != 1) load = 0;
  return {.processor = processor_name(),
          .compute = describe_cpu(),
          .kernel = fmt::format("{} {}", system.sysname, system.release),
          .date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))),
          .load = load,
          .processors = std::max(static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)), 1)};
}

Result<Spread> probe_memory(Bytes size, int rounds) {
  if (Status enough = require_memory(size, "the buffer that is read"); !enough) return enough.error();
  Result<Arena> arena = Arena::create(size);
  if (!arena) return arena.error();
  const auto bytes = static_cast<std::size_t>(size.count());
  std::byte* memory = arena->take(bytes);
  // Untouched pages would all be the same page of zeros.
  std::fill_n(memory, bytes, std::byte{1});
  (void)read_seconds(memory, bytes);
  std::vector<double> rates;
  for (int round = 0; round < rounds; ++round)
    rates.push_back(static_cast<double>(bytes) / read_seconds(memory, bytes));
  return spread_of(std::move(rates));
}

}  // namespace pregate
