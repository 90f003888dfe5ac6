// SPDX-License-Identifier: Apache-2.0
// Parameters of the synthetic routing process; see synthetic.hpp for the process and schema/scenario.proto
// for units.
#pragma once

#include <cstdint>
#include <string>

namespace pregate {

struct SyntheticParams {
  double popularity = 1.0;
  double topic = 1.0;
  double topic_persistence = 0.95;
  double context = 1.0;
  double context_persistence = 0.5;
  double group_correlation = 0.0;
  double layer_spread = 0.0;
  double prompt_noise = 0.0;
  std::int32_t prompt_tokens = 28;
  std::int32_t decode_tokens = 128;
  std::uint64_t seed = 1;
  std::string fitted_to;
};

}  // namespace pregate
