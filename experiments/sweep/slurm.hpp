// SPDX-License-Identifier: Apache-2.0
// A job array of Slurm from submission to its end:
//
//   Result<ArrayEnd> end = run_on_slurm(array);      // submits what is missing, waits, looks how each ended
//   if (!end) return end.error();
//   if (Status well = all_ended_well(array, *end); !well) return well;
//   ... merge result_file(array, 1..shards)
//
// It asks sbatch and squeue, found on PATH, and nothing else: there may be no slurmdbd, so a task's exit code
// is what it left in the folder (shard_array.hpp). A task that left none and is no longer in the queue was
// killed; squeue says why while the controller still remembers. Left out: ending jobs, which is the user's
// (scancel).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/sweep/shard_array.hpp"
#include "experiments/sweep/slurm_queue.hpp"

namespace pregate {

// How a shard stands while one waits.
struct ArrayCount {
  int done = 0, running = 0, pending = 0;
};

struct ShardEnd {
  enum class How { done, failed, killed };
  int shard = 0;
  How how = How::done;
  int code = 0;       // exit code, of one that failed
  std::string state;  // the last that squeue said of one that did not end well, as in "TIMEOUT"; may be empty
};

struct ArrayEnd {
  std::optional<SlurmJob> job;   // nothing where no shard was missing
  std::vector<int> submitted;    // shards of this job; the others were done before
  std::vector<ShardEnd> shards;  // all, by number
};

struct WaitOptions {
  // squeue is asked after the first pause, then ever more rarely, down to once in the longest.
  std::chrono::milliseconds first_pause{500}, longest_pause{15'000};
  std::chrono::milliseconds patience{900'000};  // with a squeue that does not answer: controllers restart
  std::chrono::milliseconds grace{10'000};      // for an exit code to be seen through a network's file system
  std::function<void(const ArrayCount&)> watch;  // called after every question
};

// The array that is still in the queue, of those that were submitted in this folder.
Result<std::optional<SlurmJob>> running_job(const ShardArray& array);
// Submits these shards. Refused (bad_input) while a job array of this folder is in the queue; run_failed with
// sbatch's first line when that refuses.
Result<SlurmJob> submit(const ShardArray& array, const std::vector<int>& which);
// Until every shard has ended. Ctrl-C ends the waiting, not the jobs: run_failed that says how to come back.
Result<std::vector<ShardEnd>> wait_for(const ShardArray& array, const SlurmJob& job,
                                       const WaitOptions& options);

// All of it, for the shards that are missing.
Result<ArrayEnd> run_on_slurm(const ShardArray& array, const WaitOptions& options = {});
// run_failed in one line that names the shards which did not end well, and what the first of them said last.
Status all_ended_well(const ShardArray& array, const ArrayEnd& end);

}  // namespace pregate
