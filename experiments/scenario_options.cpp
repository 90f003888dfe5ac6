// SPDX-License-Identifier: Apache-2.0
#include "experiments/scenario_options.hpp"

namespace pregate {

CLI::Option* add_repeated(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                          const std::string& help) {
  return verb.add_option(name, values, help)
      ->expected(1)
      ->allow_extra_args(false)  // what follows is an operand
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_scenario_options(CLI::App& verb, RunRequest& request) {
  verb.add_option("--model", request.model,
                  "a shipped model, a .model.textproto file or a checkpoint's folder; none: the trace's own "
                  "costs");
  verb.add_option("--device", request.device, "a shipped device or a .device.textproto file");
  verb.add_option("--trace", request.trace, "a routing trace: .route, route_trace v1 CSV or JSON Lines");
  verb.add_option("--shape-as", request.shape_as,
                  "dress the routing in the layers, bytes and MACs of this model: a shipped model or a "
                  ".model.textproto file; none: do not");
  add_repeated(verb, "--set", request.assignments, "change a scenario field: PATH=VALUE; may be repeated")
      ->type_name("PATH=VALUE");
  verb.add_option("--seed", request.seed, "of everything random: policies and synthetic routing");
}

}  // namespace pregate
