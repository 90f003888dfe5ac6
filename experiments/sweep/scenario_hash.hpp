// SPDX-License-Identifier: Apache-2.0
// The name of a scenario in a sweep's file: a hash of all that its numbers depend on, which are its resolved
// text, the bytes of the files that it names (trace, prompt, checkpoint) and the version of the simulator.
// Names nothing that changes from machine to machine but paths as they were written.
#pragma once

#include <map>
#include <string>

#include "experiments/run_setup.hpp"
#include "traces/quantity.hpp"

namespace pregate {

class ScenarioHasher {
 public:
  explicit ScenarioHasher(const ShippedCatalogue& catalogue) : catalogue_(catalogue) {}
  // 32 hexadecimal digits (XXH3, 128 bits). Files are read once. Errors: a file that cannot be read.
  Result<std::string> hash(const RunRequest& request, const ResolvedRun& run);
  // The same for a point that makes no scenario, so that it has a row too.
  static std::string hash_of_unresolved(const RunRequest& request, const std::vector<std::string>& paths,
                                        const std::vector<Quantity>& values);

 private:
  Result<std::string> file_hash(const std::string& path);

  const ShippedCatalogue& catalogue_;
  std::map<std::string, std::string> files_;  // by path
};

}  // namespace pregate
