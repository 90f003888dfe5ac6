// SPDX-License-Identifier: Apache-2.0
// What computes the forward pass, for those above models/ who do not see the kernels.
#pragma once

#include <string>

#include "kernels/precision.hpp"

namespace pregate {

// Threads of the forward pass; 0: all that the process may use. Before the first one.
void use_threads(int threads);
// bad_input where this processor does not compute in that precision.
Status check_precision(Precision precision);
// "oneDNN 2.6.3 on AMX, 2 threads"
std::string describe_compute();

}  // namespace pregate
