// SPDX-License-Identifier: Apache-2.0
// A JSON document as every verb prints it: two blanks a level and a newline at its end. Bytes of a file or a
// name that are no UTF-8 become U+FFFD: a report is not lost to them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace pregate {

inline std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace pregate
