// SPDX-License-Identifier: Apache-2.0
// A routing trace as a route_trace v1 CSV (design.md section 8), which import_route_csv() reads again: the
// same steps, and the sizes that the format has. Streams to a file.
//
// The format has less than a .route file. What it cannot say without changing what was chosen is refused:
// choices that a recorder dropped, decode steps of several tokens, gaps. What it merely leaves out is listed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/route_trace.hpp"

namespace pregate {

struct RouteCsvExport {
  std::int64_t rows = 0;  // choices
  std::vector<std::string> left_out;
};

Result<RouteCsvExport> export_route_csv(const RouteTrace& trace, const std::string& path);

}  // namespace pregate
