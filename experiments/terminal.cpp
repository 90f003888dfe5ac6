// SPDX-License-Identifier: Apache-2.0
#include "experiments/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pregate {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

Look detect_look() {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  return {.colour = terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb",
          .utf8 = locale_is_utf8()};
}

std::string toned(const Look& look, Tone tone, std::string_view text) {
  if (!look.colour || tone == Tone::plain || text.empty()) return std::string(text);
  const auto code = [tone] {
    switch (tone) {
      case Tone::strong:
        return "1";
      case Tone::faint:
        return "2";
      case Tone::good:
        return "32";
      case Tone::warn:
        return "33";
      case Tone::bad:
        return "31";
      case Tone::info:
        return "36";
      case Tone::plain:
        break;
    }
    return "0";
  };
  return fmt::format("\033[{}m{}\033[0m", code(), text);
}

bool secure_standard_streams() {
  bool stdout_open = true;
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    if (fd == STDOUT_FILENO) stdout_open = false;
    // The lowest free number is fd itself.
    if (::open("/dev/null", O_RDWR) != fd) std::abort();
  }
  return stdout_open;
}

Status write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) return run_failed({}, {}, {});
    if (n < 0) return run_failed("stdout", "room for the result", std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Progress::Progress(std::string what)
    : what_(std::move(what)),
      lines_(environment("PREGATE_PROGRESS") == "lines"),
      enabled_(lines_ || ::isatty(STDERR_FILENO) == 1),
      begin_(Clock::now()),
      next_(lines_ ? begin_ : begin_ + std::chrono::seconds(1)) {}

namespace {

// "40 s", "3 min", "2.5 h": a rough time.
std::string rough(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

void Progress::update(std::int64_t done, std::int64_t total, std::string_view note) {
  if (!enabled_) return;
  if (first_ < 0) first_ = done;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  if (lines_) {
    // Not fmt::print: that nobody reads any more is no reason to throw.
    std::fputs(
        fmt::format("progress {} {} {}{}{}\n", done, total, what_, note.empty() ? "" : ", ", note).c_str(),
        stderr);
    return;
  }
  show(done, total, note, now);
}

void Progress::show(std::int64_t done, std::int64_t total, std::string_view note, Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const auto lately = static_cast<double>(done - first_);
  std::string of, left;
  if (total > 0) {
    of = fmt::format(" of {} ({:.0f} %)", total,
                     100.0 * static_cast<double>(done) / static_cast<double>(total));
    const double rate = lately / seconds;
    if (lately > 0 && done < total)
      left = fmt::format(", {:.{}f}/s, {} left", rate, rate < 10 ? 1 : 0,
                         rough(static_cast<double>(total - done) / rate));
  }
  fmt::print(stderr, "\r\033[K{} {}{}, {}{}{}{}", what_, done, of, rough(seconds), left,
             note.empty() ? "" : ", ", note);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace pregate
