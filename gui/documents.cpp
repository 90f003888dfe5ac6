// SPDX-License-Identifier: Apache-2.0
#include "gui/documents.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "traces/input_text.hpp"
#include "traces/record_stream.hpp"

namespace pregate {
namespace {

constexpr std::string_view kExpected = "a .run, a .route, a routing trace (CSV or JSON Lines) or a sweep";
constexpr std::string_view kSqlite{"SQLite format 3\0", 16};

Result<std::string> first_bytes(const std::string& path) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad_input("a file that can be read", std::strerror(errno)).at(path);
  std::string start(16, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  return start;
}

}  // namespace

Result<std::shared_ptr<const RunDocument>> RunDocument::make(std::string path, RunRecord run) {
  auto document = std::make_shared<RunDocument>();
  document->path = std::move(path);
  document->run = std::move(run);
  auto tracks = RunTracks::build(document->run);
  if (!tracks) return tracks.error().at(document->path);
  document->tracks = std::move(*tracks);
  document->why = std::make_unique<const Explainer>(document->run);
  return std::shared_ptr<const RunDocument>(std::move(document));
}

Result<FileKind> file_kind(const std::string& path) {
  const auto start = first_bytes(path);
  if (!start) return start.error();
  if (start->empty()) return bad_input(std::string(kExpected), "an empty file").at(path);
  if (*start == kSqlite) return FileKind::sweep;
  if (start->front() == '#' || start->front() == '{') return FileKind::route;
  if (!start->starts_with("\x1f\x8b")) {
    return bad_input(std::string(kExpected),
                     fmt::format("a file that begins with {}", pregate::quoted(*start)), "byte 0")
        .at(path);
  }
  // Both are the same container; the word in it tells them apart.
  if (RecordReader::open(path, "pregate.run").ok()) return FileKind::run;
  if (RecordReader::open(path, "pregate.route").ok()) return FileKind::route;
  // Damaged in its first bytes, or foreign: the reader of runs says how.
  const auto run = RecordReader::open(path, "pregate.run");
  return run.error();
}

}  // namespace pregate
