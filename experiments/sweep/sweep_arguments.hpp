// SPDX-License-Identifier: Apache-2.0
// What a sweep is asked for on the command line and in a file, put together: options win over the file, and
// an axis of an option over the file's axis of the same field.
#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/sweep_run.hpp"

namespace pregate {

struct SweepArguments {
  std::string spec;  // a shipped sweep or a file; empty: options alone
  RunRequest base;
  std::vector<std::string> vary;
  bool zip = false;
  std::string sample, sample_seed;  // as written; empty: the file's own
  std::string shard;                // "2/4"
  std::string jobs;                 // as written; empty: a job a core
  std::string out;
  int threads = 0;
};

Result<SweepRequest> sweep_request(const ShippedCatalogue& catalogue, const SweepArguments& arguments);

}  // namespace pregate
