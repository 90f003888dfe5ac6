// SPDX-License-Identifier: Apache-2.0
// Unicode normal form C by utf8proc (Unicode 14), of text that is UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

Result<std::string> to_nfc(std::string_view text);

}  // namespace pregate
