// SPDX-License-Identifier: Apache-2.0
// Many jobs, some at a time, each in a process of its own that is forked from this one: what was loaded
// before is shared (copy on write), memory that a job takes is gone with it, and a crash costs one job. No
// thread may exist in this process, and no OpenMP region may have run in it: a child that begins one would
// hang.
//
// A job is a function that returns text; the text comes back through a pipe. Results arrive in the order in
// which jobs end.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "traces/base/result.hpp"

namespace pregate {

struct WorkerOptions {
  std::size_t at_once = 1;
  // Asked before each start; true ends the run: no new jobs, those in flight are waited for. May be empty.
  std::function<bool()> stop;
  // Called while waiting, at least four times a second: a place for progress. May be empty.
  std::function<void()> idle;
  // Called here before each job is forked, with its number: loads what it shares with the next ones. May be
  // empty.
  std::function<void(std::size_t)> before;
};

// Runs `job` for 0 .. count-1, each in a child; `done` is called here for each with its text, or with how it
// failed (run_failed: what it threw, the signal or the exit code that ended it). An error of `done` ends the
// run and is returned; jobs in flight are killed. run_failed when no process can be started. A child that
// outlives this process kills itself.
Status run_in_workers(std::size_t count, const std::function<std::string(std::size_t)>& job,
                      const std::function<Status(std::size_t, Result<std::string>)>& done,
                      const WorkerOptions& options);

// Cores that this process may use.
std::size_t available_cores();

}  // namespace pregate
