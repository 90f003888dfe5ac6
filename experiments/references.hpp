// SPDX-License-Identifier: Apache-2.0
// The table behind docs/validation.md: what public simulators and a phone measured, beside what the models of
// this tree say for the same case. Each row is computed by the models that run() uses, never by a formula
// beside them. A row that misses its tolerance stays in the table.
#pragma once

#include <string>
#include <vector>

namespace pregate {

struct ReferenceRow {
  std::string group;  // heading under which it is printed, e.g. "LPDDR5-6400 x16, one channel"
  std::string name;
  std::string unit;
  double reference = 0;
  double predicted = 0;
  double tolerance = 0;  // relative; 0: reported only
  std::string source;
  std::string note;
};

// DRAM, burst and flow fidelity: cycle-level simulators (hardware.md sections 3.1, 3.2, 4.2).
std::vector<ReferenceRow> dram_reference_rows();

}  // namespace pregate
