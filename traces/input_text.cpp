// SPDX-License-Identifier: Apache-2.0
#include "traces/input_text.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace pregate {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// The length of the UTF-8 sequence at `at`, 0 if there is none. Table 3-7 of the Unicode Standard.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const unsigned char first = byte_at(text, at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : (first & 0xf0) == 0xe0        ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || at + length > text.size()) return 0;
  const unsigned char second = byte_at(text, at + 1);
  const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(text, at + i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

Status check_regular_file(const std::string& path) {
  if (path.find('\0') != std::string::npos) return bad_input("a path", quoted(path)).at(quoted(path));
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    const std::string found = errno == ENOENT ? "no such file" : std::strerror(errno);
    return bad_input("a file that can be read", found).at(path);
  }
  if (!S_ISREG(info.st_mode)) return bad_input("a regular file", std::string(kind_of(info.st_mode))).at(path);
  return {};
}

std::optional<std::size_t> find_non_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string out = "\"";
  std::size_t at = 0;
  while (at < text.size() && at < kMost) {
    const std::size_t length = sequence_length(text, at);
    const unsigned char c = byte_at(text, at);
    if (length == 0 || c < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", c);
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out + (at < text.size() ? "...\"" : "\"");
}

Error LineReader::at_line(const Error& error, std::int64_t line) const {
  return error.at(name_, fmt::format("line {}", line));
}

Status LineReader::read_line(bool& ended) {
  line_.clear();
  constexpr int kEnd = std::char_traits<char>::eof();
  int c = kEnd;
  try {  // A file buffer reports a read error by throwing.
    std::streambuf* buffer = in_.rdbuf();
    while ((c = buffer->sbumpc()) != kEnd && c != '\n') {
      if (line_.size() == kMaxLine) {
        return at_line(bad_input(fmt::format("a line of at most {} bytes", kMaxLine), "a longer one"));
      }
      line_ += static_cast<char>(c);
    }
  } catch (const std::ios_base::failure& failure) {
    return run_failed(name_, "to read the file", failure.what());
  }
  ended = c == kEnd && line_.empty();
  return {};
}

Result<std::optional<std::string_view>> LineReader::next() {
  ++number_;
  bool ended = false;
  if (const Status read = read_line(ended); !read) return read.error();
  if (ended) return std::optional<std::string_view>();
  if (line_.ends_with('\r')) line_.pop_back();
  if (const auto nul = line_.find('\0'); nul != std::string::npos) {
    return at_line(bad_input("text", fmt::format("a NUL byte at column {}", nul + 1)));
  }
  if (const auto bad = find_non_utf8(line_)) {
    return at_line(
        bad_input("UTF-8", fmt::format("byte 0x{:02x} at column {}", byte_at(line_, *bad), *bad + 1)));
  }
  return std::optional<std::string_view>(line_);
}

}  // namespace pregate
