// SPDX-License-Identifier: Apache-2.0
// The shards of a sweep as a job array of Slurm, on disk: one folder with the batch script, which a person
// can read and submit again by hand, and for each shard its result, its log and how it ended. The folder is
// shared by all nodes, as a cluster's home folders are. Left out: talking to Slurm (slurm.hpp).
//
//   array.sbatch   the script; its task N runs shard N
//   job.id         the last job array: what sbatch said; every task writes it as well
//   shard-3.db     the result of shard 3
//   shard-3.log    what shard 3 said
//   shard-3.exit   its exit code, the last act of its task: nobody else keeps it where there is no slurmdbd
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

// What a task runs: PROGRAM BEFORE... --shard N/SHARDS --out FOLDER/shard-N.db AFTER...
struct ShardArray {
  std::string program;
  std::vector<std::string> before, after;
  int shards = 1;
  std::string folder;
  // Whatever else decides what is computed, such as a hash of the scenarios. A folder in which another one or
  // other arguments were at work has no finished shard.
  std::string contents;
  std::vector<std::string> options;  // of sbatch, each "--name=value" or "--name"
};

std::string script_file(const ShardArray& array);
std::string job_file(const ShardArray& array);
std::string result_file(const ShardArray& array, int shard);
std::string log_file(const ShardArray& array, int shard);
std::string exit_file(const ShardArray& array, int shard);

// The batch script for these shards (ascending). bad_input for what a script cannot say: a line break or a
// backslash in a folder, an option that is none or that is set here.
Result<std::string> batch_script(const ShardArray& array, const std::vector<int>& which);

// The exit code that the task of a shard left; nothing where it left none.
std::optional<int> exit_code(const ShardArray& array, int shard);
// The shards that have not ended well, or whose result is gone; all of them where other work was in the
// folder.
std::vector<int> missing_shards(const ShardArray& array);

Status make_folder(const ShardArray& array);
// Forgets how these shards ended before, and their results where other work was in the folder; writes the
// script for them.
Status write_array(const ShardArray& array, const std::vector<int>& which);

}  // namespace pregate
