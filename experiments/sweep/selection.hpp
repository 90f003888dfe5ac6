// SPDX-License-Identifier: Apache-2.0
// Which rows of a sweep are looked at, and by which axes: what tables and plots have in common.
#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/store.hpp"

namespace pregate {

// Keeps the rows whose axis has the value, for each "PATH=VALUE"; "version" and "seed" of the rows count as
// axes. Errors: an axis or a value that the sweep does not have.
Result<StoredSweep> select_rows(StoredSweep sweep, const std::vector<std::string>& where);

// One row for each point: a failure goes where the same point ran to its end. bad_input where two rows of one
// point did, as of two versions or two base scenarios: nothing tells which is meant.
Result<StoredSweep> one_row_a_point(StoredSweep sweep);

// The values that occur, in order.
std::vector<Quantity> distinct_values(const StoredSweep& sweep, std::size_t axis);
// Axes with more than one value, or with one that not every row has, in the file's order.
std::vector<std::size_t> varied_axes(const StoredSweep& sweep);

// An axis by its path or by the end of it ("expert_budget"); a key of the summary. Errors name what there is.
Result<std::size_t> find_axis(const StoredSweep& sweep, const std::string& path);
Result<std::size_t> find_key(const StoredSweep& sweep, const std::string& name);

// A summary's value as a number; nothing for null and texts.
std::optional<double> number_in(const Cell& cell);

// How a key's numbers are shown: factor, decimals and unit ("hit_rate" as percent, "stall_s" as ms,
// "bytes_read" as MiB). "KEY/OTHER" is a percentage where both have one unit, else "s per J" and the like.
struct Shown {
  double factor = 1;
  int decimals = 2;
  std::string unit;
  bool more_is_better = false;  // false: less is, or neither
  bool significant = false;     // `decimals` are significant digits: nothing is known of how large it is
};
Shown shown_as(const std::string& key);
// The same of an axis, so that all its values are above one ("MiB", "GB/s"); of numbers and texts without
// unit.
Shown shown_as(const StoredSweep& sweep, std::size_t axis);

// Which of two values anybody would rather have, all else being equal: more speed, less time, less memory and
// a cheaper device. neither: what only says how much there was to do.
enum class BetterSide : std::uint8_t { neither, more, less };
BetterSide better_side(const std::string& key);
BetterSide better_side(const StoredAxis& axis);
std::string_view to_text(BetterSide side);

// "simulated", "counted" or "estimated", as docs/json.md says.
std::string_view how_known(const std::string& key);
// The same of a sweep's key, which may not be stored but read off between its rows.
std::string how_known(const StoredSweep& sweep, const std::string& key);

// The last word of a path, or a key, for people: "expert budget".
std::string readable(std::string_view name);
// A value of an axis where it stands alone: "1 GiB", "lru", but "lookahead 2".
std::string value_name(const std::string& path, const Quantity& value);

// "a.b=c" apart; the error has no file.
struct PathValue {
  std::string path, value;
};
Result<PathValue> split_assignment(const std::string& text);

}  // namespace pregate
