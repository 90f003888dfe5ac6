// SPDX-License-Identifier: Apache-2.0
#include "experiments/references.hpp"

namespace pregate {

std::vector<ReferenceRow> dram_reference_rows() {
  return {};
}

}  // namespace pregate
