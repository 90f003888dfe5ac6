// SPDX-License-Identifier: Apache-2.0
#include "traces/sweep_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregate {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& text) {
  const Result<SweepSpec> spec = parse_sweep_spec({"a.sweep", text});
  return spec ? "no error" : spec.error().message();
}

TEST(SweepSpec, SaysWhatTheOptionsSay_WithTheLineOfEachAxis) {
  const Result<SweepSpec> spec = parse_sweep_spec(
      {"a.sweep",
       "# a remark\nname: \"n\"\ntitle: \"t\"\nscenario: \"s\"\nmodel: \"m\"\ndevice: \"d\"\ntrace: \"r\"\n"
       "shape_as: \"w\"\nset: \"sim.seed=3\"\nvary: \"policy.lookahead=1,2\"\nvary: "
       "\"dram.expert_budget=1GiB,2GiB\"\nzip: true\n"});
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->name + spec->title + spec->scenario + spec->model + spec->device + spec->trace, "ntsmdr");
  EXPECT_EQ(spec->shape_as, "w");
  ASSERT_EQ(spec->set.size(), 1U);
  ASSERT_EQ(spec->vary.size(), 2U);
  EXPECT_EQ(spec->vary[1].text, "dram.expert_budget=1GiB,2GiB");
  EXPECT_THAT(spec->vary[1].place, HasSubstr("line 11"));
  EXPECT_TRUE(spec->zip);
  EXPECT_EQ(spec->seed, 1U) << "what a sample without a seed is drawn with";
}

TEST(SweepSpec, BadInput_IsNamedWithItsLine) {
  EXPECT_THAT(error_of(""), HasSubstr("a.sweep: vary: expected at least one axis"));
  EXPECT_THAT(error_of("vary: \"a=1\"\nzip: true\nsample: 4\n"), HasSubstr("line 3"));
  EXPECT_THAT(error_of("vary: \"a=1\"\nzip: true\nsample: 4\n"), HasSubstr("expected zip or a sample"));
  EXPECT_THAT(error_of("vary: \"a=1\"\nvarry: \"b=1\"\n"), HasSubstr("varry"));
  EXPECT_THAT(error_of("vary: \"a=1\"\nsample: -4\n"), HasSubstr("line 2"));
  EXPECT_THAT(error_of("vary: 3\n"), HasSubstr("line 1"));
}

}  // namespace
}  // namespace pregate
