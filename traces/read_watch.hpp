// SPDX-License-Identifier: Apache-2.0
// For whoever reads a large file while somebody waits: told how far it came, and asked whether to go on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "traces/base/result.hpp"

namespace pregate {

// Bytes of the file so far, and of the whole file. False: stop; the reader ends with reading_cancelled().
// Called once for each block, on a thread of the reader's, never after it has returned. Empty: nobody
// watches.
using ReadWatch = std::function<bool(std::int64_t read, std::int64_t total)>;

inline Error reading_cancelled() {
  return run_failed({}, "to read the whole file", "a wish to stop");
}

}  // namespace pregate
