// SPDX-License-Identifier: Apache-2.0
// The file of a sweep as it will be when the sweep is done, as far as that is known before: which axes, keys
// and rows it has, so that what is asked of it can be tried before hours are spent. Left out: the numbers,
// which are all 1, and which scenarios fail.
#pragma once

#include <optional>

#include "experiments/sweep/stored_sweep.hpp"
#include "experiments/sweep/sweep_run.hpp"

namespace pregate {

// Axes and keys, no rows. Errors: a file that is no sweep's.
Result<StoredSweep> header_to_be(const SweepRequest& request);

// With the rows of this shard and those that the file has. Nothing of a sweep of very many, whose points take
// their time to resolve. Errors: as of header_to_be, points that do not combine, a file that a scenario names
// and that cannot be read.
Result<std::optional<StoredSweep>> sweep_to_be(const ShippedCatalogue& catalogue,
                                               const SweepRequest& request);

}  // namespace pregate
