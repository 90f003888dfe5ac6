// SPDX-License-Identifier: Apache-2.0
// What the compute unit did, as rows of slices: tokens (steps), layers, operators with the cache's management
// between them, stalls. The tables of a record may come from any file: a slice that overlaps the one in front
// of it, or lies outside the time there is, is an error that names it.
#pragma once

#include <functional>

#include "gui/scene/lod.hpp"
#include "traces/base/result.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// The last time that a timeline shows: 53 days. So that lengths and sums of times cannot overflow.
inline constexpr std::int64_t kLatestTime = std::int64_t{1} << 62;

Result<SliceRow> step_row(const RunRecord& run);
// From the first slice of a layer to its last: operators, management and stalls. The target is the layer's
// event; a layer without one (a dense one) is named itself, the output head by its operator.
Result<SliceRow> layer_row(const RunRecord& run);
Result<SliceRow> npu_row(const RunRecord& run);
Result<SliceRow> stall_row(const RunRecord& run);

// The slices as a row, if they are in order, apart, and within the time there is.
Result<SliceRow> checked_row(std::vector<Slice> slices);
// "operator 17": a slice of a table, in words.
std::string name_of(Target::Kind kind, std::uint64_t row);

Ink ink_of(OperatorKind kind);
Ink ink_of(StallCause cause);
// A prefetch is useful if it was used before its eviction or the end.
Ink ink_of(const LoadRecord& load);

}  // namespace pregate
