// SPDX-License-Identifier: Apache-2.0
// The two streams a command has. Results go to stdout in one piece; errors and progress to stderr. What the
// terminal can show (colour, block characters) is asked once and handed to whoever draws.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

// What the reader's screen can show.
struct Look {
  bool colour = false;  // stdout is a terminal and NO_COLOR is not set
  bool utf8 = false;    // the locale's character set
};
Look detect_look();

enum class Tone : std::uint8_t { plain, strong, faint, good, warn, bad, info };
// `text` in a tone; unchanged without colour.
std::string toned(const Look& look, Tone tone, std::string_view text);

// Makes file descriptors 0 to 2 safe to use: a closed one is bound to /dev/null, so that no result file can
// take its number. Call first. Returns whether stdout was open.
bool secure_standard_streams();

// Writes everything to stdout. run_failed when it is closed or full; a reader who left (EPIPE) is an error
// with an empty message: it ends the command without a word.
Status write_stdout(std::string_view text);

// One line on stderr that is rewritten in place, only on a terminal and only after a second: a short job
// stays silent. For a program that watches, the environment variable PREGATE_PROGRESS=lines makes lines of
// it, wherever stderr goes: "progress DONE TOTAL WHAT", from the first step on and at most ten a second.
// TOTAL 0: unknown.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // total 0: unknown; else the line says how long the rest will take at the rate since the first call. `note`
  // stands at its end.
  void update(std::int64_t done, std::int64_t total, std::string_view note = {});
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void show(std::int64_t done, std::int64_t total, std::string_view note, Clock::time_point now);

  std::string what_;
  bool lines_ = false;  // for a program
  bool enabled_ = false;
  bool shown_ = false;
  Clock::time_point begin_, next_;
  std::int64_t first_ = -1;  // done at the first call
};

}  // namespace pregate
