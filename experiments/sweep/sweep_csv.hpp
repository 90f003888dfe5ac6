// SPDX-License-Identifier: Apache-2.0
// The rows of a sweep for other programs: CSV (RFC 4180) and JSON. Times and rates in the units of their
// keys; axes as numbers in bytes, bytes/s, s and MAC/s, or as words. The scenarios' texts are left out:
// `sweep show --scenario` tells one.
#pragma once

#include <string>

#include "experiments/sweep/store.hpp"

namespace pregate {

std::string sweep_csv(const StoredSweep& sweep);
Json sweep_json(const StoredSweep& sweep);
// Everything that a viewer needs in one object, a row a line: axes with their kinds, keys with the unit that
// they are shown in (a number x factor) and which side is better, rows as lists in the order of both. The
// numbers are those of sweep_json().
std::string sweep_document(const StoredSweep& sweep);

}  // namespace pregate
