// SPDX-License-Identifier: Apache-2.0
#include "models/compute.hpp"

#include "kernels/cpu.hpp"

namespace pregate {

void use_threads(int threads) {
  set_threads(threads);
}

std::string describe_compute() {
  return describe_cpu();
}

}  // namespace pregate
