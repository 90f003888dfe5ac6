// SPDX-License-Identifier: Apache-2.0
// Finds what a query asks for, in order of time. A scan over the tables of the kinds that can match; a row
// costs a few loads from small tables, so that ten million rows take a fraction of a second.
#pragma once

#include <vector>

#include "gui/scene/picture.hpp"
#include "gui/scene/run_names.hpp"
#include "gui/scene/search_query.hpp"

namespace pregate {

// A load's time is when it was asked for, a lookup's that of its event; rows of one time are in the order of
// SearchKind.
std::vector<Target> search(const RunRecord& run, const RunNames& names, const SearchQuery& query);

}  // namespace pregate
