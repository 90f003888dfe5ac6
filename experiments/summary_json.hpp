// SPDX-License-Identifier: Apache-2.0
// The numbers of a run's summary under their stable keys (docs/json.md): what `run --json` prints, and,
// flattened, the columns of a sweep. One list, so that both say the same. What needs the run's details or the
// clock is not here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "traces/run_record.hpp"

namespace pregate {

using Json = nlohmann::ordered_json;

// The keys of design.md section 9, in its order, but for wall_s and per_token.
void add_stable_keys(Json& out, const RunSummary& summary);
void add_detail_keys(Json& out, const RunSummary& summary);

// Both, and joules by level, as one row: objects become paths ("prefetch.accuracy", "decode.bins_ps.stall");
// the values are null, whole numbers, numbers and texts. Every summary has the same keys in the same order.
using SummaryRow = std::vector<std::pair<std::string, Json>>;
SummaryRow summary_row(const RunSummary& summary);
// The keys of a summary_row().
const std::vector<std::string>& summary_keys();

}  // namespace pregate
