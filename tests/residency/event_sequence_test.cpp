// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/event_sequence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/residency/worlds.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using namespace testing_worlds;

ExpertId id(std::uint32_t value) {
  return ExpertId(value);
}

std::vector<ExpertId> distinct(const std::vector<std::uint16_t>& choices, std::int32_t experts = 8) {
  const ModelShape model = make_model({.experts = experts});
  std::vector<ExpertId> out = {id(99)};
  distinct_experts(choices, BankId(0), ExpertTable(model), out);
  return out;
}

TEST(DistinctExperts, ARepeat_TakesThePlaceOfItsLastChoice) {
  EXPECT_THAT(distinct({3, 1, 3, 2, 1}), ElementsAre(id(3), id(2), id(1)));
}

TEST(DistinctExperts, NoChoices_GiveNone) {
  EXPECT_THAT(distinct({}), ElementsAre());
}

TEST(DistinctExperts, ALongPrefill_IsTreatedAsAShortOne) {
  // Above a few dozen choices another way of finding repeats takes over: both must agree.
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::uint16_t> choices;
    for (int i = 0; i < 100; ++i) choices.push_back(static_cast<std::uint16_t>(random.below(64)));
    std::vector<ExpertId> expected;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (std::find(choices.begin() + static_cast<std::ptrdiff_t>(i) + 1, choices.end(), choices[i]) ==
          choices.end()) {
        expected.push_back(id(choices[i]));
      }
    }
    EXPECT_EQ(distinct(choices, 64), expected);
  }
}

RouteTrace two_step_trace() {
  RouteTrace trace;
  trace.header.model = make_model({.banks = 2, .experts = 4, .dense_layers = 1});
  // Layers: dense, bank 0, bank 1. A prompt of two tokens, then one token.
  RouteStep prefill;
  prefill.phase = Phase::prefill;
  prefill.tokens = 2;
  prefill.offset = {0, 0, 4, 6};
  prefill.experts = {0, 1, 1, 2, 3, 0};
  prefill.layer_tokens = {2, 2, 1};
  RouteStep decode;
  decode.position = 2;
  decode.offset = {0, 0, 2, 4};
  decode.experts = {2, 3, 0, 1};
  decode.layer_tokens = {1, 1, 1};
  trace.steps = {prefill, decode};
  return trace;
}

TEST(EventSequence, OfATrace_HasOneEventAStepAndMoeLayer) {
  const RouteTrace trace = two_step_trace();
  const ExpertTable table(trace.header.model);
  const EventSequence sequence(trace, table);
  ASSERT_EQ(sequence.size(), 4U);
  EXPECT_EQ(sequence.lookups(), 3U + 2U + 2U + 2U);
  EXPECT_EQ(sequence.info(EventId(1)).layer, LayerId(2));
  EXPECT_EQ(sequence.info(EventId(1)).bank, BankId(1));
  EXPECT_EQ(sequence.info(EventId(1)).phase, Phase::prefill);
  EXPECT_EQ(sequence.info(EventId(2)).step, 1);
  EXPECT_EQ(sequence.info(EventId(2)).phase, Phase::decode);
  EXPECT_THAT(sequence.experts(EventId(0)), ElementsAre(id(0), id(1), id(2)));
  EXPECT_THAT(sequence.experts(EventId(1)), ElementsAre(id(7), id(4)));
}

TEST(EventSequence, LargestEvent_IsFoundWithItsPlace) {
  const World world = one_layer({{0, 1}, {2, 3, 4}, {5}, {0, 1, 2}});
  EventId where;
  EXPECT_EQ(world.sequence.largest_event(world.table, &where), Bytes(3));
  EXPECT_EQ(where, EventId(1));
  EXPECT_EQ(EventSequence().largest_event(world.table), Bytes(0));
}

TEST(FutureUses, NextUse_IsStrictlyLater) {
  const World world = one_layer({{0, 1}, {1}, {0}, {2}});
  EXPECT_EQ(world.future.next_use(id(0), EventId()), EventId(0));
  EXPECT_EQ(world.future.next_use(id(0), EventId(0)), EventId(2));
  EXPECT_EQ(world.future.next_use(id(0), EventId(1)), EventId(2));
  EXPECT_EQ(world.future.next_use(id(0), EventId(2)), EventId());
  EXPECT_EQ(world.future.next_use(id(7), EventId()), EventId());
}

}  // namespace
}  // namespace pregate
