// SPDX-License-Identifier: Apache-2.0
// What of a run stands in its Perfetto trace: a run by hand, and what has no place. Properties of random
// runs: export_perfetto_properties_test.cpp.
#include <gmock/gmock.h>

#include <map>

#include "tests/traces/busy_run.hpp"
#include "tests/traces/exported_run.hpp"
#include "tests/traces/random_run.hpp"
#include "tests/traces/random_timeline.hpp"

namespace pregate {
namespace {

using fixtures::all_plain;
using fixtures::exported;
using fixtures::Exported;
using fixtures::number;
using fixtures::on_track;
using fixtures::Plain;
using fixtures::text;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- a run by hand ----

// One token of one layer: attention, a wait for an expert, the expert, the head.
RunRecord hand_made() {
  RunRecord run;
  run.model = fixtures::small_model();
  run.header.model = "small";
  run.header.device = "phone";
  run.header.policy = "lru";
  const auto at = [](std::int64_t ps) { return SimTime::at_ps(ps); };
  run.steps.push_back(
      {.phase = Phase::decode, .position = 9, .tokens = 1, .begin = at(500), .end = at(9999)});
  run.events.push_back({.step = 0, .layer = LayerId(1), .at = at(1999), .first_lookup = 0});
  run.lookups.push_back({.event = EventId(0),
                         .expert = ExpertId(3),
                         .outcome = Outcome::miss,
                         .miss_class = MissClass::policy,
                         .load = LoadId(0)});
  const auto op = [&](OperatorKind kind, ExpertId expert, std::int64_t begin, std::int64_t end) {
    run.operators.push_back({.step = 0,
                             .layer = LayerId(1),
                             .kind = kind,
                             .expert = expert,
                             .begin = at(begin),
                             .end = at(end),
                             .alone = Duration::ps(end - begin)});
  };
  op(OperatorKind::attention, {}, 500, 1999);
  run.stalls.push_back({.step = 0,
                        .layer = LayerId(1),
                        .begin = at(1999),
                        .end = at(5001),
                        .cause = StallCause::policy,
                        .load = LoadId(0)});
  op(OperatorKind::routed_expert, ExpertId(3), 5001, 8000);
  op(OperatorKind::head, {}, 8000, 9999);
  run.loads.push_back({.expert = ExpertId(3),
                       .bytes = Bytes(500),
                       .purpose = Purpose::demand,
                       .reload = true,
                       .state = LoadEnd::arrived,
                       .step = 0,
                       .layer = LayerId(1),
                       .queued_behind = 4,
                       .requested = at(1999),
                       .started = at(3000),
                       .arrived = at(5001),
                       .first_use = EventId(0),
                       .previous_eviction = EvictionId(0)});
  run.evictions.push_back({.expert = ExpertId(3),
                           .by_load = LoadId(0),
                           .at = at(700),
                           .at_event = EventId(0),
                           .last_used = {},
                           .score = 5,
                           .opt_keeps = true,
                           .next_use = EventId(0)});
  run.counters.push_back({.counter = 1, .at = at(1999), .value = 1});
  run.counters.push_back({.counter = 1, .at = at(3000), .value = 0});
  return run;
}

TEST(ExportPerfetto, TimesAreTheLastWholeNanosecond) {
  const Exported out = exported(hand_made());
  EXPECT_THAT(all_plain(on_track(out.model, "NPU")),
              ElementsAre(Plain{"attention", 0, 1, 1499}, Plain{"stall: policy", 1, 5, 3002},
                          Plain{"bank 0 expert 3", 5, 8, 2999}, Plain{"head", 8, 9, 1999}));
  EXPECT_THAT(
      all_plain(on_track(out.model, "steps")),
      ElementsAre(Plain{"token 0", 0, 9, 9499}, Plain{"layer 1", 0, 8, 7500}, Plain{"head", 8, 9, 1999}));
  EXPECT_THAT(all_plain(on_track(out.model, "lane 0")), ElementsAre(Plain{"bank 0 expert 3", 3, 5, 2001}));
  EXPECT_THAT(all_plain(on_track(out.model, "place 0")), ElementsAre(Plain{"bank 0 expert 3", 1, 3, 1001}));
}

TEST(ExportPerfetto, ALoadSaysWhatItWasFor) {
  const Exported out = exported(hand_made());
  const PerfettoSlice load = on_track(out.model, "lane 0").front();
  EXPECT_THAT(load.categories, ElementsAre("load", "demand", "reload"));
  EXPECT_EQ(number(load, "bank"), 0);
  EXPECT_EQ(number(load, "expert"), 3);
  EXPECT_EQ(number(load, "bytes"), 500);
  EXPECT_EQ(number(load, "queued_behind"), 4);
  EXPECT_EQ(text(load, "purpose"), "demand");
  EXPECT_EQ(text(load, "outcome"), "miss");
  EXPECT_EQ(text(load, "first_use"), "token 0, layer 1");
  EXPECT_EQ(number(load, "evicted_before_ps"), 700);
  EXPECT_EQ(text(load, "evicted_by"), "bank 0 expert 3");
  const std::vector<PerfettoSlice> npu = on_track(out.model, "NPU");
  EXPECT_THAT(npu[1].categories, ElementsAre("stall", "policy"));
  EXPECT_EQ(text(npu[2], "miss_class"), "policy");
  EXPECT_EQ(number(npu[2], "layer"), 1);
}

TEST(ExportPerfetto, AnEvictionIsAnInstantWithItsReason) {
  const Exported out = exported(hand_made());
  ASSERT_EQ(out.model.instants.size(), 1U);
  const PerfettoSlice& eviction = out.model.instants.front();
  EXPECT_EQ(eviction.begin, 0) << "700 ps";
  EXPECT_EQ(eviction.name, "bank 0 expert 3");
  EXPECT_EQ(text(eviction, "last_used"), "never");
  EXPECT_EQ(text(eviction, "next_use"), "token 0, layer 1");
  EXPECT_EQ(number(eviction, "score"), 5);
  EXPECT_EQ(std::get<bool>(eviction.find("opt_keeps")->value), true);
}

TEST(ExportPerfetto, ArrowsLeaveALoadAtItsArrival_ToTheStallThatItEndedAndToItsFirstUse) {
  const Exported out = exported(hand_made());
  ASSERT_EQ(out.model.flows.size(), 2U);
  for (const PerfettoFlow& flow : out.model.flows) {
    EXPECT_EQ(out.model.tracks[out.model.slices[flow.from].track].name, "lane 0");
    EXPECT_EQ(flow.left, 5);
    EXPECT_EQ(flow.came, 5);
  }
  EXPECT_EQ(out.model.slices[out.model.flows[0].to].name, "stall: policy");
  EXPECT_EQ(out.model.slices[out.model.flows[1].to].name, "bank 0 expert 3");
  EXPECT_EQ(out.model.tracks[out.model.slices[out.model.flows[1].to].track].name, "NPU");
}

TEST(ExportPerfetto, TracksHaveAnOrder) {
  const Exported out = exported(hand_made());
  std::map<std::int32_t, std::string> names;
  for (const PerfettoTrack& track : out.model.tracks) {
    if (track.parent == out.model.tracks.front().uuid) names[track.rank] = track.name;
  }
  std::vector<std::string> from_the_top;
  for (const auto& [rank, name] : names) from_the_top.push_back(name);
  EXPECT_THAT(from_the_top, ElementsAre("steps", "NPU", "flash", "queue", "withdrawn prefetches", "evictions",
                                        "resident_bytes", "queued_loads", "loads_in_flight"));
  EXPECT_EQ(out.model.tracks.front().name, "small on phone: lru");
}

// ---- what has no place ----

TEST(ExportPerfetto, WhatATraceCannotShow_IsCounted) {
  RunRecord run = fixtures::busy_run(3);
  run.measured.resize(2);
  run.operators.erase(run.operators.begin() + 2, run.operators.end());
  const Exported out = exported(run);
  std::map<std::string, std::int64_t> left_out;
  for (const NotShown& what : out.said.left_out) left_out[what.what] = what.count;
  EXPECT_EQ(left_out["measured operators, which have a clock of their own"], 2);
  EXPECT_EQ(left_out["lookups without an operator of their expert"],
            static_cast<std::int64_t>(run.lookups.size()));
  EXPECT_GT(left_out["arrows from a load to its first use, which has no operator after the arrival"], 10);
}

TEST(ExportPerfetto, AStallThatEndsBeforeItsLoadArrives_HasNoArrowAndIsCounted) {
  RunRecord run = hand_made();
  run.loads[0].arrived = SimTime::at_ps(6000);
  const Exported out = exported(run);
  EXPECT_TRUE(out.model.flows.empty());
  EXPECT_EQ(out.said.left_out.size(), 2U);
}

TEST(ExportPerfetto, AnEmptyRun_IsATraceOfNothing) {
  RunRecord run;
  run.model = fixtures::small_model();
  const Exported out = exported(run);
  EXPECT_EQ(out.model.slices.size(), 1U);
  EXPECT_EQ(out.model.slices.front().name, "unnamed on unnamed");
}

struct Broken {
  const char* message;
  void (*change)(RunRecord& run);
};

TEST(ExportPerfetto, RowsThatAreNoTimeline_AreRefusedWithTableAndRow) {
  const Broken examples[] = {
      {"operator 1: expected a slice that begins when the one before has ended, found one 2 ps too early",
       [](RunRecord& run) { run.operators[1].begin = SimTime::at_ps(4999); }},
      {"stall 0: expected a slice that begins",
       [](RunRecord& run) { run.stalls[0].begin = SimTime::at_ps(1998); }},
      {"operator 2: expected a slice within step 0",
       [](RunRecord& run) { run.steps[0].end = SimTime::at_ps(9998); }},
      {"operator 0: expected a slice within step 0",
       [](RunRecord& run) { run.steps[0].begin = SimTime::at_ps(501); }},
      {"step 0: expected a time from 0", [](RunRecord& run) { run.steps[0].begin = SimTime::at_ps(-1); }},
      {"step 1: expected a step that begins", [](RunRecord& run) { run.steps.push_back(run.steps[0]); }},
      {"load 0: expected a load that starts",
       [](RunRecord& run) { run.loads[0].started = SimTime::at_ps(1998); }},
      {"load 0: expected a load that arrives",
       [](RunRecord& run) { run.loads[0].arrived = SimTime::at_ps(2999); }},
      {"load 0: expected a time from 0", [](RunRecord& run) { run.loads[0].requested = SimTime::at_ps(-5); }},
      {"load 0: expected sizes of at least 0", [](RunRecord& run) { run.loads[0].bytes = Bytes(-1); }},
      {"eviction 0: expected a time from 0",
       [](RunRecord& run) { run.evictions[0].at = SimTime::at_ps(-1); }},
      {"eviction 1: expected times that do not go back",
       [](RunRecord& run) {
         run.evictions.push_back(run.evictions[0]);
         run.evictions[1].at = SimTime();
       }},
      {"counter 1: expected times that do not go back",
       [](RunRecord& run) { run.counters[1].at = SimTime::at_ps(1998); }},
      {"stall 0: expected a load below 1", [](RunRecord& run) { run.stalls[0].load = LoadId(1); }},
      {"header: expected UTF-8", [](RunRecord& run) { run.header.device = "\xff"; }},
  };
  const fixtures::TempFolder folder;
  for (const Broken& example : examples) {
    RunRecord run = hand_made();
    example.change(run);
    const auto said = export_perfetto(run, folder.file("a.pftrace"));
    ASSERT_FALSE(said.ok()) << example.message;
    EXPECT_THAT(said.error().message(), HasSubstr(example.message));
  }
  EXPECT_THAT(folder.names(), testing::IsEmpty());
}

TEST(ExportPerfetto, RecordsWithAnyValues_AreRefusedOrExported) {
  const fixtures::TempFolder folder;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const RunRecord run = seed % 2 == 0 ? fixtures::random_run(seed) : fixtures::random_timeline(seed);
    const auto said = export_perfetto(run, folder.file("a.pftrace"));
    if (said.ok()) {
      EXPECT_TRUE(check_perfetto(folder.file("a.pftrace")).ok());
    } else {
      EXPECT_EQ(said.error().kind, Error::Kind::bad_input);
    }
    EXPECT_EQ(said.ok(), seed % 2 == 1) << seed;
  }
}

}  // namespace
}  // namespace pregate
