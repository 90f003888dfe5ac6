// SPDX-License-Identifier: Apache-2.0
// What the verdict is made of. Private to verdict.cpp and verdict_what_if.cpp, and the inks to who draws the
// same bins.
#pragma once

#include "gui/scene/verdict.hpp"
#include "traces/run_diff.hpp"

namespace pregate {

// The bins of time in the colours of the timeline.
Ink ink_of(TimeBin bin);
// "lru"; "the policy" where the run does not tell.
std::string policy_word(const RunRecord& run);

Card counterfactual_card(const CounterfactualState& state);

}  // namespace pregate
