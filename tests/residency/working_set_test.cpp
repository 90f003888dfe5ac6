// SPDX-License-Identifier: Apache-2.0
// Working sets: closed forms, a second way to the mean (by the gaps between uses, Denning and Schwartz 1972),
// and the token cycle of the locality numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/residency/working_set.hpp"
#include "tests/residency/worlds.hpp"
#include "traces/locality.hpp"
#include "traces/synthetic.hpp"

namespace pregate {
namespace {

using namespace testing_worlds;

std::vector<WorkingSet> sets_of(const World& world, Phases phases = Phases::decode) {
  return measure_working_sets(world.sequence, world.table, phases);
}

TEST(WorkingSet, OfACycleOfThree_GrowsToThree) {
  const std::vector<WorkingSet> sets = sets_of(one_layer({{0}, {1}, {2}, {0}, {1}, {2}}));
  ASSERT_EQ(sets.size(), 4U) << "windows of 1, 2, 4 and all 6";
  const std::int64_t windows[] = {1, 2, 4, 6}, counts[] = {6, 5, 3, 1};
  const double mean[] = {1, 2, 3, 3};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    EXPECT_EQ(sets[i].window, windows[i]);
    EXPECT_EQ(sets[i].windows, counts[i]);
    EXPECT_DOUBLE_EQ(sets[i].mean_experts, mean[i]);
    EXPECT_DOUBLE_EQ(sets[i].mean_bytes, mean[i]);
    EXPECT_EQ(sets[i].max_experts, static_cast<std::int64_t>(mean[i]));
  }
}

TEST(WorkingSet, Chance_IsTheClosedFormOfAUniformRouter) {
  // One of 8 experts a step: after w steps 8 (1 - (7/8)^w) are touched.
  const std::vector<WorkingSet> sets = sets_of(one_layer({{0}, {0}, {0}, {0}}));
  EXPECT_DOUBLE_EQ(sets[0].chance_experts, 1);
  EXPECT_NEAR(sets[1].chance_experts, 8 * (1 - 49.0 / 64), 1e-12);
  EXPECT_NEAR(sets[2].chance_experts, 8 * (1 - 2401.0 / 4096), 1e-12);
  EXPECT_DOUBLE_EQ(sets[2].mean_experts, 1) << "this router is not uniform";
}

TEST(WorkingSet, AnEventOfTheWholeBank_TouchesAllByChanceToo) {
  const std::vector<WorkingSet> sets = sets_of(one_layer({{0, 1, 2}, {0}, {1}}, 3));
  ASSERT_EQ(sets.size(), 3U);
  EXPECT_DOUBLE_EQ(sets[0].chance_experts, (3.0 + 1 + 1) / 3);
  EXPECT_NEAR(sets[1].chance_experts, (3 + 3 * (1 - 4.0 / 9)) / 2, 1e-12);
  EXPECT_DOUBLE_EQ(sets[2].chance_experts, 3);
}

TEST(WorkingSet, OfNoSteps_IsNone) {
  EXPECT_TRUE(sets_of(one_layer({})).empty());
}

TEST(WorkingSet, OfDecode_LeavesThePromptOut) {
  const World world = random_world(3, {.steps = 9, .prefill_tokens = 5});
  EXPECT_EQ(sets_of(world, Phases::decode).back().window, 8);
  EXPECT_EQ(sets_of(world, Phases::all).back().window, 9);
}

// An expert is outside a window that lies in a gap between two of its uses.
double mean_by_gaps(const World& world, std::int64_t steps, std::int64_t window) {
  std::vector<std::vector<std::int64_t>> uses(world.table.size(), {-1});
  for (std::uint32_t i = 0; i < world.sequence.size(); ++i) {
    for (const ExpertId expert : world.sequence.experts(EventId(i)))
      uses[expert.value()].push_back(world.sequence.info(EventId(i)).step);
  }
  std::int64_t touched = 0;
  for (std::vector<std::int64_t>& at : uses) {
    at.push_back(steps);
    touched += steps - window + 1;
    for (std::size_t i = 1; i < at.size(); ++i)
      touched -= std::max<std::int64_t>(0, at[i] - at[i - 1] - 1 - window + 1);
  }
  return static_cast<double>(touched) / static_cast<double>(steps - window + 1);
}

TEST(WorkingSet, OfRandomTraces_IsTheSumOverGaps_GrowsAndEndsWithAllDistinct) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto steps = static_cast<std::int32_t>(1 + seed % 23);
    const World world = random_world(seed, {.model = {.banks = 3,
                                                      .experts = 11,
                                                      .layers_per_bank = 2,
                                                      .expert_bytes = Bytes(4),
                                                      .more_bytes_per_bank = Bytes(1)},
                                            .steps = steps});
    const std::vector<WorkingSet> sets = sets_of(world);
    for (std::size_t i = 0; i < sets.size(); ++i) {
      EXPECT_NEAR(sets[i].mean_experts, mean_by_gaps(world, steps, sets[i].window), 1e-9) << seed;
      EXPECT_LE(sets[i].mean_experts, static_cast<double>(sets[i].max_experts) + 1e-9);
      if (i == 0) continue;
      EXPECT_GE(sets[i].mean_experts, sets[i - 1].mean_experts);
      EXPECT_GE(sets[i].max_bytes, sets[i - 1].max_bytes);
      EXPECT_GE(sets[i].chance_bytes, sets[i - 1].chance_bytes - 1e-9);
    }
    std::set<ExpertId> distinct;
    for (std::uint32_t i = 0; i < world.sequence.size(); ++i) {
      for (const ExpertId expert : world.sequence.experts(EventId(i))) distinct.insert(expert);
    }
    Bytes bytes;
    for (const ExpertId expert : distinct) bytes += world.table.bytes(expert);
    EXPECT_EQ(sets.back().max_experts, static_cast<std::int64_t>(distinct.size()));
    EXPECT_EQ(sets.back().max_bytes, bytes);
    EXPECT_EQ(sets.back().windows, 1);
  }
}

TEST(WorkingSet, OfOneToken_IsTheTokenCycleOfTheLocalityNumbers) {
  for (const std::int32_t layers_per_bank : {1, 3}) {
    const ModelShape model = make_model({.banks = 4,
                                         .experts = 16,
                                         .layers_per_bank = layers_per_bank,
                                         .top_k = 4,
                                         .expert_bytes = Bytes::mib(2),
                                         .more_bytes_per_bank = Bytes(12345)});
    const RouteTrace trace = synthesize(model, {.prompt_tokens = 5, .decode_tokens = 37});
    const ExpertTable table(model);
    const std::vector<WorkingSet> sets =
        measure_working_sets(EventSequence(trace, table), table, Phases::decode);
    const Locality locality = measure_locality(trace);
    EXPECT_EQ(static_cast<std::int64_t>(sets.front().mean_bytes), locality.token_cycle.count());
    EXPECT_EQ(sets.front().max_bytes, locality.token_cycle_max);
  }
}

}  // namespace
}  // namespace pregate
