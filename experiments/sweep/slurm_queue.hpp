// SPDX-License-Identifier: Apache-2.0
// The two questions to Slurm: sbatch, which takes a job array, and squeue, which says how its tasks stand.
// Left out: patience with a squeue that does not answer (slurm.hpp).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "experiments/sweep/shard_array.hpp"
#include "traces/base/result.hpp"

namespace pregate {

struct SlurmJob {
  std::string id;       // of the array, in digits
  std::string cluster;  // empty: the default one
};

// "42" or "42;cluster", as `sbatch --parsable` prints it and as the folder's job.id keeps it.
std::optional<SlurmJob> parse_job(std::string_view text);
// "scancel 42": what ends it.
std::string scancel_line(const SlurmJob& job);

// What squeue said of an array, by task.
struct QueueAnswer {
  bool known = false;  // it has answered at all
  std::map<int, std::string> states;

  // In the queue: waiting, at work, or not quite gone.
  [[nodiscard]] bool holds(int task) const;
  // Empty when squeue does not know it.
  [[nodiscard]] std::string_view state(int task) const;
  // A newer answer. How a task ended is remembered after the controller has forgotten it.
  void update(const QueueAnswer& newer);
};

// run_failed when squeue is not there or does not answer; a job that nobody knows any more is an answer.
Result<QueueAnswer> ask_queue(const SlurmJob& job);
// Submits the folder's script and keeps what sbatch says in its job.id.
Result<SlurmJob> call_sbatch(const ShardArray& array);

}  // namespace pregate
