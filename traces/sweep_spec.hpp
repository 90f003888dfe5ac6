// SPDX-License-Identifier: Apache-2.0
// A sweep file (schema/sweep.proto): the scenario that is varied, and the axes as they are written. What an
// axis means is known to traces/sweep_axes.hpp; here it is a text with the line that it stands on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/scenario.hpp"

namespace pregate {

struct SpecText {
  std::string text;
  std::string place;  // "line 7: vary"
};

struct SweepSpec {
  std::string name, title;
  std::string scenario, model, device, trace, shape_as;  // empty: not said
  std::vector<SpecText> set, vary;
  bool zip = false;
  std::int64_t sample = 0;
  std::uint64_t seed = 1;
};

// Errors name file, line and field.
Result<SweepSpec> parse_sweep_spec(const NamedText& source);

}  // namespace pregate
