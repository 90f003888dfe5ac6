// SPDX-License-Identifier: Apache-2.0
// A sweep as a table: a row for each combination of the row axes, a column for each of the column axes, in
// the cells one key of the summary: "-" where there is no such row, "failed" where it failed, "n/a" where the
// key has no value. Where the last column axis has two values, a third column compares the second with the
// first: a gain of what is better the more there is of it, a change of everything else.
//
//   expert budget   prefetch none   pregate     gain
//         1000 MiB           3.10      4.01   +29.4 %
#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/store.hpp"
#include "experiments/terminal.hpp"

namespace pregate {

struct PivotRequest {
  std::vector<std::string> rows, columns;  // axes; both empty: the first that varies, and the others
  std::string metric = "tokens_per_second";
};

// "ROWS:COLUMNS" or "ROWS:COLUMNS:METRIC", lists by commas, each of them may be empty.
Result<PivotRequest> parse_pivot(const std::string& text);

// Errors: an axis or key that is not there, an axis that varies and is neither a row nor a column.
Status check_pivot(const StoredSweep& sweep, const PivotRequest& request);
Result<std::string> pivot_text(const StoredSweep& sweep, const PivotRequest& request, const Look& look);

}  // namespace pregate
