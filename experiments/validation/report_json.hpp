// SPDX-License-Identifier: Apache-2.0
// Private to the validations' JSON: its format's name and the part that is computed.
#pragma once

#include <string_view>

#include "experiments/summary_json.hpp"
#include "experiments/validation/cell.hpp"

namespace pregate {

// Another meaning of a key is another number.
inline constexpr std::string_view kValidationFormat = "pregate-validation 1";

// Verdicts, errors, unequal counts, disk shares and the figures of each cell: docs/json.md.
Json validation_results(const Validation& validation);

}  // namespace pregate
