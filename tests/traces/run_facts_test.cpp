// SPDX-License-Identifier: Apache-2.0
// What the facts of a run make of records that refer to nothing, which a file may have.
#include "traces/run_facts.hpp"

#include <gtest/gtest.h>

#include "tests/traces/random_run.hpp"

namespace pregate {
namespace {

TEST(RunFacts, RowsWithoutAnExpertOrAnEvent_CountForNobody) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const RunRecord run = fixtures::random_run(seed);
    std::int64_t placed = 0, misses = 0;
    for (const LookupRecord& lookup : run.lookups) {
      placed += lookup.event.valid() ? 1 : 0;
      misses += lookup.expert.valid() && lookup.outcome == Outcome::miss ? 1 : 0;
    }
    for (const StepView& step : view_steps(run)) placed -= step.hits + step.late + step.misses;
    for (const ExpertView& expert : worst_experts(run, 1000)) misses -= expert.misses;
    EXPECT_EQ(placed, 0) << seed;
    EXPECT_EQ(misses, 0) << seed;
    for (const StallRecord& stall : run.stalls)
      EXPECT_FALSE(explain_stall(run, stall, EvictionKind::lru).empty());
  }
}

}  // namespace
}  // namespace pregate
