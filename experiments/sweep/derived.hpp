// SPDX-License-Identifier: Apache-2.0
// What is read off a sweep's rows rather than stored in them, as a sweep again, so that table, plot and CSV
// take it like any other: a key as a share of another one, and where along an axis a key crosses a level.
#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/store.hpp"

namespace pregate {

// Adds the key "KEY/OTHER", a share: OTHER is a key of the same row ("tokens_per_second_if_resident"), or
// PATH=VALUE, which is the row that differs in this axis alone ("policy.prefetch=none"); rows of that value
// are left out then, being one by definition. A name without "/" changes nothing. Errors: a key, axis or
// value that the sweep does not have.
Result<StoredSweep> with_ratio(StoredSweep sweep, const std::string& name);

// "AXIS:LEVELS:KEY": the least value of an axis of numbers from which on KEY stays at or above each level.
struct CrossRequest {
  std::string axis;
  std::vector<double> levels;  // of KEY, in the unit of `run --json`; shares between 0 and 1
  std::string key;
};
Result<CrossRequest> parse_cross(const std::string& text);

// A row for each combination of the other axes and for each level: the crossing by linear interpolation
// between the two neighbours that were simulated, under the axis's own name ("_bytes" and "_s" behind it
// where it has that unit). A word where there is none: "always" (from the least value on), "never" (not at
// the greatest one).
Result<StoredSweep> crossings(const StoredSweep& sweep, const CrossRequest& request);

}  // namespace pregate
