// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "traces/import.hpp"
#include "traces/input_text.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

// A file that says how far it was read, and ends early when nobody waits for it any more.
class WatchedFile : public std::filebuf {
 public:
  WatchedFile(const ReadWatch& watch, std::int64_t total) : watch_(watch), total_(total) {}
  [[nodiscard]] bool stopped() const { return stopped_; }

 protected:
  int_type underflow() override {
    if (stopped_) return traits_type::eof();
    const int_type next = std::filebuf::underflow();
    read_ += egptr() - gptr();
    stopped_ = watch_ && !watch_(read_, total_);
    return stopped_ ? traits_type::eof() : next;
  }

 private:
  const ReadWatch& watch_;
  std::int64_t read_ = 0, total_ = 0;
  bool stopped_ = false;
};

std::int64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

Result<RouteTrace> load_trace(const std::string& path, const ImportOptions& options, const ReadWatch& watch) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  WatchedFile file(watch, size_of(path));
  std::istream in(&file);
  if (file.open(path, std::ios::in | std::ios::binary) == nullptr)
    return bad_input("a file that can be read", std::strerror(errno)).at(path);
  constexpr std::string_view kExpected = "a .route file, a route_trace v1 CSV or JSON Lines";
  std::string start(16, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  if (start.empty()) return bad_input(std::string(kExpected), "an empty file").at(path);
  if (start.starts_with("\x1f\x8b")) return read_route(path, watch);
  in.clear();
  in.seekg(0);
  const bool csv = start.front() == '#';
  if (csv || start.front() == '{') {
    auto trace = csv ? import_route_csv(in, path, options) : import_jsonl(in, path, options);
    if (file.stopped()) return reading_cancelled().at(path);
    return trace;
  }
  return bad_input(std::string(kExpected), fmt::format("a file that begins with {}", pregate::quoted(start)),
                   "byte 0")
      .at(path);
}

}  // namespace pregate
