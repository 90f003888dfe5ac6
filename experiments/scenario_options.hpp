// SPDX-License-Identifier: Apache-2.0
// The options that say which scenario a verb is about, where it takes them as `run` does. Private to
// experiments/: it shows CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "experiments/run_setup.hpp"

namespace pregate {

// --model, --device, --trace, --shape-as, --set and --seed.
void add_scenario_options(CLI::App& verb, RunRequest& request);

// An option that may be given several times, with one value each: what follows its value is an operand.
CLI::Option* add_repeated(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                          const std::string& help);

}  // namespace pregate
