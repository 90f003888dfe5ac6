// SPDX-License-Identifier: Apache-2.0
// Text from outside: whether a path may be read, whether bytes are UTF-8, and a line reader with bounds. All
// importers use it.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

// An error unless `path` is a regular file (symbolic links are followed): a pipe would block, a device never
// end.
Status check_regular_file(const std::string& path);

// The offset of the first byte that is not UTF-8 (overlong forms, surrogates and U+110000 upwards are not);
// nothing if all is.
std::optional<std::size_t> find_non_utf8(std::string_view text);

// `text` as an error shows it: in quotes, control and non-UTF-8 bytes as \xNN, cut after 60 bytes.
std::string quoted(std::string_view text);

// Hands out the lines of a text without their line ends (LF or CRLF; the last line may have none, as in RFC
// 4180). Lines are bounded, so that a text without line ends cannot fill the memory. Errors: a longer line, a
// NUL byte, a byte that is not UTF-8.
class LineReader {
 public:
  static constexpr std::size_t kMaxLine = 64 * 1024;

  LineReader(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {}

  // The next line, alive until the next call; nothing at the end.
  Result<std::optional<std::string_view>> next();
  [[nodiscard]] std::int64_t number() const {
    return number_;
  }  // of the line that next() returned last, from 1
  [[nodiscard]] const std::string& name() const { return name_; }
  // `error` at the current line, or at another.
  [[nodiscard]] Error at_line(const Error& error) const { return at_line(error, number_); }
  [[nodiscard]] Error at_line(const Error& error, std::int64_t line) const;

 private:
  Status read_line(bool& ended);

  std::istream& in_;
  std::string name_;
  std::string line_;
  std::int64_t number_ = 0;
};

}  // namespace pregate
