// SPDX-License-Identifier: Apache-2.0
// The table behind docs/validation.md: what public simulators and a phone measured, beside what the models of
// this tree say for the same case. Each row is computed by the models that run() uses, never by a formula
// beside them. A row that misses its tolerance stays in the table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "traces/base/result.hpp"

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
// Flow against burst on a whole token of three devices; burst is the reference. Takes a minute.
std::vector<ReferenceRow> fidelity_reference_rows();
// Flash: MQSim for the page-level model, a phone's table for the fitted one, published parts for shipped
// devices (hardware.md sections 1.2 and 3.4).
Result<std::vector<ReferenceRow>> flash_reference_rows();

// A whole system: the phone's recorded runs replayed on its device file.
struct PhoneReferences {
  std::vector<ReferenceRow> rows;
  std::vector<std::string> remarks;  // a paragraph each: how it was done, where it misses
};
// `folder` holds the recordings (qwen3-30b-a3b.route.csv and .metrics.csv, gpt-oss-120b.route.csv).
Result<PhoneReferences> phone_references(const std::string& folder);

// Relative error of a row; none where there is no reference.
std::optional<double> error_of(const ReferenceRow& row);
// Outside its tolerance. A row without one, or without a reference, never is.
bool outside(const ReferenceRow& row);

}  // namespace pregate
