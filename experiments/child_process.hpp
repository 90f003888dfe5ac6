// SPDX-License-Identifier: Apache-2.0
// A small program of somebody else's that runs to its end, and what it said. Left out: its standard input
// (nothing is there) and words while it runs.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

struct Finished {
  int code = 0;            // exit code; 128 + signal if it was killed
  bool timed_out = false;  // it was killed here, after the limit
  std::string out, err;    // at most the first MiB of each

  [[nodiscard]] bool well() const { return code == 0 && !timed_out; }
  // One line for an error: the first that it wrote to stderr (else to stdout), or how it ended.
  [[nodiscard]] std::string complaint() const;
};

// Path of the program `name` in the folders of PATH. The error says in which Debian package it is.
Result<std::string> program_on_path(std::string_view name, std::string_view package);

struct ChildOptions {
  std::chrono::milliseconds limit{30'000};
  std::vector<std::string> without;  // environment variables that it does not get: those that begin so
};

// In a process group of its own, so that Ctrl-C on the terminal does not end it half-way. The error is only
// that it could not be started.
Result<Finished> run_to_end(const std::string& program, const std::vector<std::string>& arguments,
                            const ChildOptions& options = {});

}  // namespace pregate
