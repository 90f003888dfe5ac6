// SPDX-License-Identifier: Apache-2.0
#include "traces/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace pregate {

void check_failed(std::string_view what, std::source_location where) {
  std::fprintf(stderr, "pregate: internal error at %s:%u: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace pregate
