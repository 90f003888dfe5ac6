// SPDX-License-Identifier: Apache-2.0
// Words of the scenario's schema that only the layers above traces/ know.
#include <gtest/gtest.h>

#include "kernels/precision.hpp"
#include "traces/scenario_fields.hpp"

namespace pregate {
namespace {

TEST(SchemaWords, OfTheForwardPass_AreTheKernelsPrecisions) {
  const ScenarioField* field = find_scenario_field("workload.forward.precision");
  ASSERT_NE(field, nullptr);
  ASSERT_EQ(field->words.size(), 3U);
  for (const std::string& word : field->words) EXPECT_TRUE(parse_precision(word)) << word;
  for (const char* word : {"f64", "fp32", "int4", ""}) {
    EXPECT_FALSE(parse_precision(word)) << word;
    EXPECT_FALSE(check_scenario_value(field->path, word)) << word;
  }
}

}  // namespace
}  // namespace pregate
