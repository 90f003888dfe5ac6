// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/machine.hpp"
namespace pregate {
std::string today() {
  return "2026-11-26";
}
std::string machine_text(const std::string&) {
  return "x";
}
Result<double> plain_read_rate(const OpenedStream&, const std::vector<std::int32_t>&) {
  return 1200.0;
}
}  // namespace pregate
