// SPDX-License-Identifier: Apache-2.0
// The timeline of runs that the simulator made, held against what it says of them.
#include "gui/scene/run_tracks.hpp"
#include "tests/sim/small_world.hpp"

namespace pregate {
namespace {

using namespace pregate::testing;

// A prompt, then tokens and a batch of two; six layers in banks of three, the first one dense.
RunRecord simulated(std::uint64_t seed, PrefetchKind prefetch) {
  Random random(seed);
  ModelShape model = round_model({{false}, {}, {}, {}, {}, {}}, 12, 2, 3, Macs(1'000'000));
  for (LayerShape& layer : model.layers) {
    layer.attention_bytes = Bytes(3'000'000);
    layer.attention_macs = Macs(5'000'000);
    layer.feed_forward_bytes = Bytes(2'000'000);
    layer.feed_forward_macs = Macs(5'000'000);
  }
  model.kv_bytes = Bytes(2'048);
  model.head_bytes = Bytes(7'000'000);
  auto trace = std::make_shared<RouteTrace>();
  trace->header.model = model;
  std::int64_t position = 0;
  for (int s = 0; s < 12; ++s) {
    RouteStep step;
    step.phase = s == 0 ? Phase::prefill : Phase::decode;
    step.tokens = s == 0 ? 4 : s == 7 ? 2 : 1;
    step.position = position;
    position += step.tokens;
    step.offset.push_back(0);
    for (const LayerShape& layer : model.layers) {
      for (int t = 0; layer.is_moe() && t < step.tokens; ++t) {
        const auto first = static_cast<std::uint16_t>(random.below(12));
        step.experts.push_back(first);
        step.experts.push_back(static_cast<std::uint16_t>((first + 1 + random.below(11)) % 12));
      }
      step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
      step.layer_tokens.push_back(layer.is_moe() ? step.tokens : 0);
    }
    trace->steps.push_back(std::move(step));
  }
  Scenario scenario = round_scenario(Bytes(12'000'000));
  scenario.policy.prefetch = prefetch;
  scenario.device.management.per_load = Duration::us(20);
  return must_run(scenario, trace);
}

TEST(SimulatedRun, TheBandCountsTheBytesThatTheSimulatorCounted) {
  const RunRecord run = simulated(1, PrefetchKind::pregate);
  const auto tracks = RunTracks::build(run);
  ASSERT_TRUE(tracks.ok()) << tracks.error().message();
  const Flow::Sums sums = (*tracks)->band().total();
  EXPECT_EQ(sums[static_cast<std::size_t>(DramUse::npu)], run.summary.all.dram_read.count());
  const std::int64_t loads = sums[0] + sums[1] + sums[2];
  EXPECT_EQ(loads, run.summary.all.bytes_read.count());
  // Phase by phase, where a step ends.
  const std::int64_t prefill = run.steps[0].end.count_ps();
  EXPECT_EQ((*tracks)->band().between({0, prefill})[static_cast<std::size_t>(DramUse::npu)],
            run.summary.prefill.dram_read.count());
}

TEST(SimulatedRun, ExpertsNeverContradictThemselves) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (const PrefetchKind prefetch :
         {PrefetchKind::none, PrefetchKind::pregate, PrefetchKind::prev_token}) {
      const RunRecord run = simulated(seed, prefetch);
      const auto tracks = RunTracks::build(run);
      ASSERT_TRUE(tracks.ok()) << tracks.error().message();
      ExpertLanes& lanes = (*tracks)->experts();
      for (std::uint32_t id = 0; id < lanes.size(); ++id) {
        EXPECT_EQ(lanes.lane(ExpertId(id)).conflict, "") << lanes.name(ExpertId(id)) << ", seed " << seed;
      }
    }
  }
}

TEST(SimulatedRun, ResidentExpertsAreTheCounter) {
  const RunRecord run = simulated(2, PrefetchKind::pregate);
  const auto tracks = RunTracks::build(run);
  ASSERT_TRUE(tracks.ok()) << tracks.error().message();
  ExpertLanes& lanes = (*tracks)->experts();
  Random random(5);
  for (int probe = 0; probe < 200; ++probe) {
    const auto time =
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>((*tracks)->span().last)));
    std::int64_t loading_or_there = 0;
    for (std::uint32_t id = 0; id < lanes.size(); ++id) {
      const SliceRow& row = lanes.lane(ExpertId(id)).row;
      const auto at = row.at(time);
      if (at && row.slices()[*at].ink != Ink::life_queued) ++loading_or_there;
    }
    // The budget holds for what is there and what is being read.
    EXPECT_LE(loading_or_there * 1'000'000, run.summary.expert_budget.count());
  }
}

}  // namespace
}  // namespace pregate
