// SPDX-License-Identifier: Apache-2.0
// The rows of a sweep for other programs: CSV (RFC 4180) and JSON. Times and rates in the units of their
// keys; axes as numbers in bytes, bytes/s, s and MAC/s, or as words. The scenario's text is left out: the
// file has it.
#pragma once

#include <string>

#include "experiments/sweep/store.hpp"

namespace pregate {

std::string sweep_csv(const StoredSweep& sweep);
Json sweep_json(const StoredSweep& sweep);

}  // namespace pregate
