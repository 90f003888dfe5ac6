// SPDX-License-Identifier: Apache-2.0
// The forward pass and the simulated device together: who asks whom for what, and what a record of it replays
// to.
#include "models/live_forward.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/simulator.hpp"
#include "traces/dressed_source.hpp"
#include "traces/replay.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

// Two banks of twelve experts, shared by three layers each, behind a dense layer.
ModelSpec tiny_spec() {
  ModelSpec spec;
  spec.name = "tiny";
  spec.hidden = 32;
  spec.layers = 7;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.dense_layers = 1;
  spec.dense_width = 48;
  spec.group = 3;
  spec.experts = 12;
  spec.expert_width = 24;
  spec.top_k = 3;
  spec.shared_width = 24;
  spec.vocabulary = 97;
  spec.pre_gate = true;
  spec.scoring = Scoring::sigmoid;
  spec.context = 64;
  return spec;
}

Weights tiny_weights(const ModelSpec& spec) {
  Result<Weights> weights = Weights::random(spec, 7, {.precision = Precision::f32});
  EXPECT_TRUE(weights.ok());
  return std::move(*weights);
}

LiveOptions options_of(std::int64_t tokens = 12) {
  return {.prompt = {5, 17, 3, 80, 41}, .max_tokens = tokens, .sampling = {.temperature = 1, .seed = 3}};
}

std::unique_ptr<LiveForward> live(const Weights& weights, LiveOptions options) {
  RouteHeader header;
  header.model = shape_of(weights.spec());
  Result<std::unique_ptr<LiveForward>> source =
      LiveForward::create(weights, std::move(header), std::move(options));
  EXPECT_TRUE(source.ok()) << source.error().message();
  return std::move(*source);
}

// A device on which loads, management and compute all matter.
DeviceSpec device() {
  DeviceSpec device;
  device.id = "small";
  device.flash = {.read_bandwidth = Bandwidth::bytes_per_second(40'000'000),
                  .lane_bandwidth = Bandwidth::bytes_per_second(25'000'000),
                  .request_latency = Duration::us(3),
                  .request_bytes = {},
                  .queue_depth = 8};
  device.dram = {.capacity = Bytes::mib(64),
                 .reserved = {},
                 .peak_bandwidth = Bandwidth::bytes_per_second(1'000'000'000),
                 .usable_bandwidth = Bandwidth::bytes_per_second(800'000'000),
                 .write_cost = {},
                 .latency = {}};
  device.npu = {.name = "npu",
                .precision = "int8",
                .mac_rate = MacRate::per_second(1'000'000'000),
                .dram_bandwidth = Bandwidth::bytes_per_second(600'000'000),
                .launch_latency = Duration::us(1)};
  return device;
}

Scenario scenario(PrefetchKind prefetch, std::int64_t experts_in_budget) {
  Scenario s;
  s.name = "live";
  s.device = device();
  s.expert_budget = shape_of(tiny_spec()).banks[0].expert_bytes * experts_in_budget;
  s.runtime.io_lanes = 2;
  s.policy.prefetch = prefetch;
  return s;
}

std::string timeline(const RunRecord& run) {
  std::string out;
  for (const StepRecord& s : run.steps)
    out += fmt::format("step {} {}\n", s.begin.count_ps(), s.end.count_ps());
  for (const OperatorRecord& o : run.operators) {
    out += fmt::format("op {} {} {} {} {}\n", o.step, o.layer.value(), to_text(o.kind), o.begin.count_ps(),
                       o.end.count_ps());
  }
  for (const StallRecord& s : run.stalls)
    out += fmt::format("stall {} {}\n", s.begin.count_ps(), s.end.count_ps());
  for (const LoadRecord& l : run.loads) {
    out += fmt::format("load {} {} {} {}\n", l.expert.value(), l.requested.count_ps(), l.started.count_ps(),
                       l.arrived.count_ps());
  }
  for (const EvictionRecord& e : run.evictions)
    out += fmt::format("evict {} {}\n", e.expert.value(), e.at.count_ps());
  return out;
}

RunRecord run(const Scenario& s, RoutingSource& source) {
  Result<RunRecord> record = simulate(s, source);
  EXPECT_TRUE(record.ok()) << (record.ok() ? "" : record.error().message());
  return record.ok() ? std::move(*record) : RunRecord{};
}

TEST(LiveForward, FollowingATextThatItSampled_RoutesItTheSameWay) {
  const Weights weights = tiny_weights(tiny_spec());
  const auto run = [&](LiveOptions options) {
    auto source = live(weights, std::move(options));
    for (;;) {
      const Result<std::optional<StepInfo>> step = source->next_step();
      if (!step || !step->has_value()) break;
    }
    return source;
  };
  const auto sampled = run(options_of());
  LiveOptions forced = options_of();
  forced.sampling.seed = 99;  // alone it would write something else
  EXPECT_NE(run(forced)->generated(), sampled->generated());
  forced.follow = sampled->generated();
  const auto followed = run(forced);
  EXPECT_EQ(followed->generated(), sampled->generated());
  for (std::size_t i = 0; i < sampled->recorded()->steps.size(); ++i)
    EXPECT_EQ(followed->recorded()->steps[i].experts, sampled->recorded()->steps[i].experts);
}

TEST(LiveForward, ReplayedFromItsRecord_HasTheSameTimesToThePicosecond) {
  const Weights weights = tiny_weights(tiny_spec());
  for (const PrefetchKind prefetch : {PrefetchKind::none, PrefetchKind::pregate, PrefetchKind::prev_token}) {
    for (const std::int64_t room : {12, 15, 24}) {
      const Scenario s = scenario(prefetch, room);
      const auto source = live(weights, options_of());
      const RunRecord first = run(s, *source);
      Replay replay(source->recorded());
      const RunRecord second = run(s, replay);
      EXPECT_EQ(timeline(first), timeline(second)) << to_text(prefetch) << " " << room;
      EXPECT_EQ(first.steps.size(), 12U);
    }
  }
}

TEST(LiveForward, ReplayedFromAFile_HasTheSameTimesWithMeasuredOperatorsToo) {
  const Weights weights = tiny_weights(tiny_spec());
  Scenario s = scenario(PrefetchKind::pregate, 13);
  s.runtime.measured_npu = true;
  s.expert_budget.reset();  // what the device's capacity leaves depends on the context that was planned
  const auto source = live(weights, options_of());
  const RunRecord first = run(s, *source);
  const std::string path = testing::TempDir() + "/live_measured.route";
  ASSERT_TRUE(write_route(path, *source->recorded()).ok());
  Result<RouteTrace> read = read_route(path);
  ASSERT_TRUE(read.ok());
  Replay replay(std::make_shared<const RouteTrace>(std::move(*read)));
  EXPECT_EQ(timeline(first), timeline(run(s, replay)));
}

TEST(LiveForward, WithTheDevicesComputeTimes_TheMachinesSpeedIsNowhereInTheResult) {
  const Weights weights = tiny_weights(tiny_spec());
  const Scenario s = scenario(PrefetchKind::pregate, 13);
  const auto first = live(weights, options_of()), second = live(weights, options_of());
  EXPECT_EQ(timeline(run(s, *first)), timeline(run(s, *second)));
  EXPECT_EQ(first->generated(), second->generated());
}

TEST(LiveForward, ComputesNoFurtherThanItIsAsked) {
  const Weights weights = tiny_weights(tiny_spec());
  const auto source = live(weights, options_of());
  ASSERT_TRUE(source->next_step().ok());
  // Layer 3's router reads what layer 2 left: attention of layers 0 to 2, feed-forward of 0 and 1.
  ASSERT_TRUE(source->route(LayerId(3)).ok());
  const auto operators = *source->measured(LayerId(0), OperatorKind::attention);
  EXPECT_EQ(std::count_if(operators.begin(), operators.end(),
                          [](const MeasuredOperator& m) { return m.kind == OperatorKind::attention; }),
            3);
  EXPECT_EQ(find_measured(operators, LayerId(2), OperatorKind::shared_experts), nullptr);
  EXPECT_NE(find_measured(operators, LayerId(1), OperatorKind::routed_expert), nullptr);
}

TEST(LiveForward, EveryOperatorIsMeasured_WithItsBytesAndMacs) {
  const Weights weights = tiny_weights(tiny_spec());
  const auto source = live(weights, options_of(3));
  const RunRecord record = run(scenario(PrefetchKind::none, 24), *source);
  // A dense layer has two operators, an MoE layer three, and a step ends with the head.
  EXPECT_EQ(record.measured.size(), 3U * (2 + 6 * 3 + 1));
  for (const MeasuredRecord& m : record.measured) {
    EXPECT_GT(m.duration, Duration()) << to_text(m.kind);
    EXPECT_GT(m.bytes, Bytes());
    EXPECT_GT(m.macs, Macs());
    EXPECT_EQ(m.experts > 0, m.kind == OperatorKind::routed_expert);
  }
}

TEST(LiveForward, PreferringWhatIsResident_ReadsLessAndItsRecordReplays) {
  const Weights weights = tiny_weights(tiny_spec());
  const Scenario s = scenario(PrefetchKind::none, 13);
  LiveOptions options = options_of(20);
  const auto indifferent = live(weights, options);
  options.prefer_resident = 0.5F;
  const auto choosy = live(weights, options);
  const RunRecord plain = run(s, *indifferent), preferring = run(s, *choosy);
  EXPECT_LT(preferring.summary.decode.bytes_read, plain.summary.decode.bytes_read);
  Replay replay(choosy->recorded());
  EXPECT_EQ(timeline(preferring), timeline(run(s, replay)));
}

// The tiny model's two banks stand for five, its twelve experts for twenty-four of another size.
ModelSpec large_spec() {
  ModelSpec spec = tiny_spec();
  spec.name = "large";
  spec.layers = 17;
  spec.dense_layers = 2;
  spec.experts = 24;
  spec.top_k = 5;
  spec.expert_width = 40;
  return spec;
}

TEST(DressedLiveForward, ReplayedFromTheSmallModelsRecord_HasTheSameTimesToThePicosecond) {
  const Weights weights = tiny_weights(tiny_spec());
  const ModelShape large = shape_of(large_spec());
  for (const PrefetchKind prefetch : {PrefetchKind::none, PrefetchKind::pregate, PrefetchKind::prev_token}) {
    for (const std::int64_t room : {24, 40}) {
      Scenario s = scenario(prefetch, 1);
      s.expert_budget = large.banks[0].expert_bytes * room;
      s.shape_as = large;
      const auto forward = live(weights, options_of());
      const Result<Dressing> dressing = Dressing::make(forward->header().model, large, 1);
      ASSERT_TRUE(dressing.ok()) << dressing.error().message();
      const auto source = DressedSource::create(*forward, *dressing);
      ASSERT_TRUE(source.ok());
      const RunRecord first = run(s, **source);
      EXPECT_EQ(forward->recorded()->header.model.name, "tiny");
      Replay small(forward->recorded());
      const auto replay = DressedSource::create(small, *dressing);
      ASSERT_TRUE(replay.ok());
      EXPECT_EQ(timeline(first), timeline(run(s, **replay))) << to_text(prefetch) << " " << room;
      EXPECT_EQ(first.steps.size(), 12U);
      EXPECT_EQ(first.model.layers.size(), 17U);
      EXPECT_EQ(first.loads.at(0).bytes, large.banks[0].expert_bytes) << "the large model's bytes move";
    }
  }
}

TEST(LiveForward, EndsWithTheTokenThatEndsTheText) {
  const Weights weights = tiny_weights(tiny_spec());
  LiveOptions options = options_of(30);
  const auto free = live(weights, options);
  while (true) {
    const auto step = free->next_step();
    ASSERT_TRUE(step.ok());
    if (!step->has_value()) break;
  }
  ASSERT_EQ(free->generated().size(), 30U);
  const std::int32_t last = free->generated()[9];
  options.ends_text = [last](std::int32_t token) { return token == last; };
  const auto ended = live(weights, options);
  const RunRecord record = run(scenario(PrefetchKind::none, 24), *ended);
  EXPECT_LE(ended->generated().size(), 10U);
  EXPECT_EQ(ended->generated().back(), last);
  EXPECT_EQ(record.steps.size(), ended->generated().size());
}

TEST(LiveForward, WhatCannotBeRun_IsSaidBeforeAnythingRuns) {
  const Weights weights = tiny_weights(tiny_spec());
  const auto error_of = [&](LiveOptions options) {
    RouteHeader header;
    header.model = shape_of(weights.spec());
    const auto source = LiveForward::create(weights, std::move(header), std::move(options));
    return source.ok() ? std::string("no error") : source.error().message();
  };
  LiveOptions empty = options_of();
  empty.prompt.clear();
  EXPECT_THAT(error_of(empty), testing::HasSubstr("a prompt of at least one token"));
  EXPECT_THAT(error_of(options_of(60)), testing::HasSubstr("at most 64 tokens"));
  LiveOptions foreign = options_of();
  foreign.prompt[2] = 97;
  const auto source = live(weights, foreign);
  const auto step = source->next_step();
  ASSERT_FALSE(step.ok());
  EXPECT_THAT(step.error().message(), testing::HasSubstr("a token id from 0 to 96, found 97"));
}

TEST(Replay, WithoutMeasuredOperators_CannotGiveMeasuredTimes) {
  const Weights weights = tiny_weights(tiny_spec());
  Scenario s = scenario(PrefetchKind::none, 24);
  const auto source = live(weights, options_of(2));
  run(s, *source);
  RouteTrace bare = *source->recorded();
  for (RouteStep& step : bare.steps) step.measured.clear();
  Replay replay(std::make_shared<const RouteTrace>(std::move(bare)));
  s.runtime.measured_npu = true;
  const Result<RunRecord> record = simulate(s, replay);
  ASSERT_FALSE(record.ok());
  EXPECT_THAT(record.error().message(),
              testing::HasSubstr("runtime.npu: expected routing with measured operators"));
}

}  // namespace
}  // namespace pregate
