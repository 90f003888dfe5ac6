// SPDX-License-Identifier: Apache-2.0
// A sweep on a cluster: its shards as a job array of Slurm, waited for and merged into the sweep's file.
#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/sweep_arguments.hpp"

namespace pregate {

struct SlurmOptions {
  int shards = 4;
  std::vector<std::string> options;  // of sbatch, each "--name=value"
};

// Submits what is missing in OUT.slurm/, waits, and merges what there is, also where a shard did not end
// well: then the error says which, after the rows of the others are in the file.
Result<SweepOutcome> sweep_on_slurm(const ShippedCatalogue& catalogue, const SweepArguments& arguments,
                                    const SweepRequest& request, const SlurmOptions& options);

}  // namespace pregate
