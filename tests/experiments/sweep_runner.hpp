// SPDX-License-Identifier: Apache-2.0
// What the tests of `pregate sweep` have in common: a small base, and a sweep's rows without their wall
// times.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/experiments/command_runner.hpp"

namespace pregate::test {

using Words = std::vector<std::string>;

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A scenario of a few milliseconds.
inline Words small_base() {
  return {"--scenario", "synthetic",
          "--set",      "workload.synthetic.decode_tokens=3",
          "--set",      "workload.synthetic.prompt_tokens=2"};
}

inline Words small_sweep(const std::string& out) {
  return Words{"sweep", "--out", out} + small_base();
}

// Rows as they are shown, in order of their axes, without the column that is measured.
inline std::vector<nlohmann::json> rows_of(const std::string& file) {
  const Said said = run_pregate({"sweep", "show", file, "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  std::vector<nlohmann::json> rows;
  if (said.code != 0) return rows;
  for (nlohmann::json row : nlohmann::json::parse(said.out)) {
    row.erase("wall_s");
    rows.push_back(std::move(row));
  }
  return rows;
}

// The CSV without wall_s.
inline std::string csv_of(const std::string& file) {
  const std::string csv = file + ".shown.csv";
  const Said said = run_pregate({"sweep", "show", file, "--csv", csv});
  EXPECT_EQ(said.code, 0) << said.err;
  std::istringstream in(read_file(csv));
  std::filesystem::remove(csv);
  std::string line, out;
  std::ptrdiff_t wall = -1;
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (std::ptrdiff_t c = 0; std::getline(cells, cell, ','); ++c) {
      if (cell == "wall_s") wall = c;
      if (c != wall) out += cell + ",";
    }
    out += "\n";
  }
  EXPECT_GE(wall, 0);
  return out;
}

}  // namespace pregate::test
