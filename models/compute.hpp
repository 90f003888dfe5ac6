// SPDX-License-Identifier: Apache-2.0
// What computes the forward pass, for those above models/ who do not see the kernels.
#pragma once

#include <string>

namespace pregate {

// Threads of the forward pass; 0: all that the process may use. Before the first one.
void use_threads(int threads);
// "oneDNN 2.6.3 on AMX, 2 threads"
std::string describe_compute();

}  // namespace pregate
