// SPDX-License-Identifier: Apache-2.0
// What can be opened: a run, a routing trace, a sweep. Told apart by content, read whole, never changed
// afterwards; pages share them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gui/scene/explanation.hpp"
#include "gui/scene/run_tracks.hpp"
#include "traces/base/result.hpp"
#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// What is derived from the run is made where it is read, for it takes a while too; it refers to the run, so
// that a document stays where it is.
struct RunDocument {
  static Result<std::shared_ptr<const RunDocument>> make(std::string path, RunRecord run);

  std::string path;
  RunRecord run;
  std::unique_ptr<const RunTracks> tracks{};
  std::unique_ptr<const Explainer> why{};
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
