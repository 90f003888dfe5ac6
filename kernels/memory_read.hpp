// SPDX-License-Identifier: Apache-2.0
// The limit that decode is measured against: how long all threads need to read some bytes once, in order.
#pragma once

#include <cstddef>

namespace pregate {

double read_seconds(const std::byte* data, std::size_t bytes);

}  // namespace pregate
