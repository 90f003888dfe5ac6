// SPDX-License-Identifier: Apache-2.0
// Which rows of a sweep are looked at, and by which axes: what tables and plots have in common.
#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/store.hpp"

namespace pregate {

// Keeps the rows whose axis has the value, for each "PATH=VALUE". Errors: an axis or a value that the sweep
// does not have.
Result<StoredSweep> select_rows(StoredSweep sweep, const std::vector<std::string>& where);

// The values that occur, in order.
std::vector<Quantity> distinct_values(const StoredSweep& sweep, std::size_t axis);
// Axes with more than one value, in the file's order.
std::vector<std::size_t> varied_axes(const StoredSweep& sweep);

// An axis by its path or by the end of it ("expert_budget"); a key of the summary. Errors name what there is.
Result<std::size_t> find_axis(const StoredSweep& sweep, const std::string& path);
Result<std::size_t> find_key(const StoredSweep& sweep, const std::string& name);

// A summary's value as a number; nothing for null and texts.
std::optional<double> number_in(const Cell& cell);

// How a key's numbers are shown: factor, decimals and unit ("hit_rate" as percent, "stall_s" as ms,
// "bytes_read" as MiB).
struct Shown {
  double factor = 1;
  int decimals = 2;
  std::string unit;
};
Shown shown_as(const std::string& key);
// The same of an axis, so that all its values are above one ("MiB", "GB/s"); of numbers and texts without
// unit.
Shown shown_as(const StoredSweep& sweep, std::size_t axis);

// "a.b=c" apart; the error has no file.
struct PathValue {
  std::string path, value;
};
Result<PathValue> split_assignment(const std::string& text);

}  // namespace pregate
