// SPDX-License-Identifier: Apache-2.0
// Counterfactuals for a reader: the sentence, a table with the most gain first, what each changes, what was
// not tried; and the JSON of the same numbers (docs/json.md). Private to experiments/: it shows
// nlohmann/json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "experiments/terminal.hpp"
#include "experiments/what_if.hpp"

namespace pregate {

std::string text_of(const WhatIf& what_if, const Look& look);
// Keys what_if, what_if_left_out, what_if_verdict.
void add_what_if(nlohmann::ordered_json& out, const WhatIf& what_if);

}  // namespace pregate
