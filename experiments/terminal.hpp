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
// stays silent.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // total 0: unknown. `more` stands at the end of the line.
  void update(std::int64_t done, std::int64_t total, std::string_view more = {});
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool enabled_ = false;
  bool shown_ = false;
  Clock::time_point begin_, next_;
};

}  // namespace pregate
