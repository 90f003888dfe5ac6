// SPDX-License-Identifier: Apache-2.0
// What two resolved scenarios say differently, field by field. Leaves out what the difference means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

// Values as --set takes them; empty: the scenario says nothing.
struct ScenarioChange {
  std::string path;  // "policy.prefetch"
  std::string a, b;

  friend bool operator==(const ScenarioChange&, const ScenarioChange&) = default;
};

// Of two canonical texts (Scenario::text, RunHeader::scenario_text), in the order of the schema. An error
// says which of the two is no scenario, and where.
Result<std::vector<ScenarioChange>> scenario_changes(std::string_view a, std::string_view b);

// A change as people read it: values on one line and not too long, "nothing" for what is not said. Where
// another device or model is named, its fields are part of that line.
struct ShownChange {
  std::string path, a, b;
  std::int64_t fields = 0;  // that follow from the name
};
std::vector<ShownChange> shown_changes(const std::vector<ScenarioChange>& changes);

}  // namespace pregate
