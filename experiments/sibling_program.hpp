// SPDX-License-Identifier: Apache-2.0
// Other programs of this project, which stand beside the running one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

// Path of the running program: what starts it again.
Result<std::string> own_program();
// Folder of the running program.
Result<std::string> program_folder();
// Path of the program `name` in that folder. The error says where it was looked for.
Result<std::string> sibling_program(std::string_view name);
// This process goes on as that program. Returns only when it cannot.
Status become_sibling(std::string_view name, const std::vector<std::string>& arguments);

}  // namespace pregate
