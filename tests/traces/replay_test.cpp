// SPDX-License-Identifier: Apache-2.0
#include "traces/replay.hpp"

#include <gmock/gmock.h>

#include "tests/traces/trace_fixtures.hpp"

namespace pregate {
namespace {

std::shared_ptr<const RouteTrace> shared_trace() {
  return std::make_shared<const RouteTrace>(fixtures::random_trace(1));
}

TEST(Replay, WithoutOptions_SharesTheTraceAndGivesEveryChoice) {
  const auto trace = shared_trace();
  Replay replay(trace);
  EXPECT_EQ(replay.whole_trace(), trace.get());
  for (const RouteStep& step : trace->steps) {
    const auto info = replay.next_step();
    ASSERT_TRUE(info.ok() && info->has_value());
    EXPECT_EQ((*info)->phase, step.phase);
    EXPECT_EQ((*info)->position, step.position);
    EXPECT_EQ((*info)->tokens, step.tokens);
    for (std::uint32_t layer = 0; layer < step.layer_tokens.size(); ++layer) {
      const auto routing = replay.route(LayerId(layer));
      ASSERT_TRUE(routing.ok());
      EXPECT_THAT(routing->experts, testing::ElementsAreArray(step.layer_experts(layer)));
      EXPECT_THAT(routing->weights, testing::ElementsAreArray(step.layer_weights(layer)));
      EXPECT_EQ(routing->tokens, step.layer_tokens[layer]);
    }
  }
  for (int again = 0; again < 2; ++again) {
    const auto end = replay.next_step();
    ASSERT_TRUE(end.ok());
    EXPECT_FALSE(end->has_value());
  }
}

TEST(Replay, ADenseLayer_HasNoChoices) {
  Replay replay(shared_trace());
  ASSERT_TRUE(replay.next_step().ok());
  EXPECT_TRUE(replay.route(LayerId(0))->experts.empty());
}

TEST(Replay, OfDecodeOnly_HasAFutureOfDecodeOnly) {
  Replay replay(shared_trace(), {.skip_prefill = true});
  ASSERT_EQ(replay.whole_trace()->steps.size(), 5U);
  for (const RouteStep& step : replay.whole_trace()->steps) EXPECT_EQ(step.phase, Phase::decode);
  const auto first = replay.next_step();
  EXPECT_EQ((*first)->position, 6) << "The prompt is in the KV cache all the same.";
  for (int i = 1; i < 5; ++i) EXPECT_TRUE(replay.next_step()->has_value());
  EXPECT_FALSE(replay.next_step()->has_value());
}

TEST(Replay, MaxSteps_CountsTheStepsThatAreKept) {
  Replay all(shared_trace(), {.max_steps = 2});
  ASSERT_EQ(all.whole_trace()->steps.size(), 2U);
  EXPECT_EQ(all.whole_trace()->steps[0].phase, Phase::prefill);
  Replay decode(shared_trace(), {.skip_prefill = true, .max_steps = 2});
  ASSERT_EQ(decode.whole_trace()->steps.size(), 2U);
  EXPECT_EQ(decode.whole_trace()->steps[0].position, 6);
  Replay more(shared_trace(), {.max_steps = 1000});
  EXPECT_EQ(more.whole_trace()->steps.size(), 7U);
}

TEST(ReplayDeathTest, AskedForALayerBeforeAStep_EndsTheProcess) {
  Replay replay(shared_trace());
  EXPECT_DEATH((void)replay.route(LayerId(0)), "next_step");
}

}  // namespace
}  // namespace pregate
