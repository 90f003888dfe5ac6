// SPDX-License-Identifier: Apache-2.0
// The input is the file of a sweep, an SQLite database; what can be read of it is shown in every way.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "experiments/sweep/derived.hpp"
#include "experiments/sweep/pivot.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/sweep/store.hpp"
#include "experiments/sweep/sweep_csv.hpp"
#include "experiments/sweep/sweep_plot.hpp"
#include "tests/fuzz/target.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;

// A name of this process alone; in memory where the machine has such a folder.
std::string scratch(const std::string& name) {
  const fs::path folder = fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
  return (folder / ("pregate-fuzz." + std::to_string(::getpid()) + "." + name)).string();
}

void remove_all_of(const std::string& path) {
  for (const char* end : {"", "-wal", "-shm", "-journal"}) ::unlink((path + end).c_str());
}

std::string small_sweep() {
  const std::string path = scratch("seed.db");
  {
    Result<SweepStore> store = SweepStore::open(path);
    check(store.ok(), "a store can be made");
    check(store
              ->add_axes({{"dram.expert_budget", Quantity::Kind::bytes},
                          {"policy.prefetch", Quantity::Kind::text},
                          {"runtime.io_lanes", Quantity::Kind::number}})
              .ok(),
          "axes can be added");
    for (int i = 0; i < 6; ++i) {
      SweepRow row{.hash = std::string(31, 'a') + std::to_string(i),
                   .done = i != 5,
                   .error = i == 5 ? "it failed" : "",
                   .scenario = "name: \"x\"",
                   .version = "0.1.0",
                   .seed = "1",
                   .wall_s = 0.5,
                   .paths = {"dram.expert_budget", "policy.prefetch", "runtime.io_lanes"},
                   .values = {Quantity::of_count(Quantity::Kind::bytes, (1 + i / 2) << 20),
                              Quantity::parse(i % 2 == 0 ? "none" : "pregate"), Quantity::of_number(4)},
                   .summary = {}};
      if (row.done) row.summary = summary_row(RunSummary());
      check(store->add(row).ok(), "a row can be added");
    }
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  remove_all_of(path);
  return bytes.str();
}

void try_figures(const StoredSweep& sweep) {
  const auto plotted = [&sweep](const PlotRequest& request) {
    if (const auto figure = sweep_figure(sweep, request)) (void)plot::check_figure(*figure);
  };
  plotted({});
  for (const StoredAxis& axis : sweep.axes)
    plotted({.x = axis.path, .series = {}, .panels = {}, .title = {}});
}

void try_views(const StoredSweep& sweep) {
  for (const StoredSweep::Row& row : sweep.rows) {
    check(row.values.size() == sweep.axes.size(), "a row has a cell for each axis");
    check(row.summary.size() == (row.done ? sweep.keys.size() : 0), "a row has a cell for each key");
  }
  (void)sweep_csv(sweep);
  (void)sweep_json(sweep).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (const auto table = pivot_text(sweep, {}, {}); !table)
    check(!table.error().expected.empty(), "a refusal says why");
  try_figures(sweep);
  // Derived of any axis and key that the file says it has.
  for (const StoredAxis& axis : sweep.axes) {
    if (sweep.keys.empty()) break;
    const std::string& key = sweep.keys.front();
    if (const auto crossed = crossings(sweep, {.axis = axis.path, .levels = {-1, 0, 5}, .key = key}))
      (void)pivot_text(*crossed, {.rows = {}, .columns = {}, .metric = crossed->keys[0]}, {});
    for (const Quantity& value : distinct_values(sweep, *sweep.axis(axis.path)))
      (void)with_ratio(sweep, key + "/" + axis.path + "=" + value.text());
  }
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string wal = small_sweep();
  std::string rollback = wal;  // no shared files beside it: faster
  rollback[18] = rollback[19] = 1;
  return {wal, rollback, rollback, rollback};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = pregate::scratch("db");
  std::ofstream(path, std::ios::binary) << pregate::fuzz::text_of(data, size);
  const auto sweep = pregate::read_sweep(path, {.keys = {}, .scenarios = true});
  if (sweep) {
    ++pregate::fuzz::accepted;
    pregate::try_views(*sweep);
  } else {
    pregate::fuzz::check_refusal(sweep.error());
  }
  pregate::remove_all_of(path);
  return 0;
}
