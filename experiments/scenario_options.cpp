// SPDX-License-Identifier: Apache-2.0
#include "experiments/scenario_options.hpp"

namespace pregate {

CLI::Option* add_repeated(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                          const std::string& help) {
  return verb.add_option(name, values, help)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_scenario_options(CLI::App& verb, RunRequest& request) {
  verb.add_option("--trace", request.trace, "as in pregate run");
  verb.add_option("--model", request.model, "as in pregate run");
  verb.add_option("--device", request.device, "as in pregate run");
  verb.add_option("--shape-as", request.shape_as, "as in pregate run");
  add_repeated(verb, "--set", request.assignments, "change a scenario field: PATH=VALUE; may be repeated")
      ->type_name("PATH=VALUE");
}

}  // namespace pregate
