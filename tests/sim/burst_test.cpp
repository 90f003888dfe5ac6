// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/hardware/burst_controller.hpp"
#include "sim/hardware/dram_calibration.hpp"
#include "tests/sim/small_world.hpp"

namespace pregate {
namespace {

using ::pregate::testing::bins_of;

DramTiming lpddr5() {
  return *parse_dram_timing("lpddr5-6400");
}

// When one stream alone ends, without refresh unless told.
Duration alone(const StreamSpec& spec, const BurstOptions& options = {.refresh = Refresh::none},
               const Pace& pace = {}) {
  const StreamLoad load{.spec = spec, .pace = pace};
  return run_streams(lpddr5(), options, {&load, 1}).span;
}

Duration cycles(std::int64_t n) {
  return Duration::ps(n * lpddr5().clock.count_ps());
}

double gb_per_s(const StreamSpec& spec, const BurstOptions& options, const char* timing = "lpddr5-6400") {
  const StreamLoad load{.spec = spec, .pace = {}};
  return static_cast<double>(run_streams(*parse_dram_timing(timing), options, {&load, 1}).total.count()) /
         1e9;
}

TEST(Burst, ALoneRead_TakesActivationColumnAndData) {
  const DramTiming t = lpddr5();
  // One cycle more: the clock that data are sampled with starts after idling.
  EXPECT_EQ(alone({.accesses = 1}), cycles(t.rcd + t.wake_command + t.cl + t.burst));
}

TEST(Burst, ASecondReadOfTheSameGroup_WaitsTheLongGap_AndOfAnotherTheShortOne) {
  const DramTiming t = lpddr5();
  const Duration first = alone({.accesses = 1});
  const BurstOptions one_row{.refresh = Refresh::none, .mapping = DramMapping::row_bank_column};
  EXPECT_EQ(alone({.accesses = 2}, one_row), first + cycles(t.ccd_l));
}

TEST(Burst, AnotherRowOfTheSameBank_WaitsForPrechargeAndActivation) {
  const DramTiming t = lpddr5();
  const BurstOptions options{.refresh = Refresh::none, .mapping = DramMapping::bank_row_column};
  // The last access of a row, then the first of the next one in the same bank.
  const Duration span = alone({.first = 63, .accesses = 2}, options);
  EXPECT_EQ(span, cycles(t.ras + t.rp + t.rcd + t.wake_command + t.cl + t.burst));
}

TEST(Burst, ManyActivations_KeepToFourInAWindow) {
  const DramTiming t = lpddr5();
  BurstController channel(t, {.refresh = Refresh::none});
  // Rows at random: each access activates; no four windows can hold more than sixteen.
  channel.start({.accesses = 4000, .window = 64, .random_range = 1 << 24}, Pace(), SimTime());
  std::vector<BurstController::Ended> ended;
  while (!channel.idle()) channel.advance(channel.earliest_end(), ended);
  EXPECT_GT(channel.counts().activations, 3900);
  EXPECT_GE(ended.front().at - SimTime(), cycles(t.faw * (channel.counts().activations / 4 - 1)));
}

TEST(Burst, APacedStream_TakesItsBytesOverTheRate) {
  const auto rate = Bandwidth::bytes_per_second(2'000'000'000);
  const Duration span = alone({.accesses = 100'000}, {}, Pace(32, rate));
  EXPECT_NEAR(span.to_seconds(), 100'000 * 32 / 2e9, 0.5e-6);
}

TEST(Burst, HowFarTimeIsAdvancedAtOnce_ChangesNothing) {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    const BurstOptions options{.refresh = static_cast<Refresh>(random.below(3)),
                               .mapping = static_cast<DramMapping>(random.below(3))};
    std::vector<StreamLoad> loads;
    for (std::size_t i = 0; i < 1 + random.below(4); ++i) {
      loads.push_back(
          {.spec = {.first = static_cast<std::int64_t>(random.below(1 << 20)),
                    .accesses = 1 + static_cast<std::int64_t>(random.below(3000)),
                    .write = random.chance(0.3)},
           .pace = random.chance(0.3) ? Pace(32, Bandwidth::bytes_per_second(900'000'000)) : Pace()});
    }
    const std::vector<SimTime> starts(loads.size(), SimTime());
    const std::vector<SimTime> jumped = run_to_end(lpddr5(), options, loads, starts);
    BurstController channel(lpddr5(), options);
    for (const StreamLoad& load : loads) channel.start(load.spec, load.pace, SimTime());
    std::vector<SimTime> stepped(loads.size());
    std::vector<BurstController::Ended> ended;
    for (SimTime now; !channel.idle();
         now = now + Duration::ps(static_cast<std::int64_t>(random.below(40'000)))) {
      channel.advance(now, ended);
    }
    for (const auto& end : ended) stepped[end.stream.value()] = end.at;
    EXPECT_EQ(stepped, jumped) << "round " << round;
  }
}

TEST(Burst, NoStreamEndsBeforeItsEarliestEnd_AndEveryAccessIsServed) {
  Random random(9);
  for (int round = 0; round < 30; ++round) {
    BurstController channel(lpddr5(), {.refresh = static_cast<Refresh>(random.below(3))});
    std::int64_t accesses = 0;
    for (std::size_t i = 0; i < 1 + random.below(4); ++i) {
      const auto n = static_cast<std::int64_t>(1 + random.below(2000));
      accesses += n;
      channel.start(
          {.first = static_cast<std::int64_t>(random.below(1 << 20)), .accesses = n, .write = i == 1}, {},
          SimTime());
    }
    std::vector<BurstController::Ended> ended;
    while (!channel.idle()) {
      const SimTime bound = channel.earliest_end();
      const std::size_t before = ended.size();
      channel.advance(bound, ended);
      for (std::size_t e = before; e < ended.size(); ++e) EXPECT_EQ(ended[e].at, bound);
    }
    EXPECT_EQ(channel.counts().reads + channel.counts().writes, accesses);
  }
}

TEST(Burst, Refresh_TakesItsShareWhetherAnybodyReadsOrNot) {
  BurstController channel(lpddr5(), {});
  std::vector<BurstController::Ended> ended;
  channel.start({.accesses = 1}, {}, SimTime::at_ps(1'000'000'000'000));  // after a second of nothing
  while (!channel.idle()) channel.advance(channel.earliest_end(), ended);
  EXPECT_EQ(channel.counts().refreshes, 1'000'000'000'000 / (3125 * 1250));
}

// The reference rows of docs/validation.md that a change of the controller is most likely to break.
TEST(BurstReference, SequentialStreams_AreWithinThreePercent) {
  const StreamSpec reads{.accesses = 100'000, .window = 64, .block = 2};
  EXPECT_NEAR(gb_per_s(reads, {}), 11.535, 0.03 * 11.535);
  EXPECT_NEAR(gb_per_s(reads, {.refresh = Refresh::none}), 12.638, 0.03 * 12.638);
  EXPECT_NEAR(gb_per_s(reads, {.refresh = Refresh::per_bank}), 12.012, 0.03 * 12.012);
  const StreamSpec linear{.accesses = 100'000, .window = 128};
  EXPECT_NEAR(gb_per_s(linear, {.mapping = DramMapping::row_bank_column}, "lpddr4-3200"), 5.86, 0.03 * 5.86);
  EXPECT_NEAR(gb_per_s({.accesses = 100'000}, {}, "ddr5-5600"), 20.468, 0.03 * 20.468);
}

TEST(BurstReference, BlocksOfFourKibAtRandom_AreAsFastAsASequence) {
  const StreamSpec blocks{.accesses = 100'000, .window = 4, .block = 128, .random_range = 1 << 24};
  EXPECT_NEAR(gb_per_s(blocks, {}), 11.476, 0.03 * 11.476);
}

TEST(BurstReference, RandomAccesses_AreWithinFifteenPercent) {
  const StreamSpec many{.accesses = 40'000, .window = 64, .block = 2, .random_range = 1 << 24};
  StreamSpec one = many;
  one.window = 1;
  EXPECT_NEAR(gb_per_s(many, {}), 5.524, 0.15 * 5.524);
  EXPECT_NEAR(gb_per_s(one, {}), 0.907, 0.15 * 0.907);
}

TEST(BurstReference, ReadersAndWrites_AreWithinThreePercentOfFourChannels) {
  const auto readers = [](const MixSpec& mix) {
    return 4 * static_cast<double>(run_mix(lpddr5(), {}, mix).readers.count()) / 1e9;
  };
  EXPECT_NEAR(readers({.readers = 2}), 42.22, 0.03 * 42.22);
  EXPECT_NEAR(readers({.readers = 3}), 40.45, 0.03 * 40.45);
  EXPECT_NEAR(readers({.readers = 1, .write_rate = Bandwidth::bytes_per_second(1'000'000'000)}), 37.0,
              0.03 * 37.0);
}

// ---- a whole run ----

Scenario burst_scenario(Bytes budget) {
  Scenario scenario = testing::round_scenario(budget);
  DramSpec& dram = scenario.device.dram;
  dram.timing = lpddr5();
  dram.channels = 2;
  dram.peak_bandwidth = Bandwidth::bytes_per_second(25'600'000'000);
  dram.usable_bandwidth = Bandwidth::bytes_per_second(23'150'000'000);
  dram.write_cost = Permille{2140};
  dram.latency = Duration::ns(70);
  scenario.device.npu.dram_bandwidth = dram.usable_bandwidth;
  scenario.fidelity = Fidelity::burst;
  return scenario;
}

std::shared_ptr<RouteTrace> two_steps() {
  const ModelShape model = testing::round_model({{}, {}, {}}, 6, 2, 1, Macs(30'000'000));
  return testing::decode_trace(
      model, {{{0, 1}, {2, 3}, {4, 5}}, {{1, 2}, {3, 4}, {5, 0}}, {{0, 1}, {2, 3}, {4, 5}}});
}

TEST(BurstRun, EveryPicosecondLiesInOneBin_AndBytesAreThoseOfFlow) {
  Scenario scenario = burst_scenario(Bytes(12'000'000));
  for (const PrefetchKind prefetch : {PrefetchKind::none, PrefetchKind::pregate}) {
    scenario.policy.prefetch = prefetch;
    scenario.fidelity = Fidelity::burst;
    const RunRecord burst = testing::must_run(scenario, two_steps());
    EXPECT_EQ(bins_of(burst.summary.all), burst.summary.all.makespan);
    scenario.fidelity = Fidelity::flow;
    const RunRecord flow = testing::must_run(scenario, two_steps());
    EXPECT_EQ(burst.summary.all.loads, flow.summary.all.loads);
    EXPECT_EQ(burst.summary.all.bytes_read, flow.summary.all.bytes_read);
    EXPECT_EQ(burst.summary.all.outcomes, flow.summary.all.outcomes);
  }
}

TEST(BurstRun, AgreesWithFlowOnTheMakespan) {
  Scenario scenario = burst_scenario(Bytes(12'000'000));
  const double burst = testing::must_run(scenario, two_steps()).summary.all.makespan.to_seconds();
  scenario.fidelity = Fidelity::flow;
  const double flow = testing::must_run(scenario, two_steps()).summary.all.makespan.to_seconds();
  EXPECT_NEAR(flow, burst, 0.03 * burst);
}

TEST(BurstRun, IsTheSameEveryTime) {
  const Scenario scenario = burst_scenario(Bytes(8'000'000));
  EXPECT_EQ(testing::must_run(scenario, two_steps()).summary.all.makespan,
            testing::must_run(scenario, two_steps()).summary.all.makespan);
}

TEST(BurstRun, WithoutATimingSet_IsRefused) {
  Scenario scenario = burst_scenario(Bytes(8'000'000));
  scenario.device.dram.timing.reset();
  Replay source(two_steps());
  const Result<RunRecord> run = simulate(scenario, source);
  ASSERT_FALSE(run.ok());
  EXPECT_NE(run.error().message().find("timing set"), std::string::npos);
}

}  // namespace
}  // namespace pregate
