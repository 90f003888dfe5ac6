// SPDX-License-Identifier: Apache-2.0
// What can be opened: a run, a routing trace, a sweep. Told apart by content, read whole, never changed
// afterwards; pages share them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "traces/base/result.hpp"
#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate {

struct RunDocument {
  std::string path;
  RunRecord run;
};

struct RouteDocument {
  std::string path;
  RouteTrace trace;
};

// sweep: a SQLite file, which the viewer reads through the command.
enum class FileKind : std::uint8_t { run, route, sweep };

// By the first bytes. The error says what was expected and what the file begins with.
Result<FileKind> file_kind(const std::string& path);

}  // namespace pregate
