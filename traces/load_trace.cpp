// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "traces/import.hpp"
#include "traces/input_text.hpp"
#include "traces/route_file.hpp"

namespace pregate {

Result<RouteTrace> load_trace(const std::string& path, const ImportOptions& options) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad_input("a file that can be read", std::strerror(errno)).at(path);
  constexpr std::string_view kExpected = "a .route file, a route_trace v1 CSV or JSON Lines";
  std::string start(16, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  if (start.empty()) return bad_input(std::string(kExpected), "an empty file").at(path);
  if (start.starts_with("\x1f\x8b")) return read_route(path);
  in.clear();
  in.seekg(0);
  if (start.front() == '#') return import_route_csv(in, path, options);
  if (start.front() == '{') return import_jsonl(in, path, options);
  return bad_input(std::string(kExpected), fmt::format("a file that begins with {}", quoted(start)), "byte 0")
      .at(path);
}

}  // namespace pregate
