// SPDX-License-Identifier: Apache-2.0
// Every field of a scenario, as the schema describes it: what a form is built from, and whether a text fits a
// field, said before anything is resolved.
//
//   for (const ScenarioField& field : scenario_fields()) add_row(field.path, field.help, field.fallback);
//   Status fits = check_scenario_value("dram.expert_budget", "4 GX");
//
// Leaves out what only several fields together can break ("reserved is less than the capacity") and whether a
// file, device or model is there: resolving says so.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// What the text of a field stands for.
enum class FieldUnit : std::uint8_t {
  plain,  // as the type says
  bytes,
  bandwidth,
  duration,
  mac_rate,
  fraction,  // above 0 and at most 1
  word,      // one of words
  shares,    // "1 0.92 0.88"
  timing,    // a timing set of DRAM; words are those with a name of their own
  device,    // a shipped name or a file
  model,     // a shipped name, a file or a folder
  file
};

struct ScenarioField {
  std::string path;  // "dram.expert_budget"
  FieldType type = FieldType::text;
  FieldUnit unit = FieldUnit::plain;
  std::vector<std::string> words;
  std::string range;      // "1..64", "0..64TiB"; empty: what the type takes
  std::string fallback;   // what it is when it is left out: a value, or in words; may be empty
  std::string help;       // a phrase; may be empty
  bool internal = false;  // written by the program: no matter for a form

  [[nodiscard]] std::string_view section() const;  // "device.dram"; empty at the top
  [[nodiscard]] std::string_view name() const;     // the last word of the path
};

// In the order of the schema; made once.
std::span<const ScenarioField> scenario_fields();
// Null where there is none.
const ScenarioField* find_scenario_field(std::string_view path);
// The paths that are most like `word`, the nearest first.
std::vector<std::string> nearest_scenario_paths(std::string_view word, std::size_t count);

// Whether --set PATH=TEXT can be right. The error has what the command expects and what it found; its place
// is the path.
Status check_scenario_value(std::string_view path, std::string_view text);

}  // namespace pregate
