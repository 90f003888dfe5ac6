// SPDX-License-Identifier: Apache-2.0
// Broken invariants of our own. A check stays on in release: a simulator that goes on with a wrong state
// prints a wrong number, which is worse than no number. A user's mistake is never a check: it is a Result
// (result.hpp).
#pragma once

#include <source_location>
#include <string_view>

namespace pregate {

[[noreturn]] void check_failed(std::string_view what, std::source_location where);

// Ends the process with one line on stderr when `holds` is false.
constexpr void check(bool holds, std::string_view what,
                     std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    check_failed(what, where);
  }
}

}  // namespace pregate
