// SPDX-License-Identifier: Apache-2.0
#include "models/compute.hpp"

#include "kernels/cpu.hpp"

namespace pregate {

void use_threads(int threads) {
  set_threads(threads);
}

Status check_precision(Precision precision) {
  if (supports(precision)) return {};
  return bad_input("a precision that this processor computes in, such as f32",
                   std::string(to_text(precision)));
}

std::string describe_compute() {
  return describe_cpu();
}

}  // namespace pregate
