// SPDX-License-Identifier: Apache-2.0
// The kernel's clock in our type and back; its resolution is 1 ps.
#pragma once

#include <systemc>

#include "traces/base/units.hpp"

namespace pregate {

inline SimTime kernel_now() {
  return SimTime::at_ps(static_cast<std::int64_t>(sc_core::sc_time_stamp().value()));
}
inline sc_core::sc_time to_kernel(Duration span) {
  return sc_core::sc_time::from_value(static_cast<std::uint64_t>(span.count_ps()));
}

}  // namespace pregate
