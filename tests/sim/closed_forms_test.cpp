// SPDX-License-Identifier: Apache-2.0
// Runs whose times can be worked out with a pencil: each test says the sum in its comment.
#include "tests/sim/small_world.hpp"

namespace pregate {
namespace {

using namespace pregate::testing;

constexpr Duration kStream = Duration::us(10);  // 1 MB expert from DRAM at 100 GB/s
constexpr Duration kLoad = Duration::us(1000);  // 1 MB expert from flash at 1 GB/s

TEST(ClosedForm, OneLoad_IsLatencyPlusBytesOverRate) {
  const ModelShape model = round_model({{}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.flash.request_latency = Duration::us(200);
  const RunRecord run = must_run(scenario, decode_trace(model, {{{2}}}));
  EXPECT_EQ(run.summary.all.stall, Duration::us(200) + kLoad);
  EXPECT_EQ(run.summary.all.makespan, Duration::us(200) + kLoad + kStream);
  ASSERT_EQ(run.stalls.size(), 1U);
  EXPECT_EQ(run.stalls[0].cause, StallCause::compulsory);
}

// Two experts a step, two steps: four streams of 10 us, and nothing else.
TEST(ClosedForm, EverythingPreloaded_TakesItsStreamsAlone) {
  const ModelShape model = round_model({{}}, 4, 2);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.preload = Preload::all;
  const RunRecord run = must_run(scenario, decode_trace(model, {{{2, 3}}, {{0, 1}}}));
  EXPECT_EQ(run.summary.all.makespan, kStream * 4);
  EXPECT_EQ(run.summary.all.bytes_read, Bytes());
}

TEST(ClosedForm, PreloadingWithoutRoom_NamesTheBudget) {
  const ModelShape model = round_model({{}}, 4, 2);
  Scenario scenario = round_scenario(Bytes(3'999'999));
  scenario.preload = Preload::all;
  Replay source(decode_trace(model, {{{2, 3}}}));
  const Result<RunRecord> run = simulate(scenario, source);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().place, "dram.expert_budget");
}

TEST(ClosedForm, ALoadInRequests_PaysTheLatencyOfEach) {
  const ModelShape model = round_model({{}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.flash.request_latency = Duration::us(200);
  scenario.device.flash.request_bytes = Bytes(300'000);  // 4 requests
  const RunRecord run = must_run(scenario, decode_trace(model, {{{2}}}));
  EXPECT_EQ(run.summary.all.stall, Duration::us(800) + kLoad);
}

// Seven loads in three lanes that do not share a bottleneck: three rounds; the last expert is streamed at the
// end.
TEST(ClosedForm, KLoadsInLLanes_TakeCeilKOverLRounds) {
  const ModelShape model = round_model({{}}, 8, 7);
  Scenario scenario = round_scenario(Bytes(8'000'000));
  scenario.runtime.io_lanes = 3;
  scenario.device.flash.read_bandwidth = Bandwidth::bytes_per_second(3'000'000'000);
  scenario.device.flash.request_latency = Duration::us(200);
  // DRAM wide enough that streaming beside the loads is never slowed.
  scenario.device.dram.usable_bandwidth = Bandwidth::bytes_per_second(200'000'000'000);
  const RunRecord run = must_run(scenario, decode_trace(model, {{{0, 1, 2, 3, 4, 5, 6}}}));
  EXPECT_EQ(run.summary.all.makespan, (Duration::us(200) + kLoad) * 3 + kStream);
  EXPECT_EQ(run.summary.all.dram_contention, Duration());
}

// Lanes that share the flash: the part's rate binds, whatever the lanes.
TEST(ClosedForm, LanesBeyondTheFlashRate_BringNothing) {
  const ModelShape model = round_model({{}}, 8, 4);
  Scenario scenario = round_scenario(Bytes(8'000'000));
  scenario.device.dram.usable_bandwidth = Bandwidth::bytes_per_second(200'000'000'000);
  scenario.runtime.io_lanes = 4;
  const RunRecord run = must_run(scenario, decode_trace(model, {{{0, 1, 2, 3}}}));
  EXPECT_EQ(run.summary.all.stall, kLoad * 4);
}

// Shared experts compute 400 us while the load of 1000 us runs: 600 us remain exposed.
TEST(ClosedForm, ALoadUnderCompute_ExposesOnlyWhatIsLeft) {
  const ModelShape model = round_model({{.feed_forward = Macs(400'000'000)}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  const RunRecord overlapped = must_run(scenario, decode_trace(model, {{{0}}}));
  EXPECT_EQ(overlapped.summary.all.stall, Duration::us(600));
  EXPECT_EQ(overlapped.summary.all.makespan, kLoad + kStream);

  scenario.runtime.overlap = false;
  const RunRecord serial = must_run(scenario, decode_trace(model, {{{0}}}));
  EXPECT_EQ(serial.summary.all.stall, kLoad);
  EXPECT_EQ(serial.summary.all.makespan, kLoad + Duration::us(400) + kStream);
}

// DRAM 1.5 GB/s; shared experts stream 1 MB at up to 1 GB/s (1000 us alone) while flash writes 1 MB at up to
// 1 GB/s: both get 0.75 GB/s, so both take 1333.3 us: 333.3 us of contention and no stall.
TEST(ClosedForm, TwoFlowsOnOneDram_ShareItAndTheExcessIsContention) {
  const ModelShape model = round_model({{.feed_forward_bytes = Bytes(1'000'000)}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.dram.usable_bandwidth = Bandwidth::bytes_per_second(1'500'000'000);
  scenario.device.npu.dram_bandwidth = Bandwidth::bytes_per_second(1'000'000'000);
  const RunRecord run = must_run(scenario, decode_trace(model, {{{0}}}));
  const Duration shared = Bytes(1'000'000) / Bandwidth::bytes_per_second(750'000'000);
  EXPECT_EQ(run.summary.all.stall, Duration());
  EXPECT_EQ(run.summary.all.dram_contention, shared - Duration::us(1000));
  EXPECT_EQ(run.summary.all.makespan, shared + Duration::us(1000));  // then the expert streams at 1 GB/s
}

// A dense layer of 300 us lies between the commit and the need: 700 us of the load are exposed, as a late
// prefetch.
TEST(ClosedForm, ALatePrefetch_ExposesTheLoadLessItsHeadStart) {
  const ModelShape model = round_model({{.moe = false, .feed_forward = Macs(300'000'000)}, {}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.policy.prefetch = PrefetchKind::pregate;
  const RunRecord run = must_run(scenario, decode_trace(model, {{{}, {1}}}));
  EXPECT_EQ(run.summary.all.stall, Duration::us(700));
  ASSERT_EQ(run.stalls.size(), 1U);
  EXPECT_EQ(run.stalls[0].cause, StallCause::late_prefetch);
  EXPECT_EQ(run.summary.prefetch.issued, 1);
  EXPECT_EQ(run.summary.prefetch.late, 1);
  EXPECT_EQ(run.summary.prefetch.useful, 1);
}

TEST(ClosedForm, ATimelyPrefetch_IsAHitWithoutStall) {
  const ModelShape model = round_model({{.moe = false, .feed_forward = Macs(1'200'000'000)}, {}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.policy.prefetch = PrefetchKind::pregate;
  const RunRecord run = must_run(scenario, decode_trace(model, {{{}, {1}}}));
  EXPECT_EQ(run.summary.all.stall, Duration());
  EXPECT_EQ(run.summary.all.outcomes[static_cast<std::size_t>(Outcome::prefetch_hit)], 1);
  EXPECT_DOUBLE_EQ(run.summary.prefetch.accuracy, 1.0);
  EXPECT_DOUBLE_EQ(run.summary.prefetch.coverage, 1.0);
}

TEST(ClosedForm, Lookahead_GivesTheLoadThatManyLayersOfHeadStart) {
  // Layers of 400 us each; layer 3 needs one expert. d=1 leaves 600 us exposed, d=2 200 us, d=3 none.
  const LayerPlan dense{.moe = false, .feed_forward = Macs(400'000'000)};
  const ModelShape model = round_model({dense, dense, dense, {}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.policy.prefetch = PrefetchKind::pregate;
  for (const auto& [lookahead, stall] : {std::pair{1, 600}, std::pair{2, 200}, std::pair{3, 0}}) {
    scenario.policy.lookahead = lookahead;
    const RunRecord run = must_run(scenario, decode_trace(model, {{{}, {}, {}, {1}}}));
    EXPECT_EQ(run.summary.all.stall, Duration::us(stall)) << "lookahead " << lookahead;
  }
}

TEST(ClosedForm, ManagementOfALoad_IsPaidByTheNpuOnce) {
  const ModelShape model = round_model({{}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(1'000'000));
  scenario.device.management = {.per_load = Duration::us(50), .per_mib = {}, .per_eviction = Duration::us(7)};
  const RunRecord run = must_run(scenario, decode_trace(model, {{{0}}, {{1}}, {{1}}}));
  EXPECT_EQ(run.summary.all.loads, 2);
  EXPECT_EQ(run.summary.all.evictions, 1);
  EXPECT_EQ(run.summary.all.management, Duration::us(107));
}

// Two events of two experts in turn. Lookups are event-atomic, so an event finds what of it survived the
// event before: LRU hits nothing from one event's bytes below the cycle down, and everything from the cycle
// up.
TEST(ClosedForm, TheLruCliff_StandsAtTheTokenCycle) {
  const ModelShape model = round_model({{}, {}}, 4, 2);
  std::vector<std::vector<std::vector<std::uint16_t>>> steps(10, {{0, 1}, {2, 3}});
  Scenario scenario = round_scenario(Bytes(2'999'999));
  const RunRecord below = must_run(scenario, decode_trace(model, steps));
  EXPECT_EQ(below.summary.token_cycle, Bytes(4'000'000));
  EXPECT_EQ(below.summary.decode.outcomes[static_cast<std::size_t>(Outcome::resident_hit)], 0);
  EXPECT_GT(below.summary.thrash_share, 0.8);
  EXPECT_EQ(below.summary.thrash_step, 1);

  scenario.expert_budget = Bytes(4'000'000);
  const RunRecord above = must_run(scenario, decode_trace(model, steps));
  EXPECT_EQ(above.summary.decode.outcomes[static_cast<std::size_t>(Outcome::resident_hit)], 36);
  EXPECT_EQ(above.summary.thrash_step, -1);
}

// Room for two of three experts in turn: LRU misses always, Belady every other time: the difference is
// policy.
TEST(ClosedForm, WhatBeladyWouldHaveKept_IsAPolicyMiss) {
  const ModelShape model = round_model({{}}, 3, 1);
  const RunRecord run = must_run(round_scenario(Bytes(2'000'000)),
                                 decode_trace(model, {{{0}}, {{1}}, {{2}}, {{0}}, {{1}}, {{2}}, {{0}}}));
  const auto& classes = run.summary.misses_by_class;
  EXPECT_EQ(classes[static_cast<std::size_t>(MissClass::compulsory)], 3);
  // Belady keeps 0 at the third step, 1 at the fifth (0 or 2 leaves), so it hits steps 3 and 5.
  EXPECT_EQ(classes[static_cast<std::size_t>(MissClass::policy)], 2);
  EXPECT_EQ(classes[static_cast<std::size_t>(MissClass::capacity)], 2);
  EXPECT_GT(run.summary.recoverable_gap, 0.0);
}

TEST(ClosedForm, ABudgetBelowOneEvent_IsRefusedWithTheEventThatNeedsMore) {
  const ModelShape model = round_model({{}}, 8, 4);
  Replay source(decode_trace(model, {{{0, 1, 2}}, {{0, 1, 2, 3}}}));
  const auto run = simulate(round_scenario(Bytes(3'500'000)), source);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().kind, Error::Kind::bad_input);
  EXPECT_NE(run.error().message().find("dram.expert_budget: expected at least"), std::string::npos);
  EXPECT_NE(run.error().message().find("step 1 (decode), layer 0"), std::string::npos)
      << run.error().message();
}

TEST(ClosedForm, AnOperatorLongerThanTheClock_IsAnErrorNotACrash) {
  const ModelShape model = round_model({{.attention = Macs(INT64_MAX / 4)}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.npu.mac_rate = MacRate::per_second(1'000'000);
  Replay source(decode_trace(model, {{{0}}}));
  const auto run = simulate(scenario, source);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().kind, Error::Kind::bad_input);
}

TEST(ClosedForm, TwoRunsInOneProcess_AreTheSameRun) {
  const ModelShape model = round_model({{}, {}}, 4, 2);
  const auto trace = decode_trace(model, {{{0, 1}, {2, 3}}, {{1, 2}, {0, 3}}});
  const RunRecord first = must_run(round_scenario(Bytes(3'000'000)), trace);
  const RunRecord second = must_run(round_scenario(Bytes(3'000'000)), trace);
  EXPECT_EQ(first.summary.all.makespan, second.summary.all.makespan);
  EXPECT_EQ(first.summary.kernel_events, second.summary.kernel_events);
}

// 10 B of KV a token and layer, DRAM at 100 GB/s: what is streamed says which caches were read.
TEST(ClosedForm, APromptReadsOneCache_ABatchReadsOneForEachSequence) {
  ModelShape model = round_model({{}}, 4, 1);
  model.kv_bytes = Bytes(10);
  model.kv_macs = Macs(3);
  auto trace = decode_trace(model, {{{0, 0, 0}}});
  trace->steps[0].tokens = 3;
  trace->steps[0].layer_tokens = {3};
  trace->steps[0].position = 100;
  const std::int64_t expert = 1'000'000;
  const RunRecord batch = must_run(round_scenario(Bytes(4'000'000)), trace);
  EXPECT_EQ(batch.summary.all.dram_read.count() - expert, 10 * 3 * 101);
  EXPECT_EQ(batch.summary.all.macs.count(), 3 * 3 * 101);

  trace->steps[0].phase = Phase::prefill;
  const RunRecord prompt = must_run(round_scenario(Bytes(4'000'000)), trace);
  EXPECT_EQ(prompt.summary.all.dram_read.count() - expert, 10 * 103);
  EXPECT_EQ(prompt.summary.all.macs.count(), 3 * (101 + 102 + 103));
}

TEST(ClosedForm, TheHead_IsComputedForOneTokenOfAPromptAndForEachSequenceOfABatch) {
  ModelShape model = round_model({{}}, 4, 1);
  model.head_macs = Macs(7);
  auto trace = decode_trace(model, {{{0, 1, 2}}});
  trace->steps[0].tokens = 3;
  trace->steps[0].layer_tokens = {3};
  EXPECT_EQ(must_run(round_scenario(Bytes(4'000'000)), trace).summary.all.macs, Macs(21));
  trace->steps[0].phase = Phase::prefill;
  EXPECT_EQ(must_run(round_scenario(Bytes(4'000'000)), trace).summary.all.macs, Macs(7));
}

TEST(ClosedForm, SharedExperts_ComputeOnlyTheTokensThatPassTheirLayer) {
  const ModelShape model = round_model({{.feed_forward = Macs(1000)}}, 4, 1);
  auto trace = decode_trace(model, {{{0}}});
  trace->steps[0].phase = Phase::prefill;
  trace->steps[0].tokens = 4;  // of which one reaches this last layer
  EXPECT_EQ(must_run(round_scenario(Bytes(4'000'000)), trace).summary.all.macs, Macs(1000));
}

TEST(ClosedForm, AFewBytesBesideMuchArithmetic_DoNotHastenIt) {
  const ModelShape model =
      round_model({{.feed_forward = Macs(1'900'000'000'000), .feed_forward_bytes = Bytes(1)}}, 4, 1);
  const RunRecord run = must_run(round_scenario(Bytes(4'000'000)), decode_trace(model, {{{0}}}));
  EXPECT_GE(run.summary.all.makespan, Duration::ms(1900));
}

TEST(ClosedForm, APromptInPieces_IsTheFirstTokensTimeToItsEnd) {
  const ModelShape model = round_model({{}}, 4, 1);
  auto trace = decode_trace(model, {{{0}}, {{1}}, {{2}}});
  trace->steps[0].phase = trace->steps[1].phase = Phase::prefill;
  const RunRecord run = must_run(round_scenario(Bytes(4'000'000)), trace);
  EXPECT_EQ(run.summary.ttft, run.steps[1].end - SimTime());
}

TEST(ClosedForm, AClockThatWouldOverflow_IsAnErrorNotACrash) {
  const ModelShape model = round_model({{}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.flash.request_latency = Duration::seconds(100);
  scenario.device.flash.request_bytes = Bytes(500);
  Replay source(decode_trace(model, {{{0}}}));
  const auto run = simulate(scenario, source);
  ASSERT_FALSE(run.ok());
  EXPECT_NE(run.error().message().find("device.flash"), std::string::npos) << run.error().message();

  const ModelShape slow = round_model(std::vector<LayerPlan>(200, {.attention = Macs(90'000'000'000)}), 4, 1);
  scenario = round_scenario(Bytes(4'000'000));
  scenario.device.npu.mac_rate = MacRate::per_second(1'000'000);
  std::vector<std::vector<std::uint16_t>> step(200, {0});
  Replay long_source(decode_trace(slow, {step}));
  const auto long_run = simulate(scenario, long_source);
  ASSERT_FALSE(long_run.ok());
  EXPECT_EQ(long_run.error().kind, Error::Kind::run_failed);
}

// Four guesses are queued behind one lane when an event finds two experts missing: they stand behind the
// guess in flight only.
TEST(ClosedForm, ADemandLoad_StandsBehindDemandAndWhatIsInFlight) {
  const ModelShape model = round_model({{}, {}}, 16, 4);
  Scenario scenario = round_scenario(Bytes(16'000'000));
  scenario.runtime.io_lanes = 1;
  scenario.policy.prefetch = PrefetchKind::stale_gate;
  scenario.policy.stale_gate_accuracy = 0.0;
  const RunRecord run = must_run(scenario, decode_trace(model, {{{0, 1, 2, 3}, {4, 5, 6, 7}}}));
  std::int32_t expected = 0;
  for (const LoadRecord& load : run.loads) {
    if (load.purpose != Purpose::demand || load.layer != LayerId(1)) continue;
    EXPECT_LE(load.queued_behind, expected + 1);
    ++expected;
  }
  EXPECT_EQ(expected, 4);
}

}  // namespace
}  // namespace pregate
