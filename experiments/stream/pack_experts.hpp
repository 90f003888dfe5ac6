// SPDX-License-Identifier: Apache-2.0
// A model's routed experts into a file (models/expert_pack.hpp), with a line of progress; Ctrl-C leaves
// nothing behind. Private to experiments/: it shows CLI11.
#pragma once

#include <string>

#include "experiments/forward_model.hpp"

namespace pregate {

// `request` names weights and precision of `found`.
Status pack_experts(const FoundModel& found, const ForwardRequest& request, const std::string& out);

}  // namespace pregate
