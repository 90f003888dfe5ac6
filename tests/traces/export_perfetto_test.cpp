// SPDX-License-Identifier: Apache-2.0
// What of a run stands in its Perfetto trace, read back by our own reader.
#include "traces/export_perfetto.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/traces/busy_run.hpp"
#include "tests/traces/random_run.hpp"
#include "tests/traces/random_timeline.hpp"
#include "traces/read_perfetto.hpp"
#include "traces/run_layout.hpp"

namespace pregate {
namespace {

using fixtures::busy_run;
using testing::ElementsAre;
using testing::HasSubstr;

struct Exported {
  PerfettoModel model;
  PerfettoExport said;
  std::string bytes;
};

Exported exported(const RunRecord& run) {
  const fixtures::TempFolder folder;
  const std::string path = folder.file("a.pftrace");
  const auto said = export_perfetto(run, path);
  EXPECT_TRUE(said.ok()) << said.error().message();
  const auto model = read_perfetto(path);
  EXPECT_TRUE(model.ok()) << model.error().message();
  EXPECT_THAT(folder.names(), ElementsAre("a.pftrace"));
  return {.model = *model, .said = *said, .bytes = fixtures::slurp(path)};
}

std::int64_t number(const PerfettoSlice& slice, std::string_view name) {
  const PerfettoNote* note = slice.find(name);
  return note != nullptr ? std::get<std::int64_t>(note->value) : -1;
}

std::string text(const PerfettoSlice& slice, std::string_view name) {
  const PerfettoNote* note = slice.find(name);
  return note != nullptr ? std::get<std::string>(note->value) : "";
}

std::vector<PerfettoSlice> on_track(const PerfettoModel& model, std::string_view name) {
  std::vector<PerfettoSlice> out;
  for (const PerfettoSlice& slice : model.slices) {
    if (model.tracks[slice.track].name == name) out.push_back(slice);
  }
  return out;
}

// Slices of the tracks below a group.
std::vector<PerfettoSlice> under(const PerfettoModel& model, std::uint64_t group) {
  std::vector<PerfettoSlice> out;
  for (const PerfettoSlice& slice : model.slices) {
    if (model.tracks[slice.track].parent == group) out.push_back(slice);
  }
  return out;
}

std::uint64_t uuid_of(const PerfettoModel& model, std::string_view name) {
  for (const PerfettoTrack& track : model.tracks) {
    if (track.name == name) return track.uuid;
  }
  ADD_FAILURE() << "no track " << name;
  return 0;
}

// What a slice must be, by hand.
using Plain =
    std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>;  // name, begin, end, exact ps

Plain plain(const PerfettoSlice& slice) {
  return {slice.name, slice.begin, slice.end, number(slice, "duration_ps")};
}

template <typename Row>
Plain plain(std::string name, const Row& row) {
  return {std::move(name), row.begin.count_ps() / 1000, row.end.count_ps() / 1000,
          (row.end - row.begin).count_ps()};
}

std::string expert_name(const RunRecord& run, ExpertId expert) {
  const ExpertTable table(run.model);
  return "bank " + std::to_string(table.bank(expert).value()) + " expert " +
         std::to_string(table.index_in_bank(expert));
}

std::vector<Plain> npu_of(const RunRecord& run) {
  std::vector<Plain> out;
  for (const OperatorRecord& op : run.operators)
    out.push_back(plain(op.expert.valid() ? expert_name(run, op.expert) : std::string(to_text(op.kind)), op));
  for (const ManagementRecord& row : run.management) out.push_back(plain("management", row));
  for (const StallRecord& row : run.stalls) {
    std::string name = "stall: ";
    name += to_text(row.cause);
    out.push_back(plain(name, row));
  }
  return out;
}

std::vector<Plain> all_plain(const std::vector<PerfettoSlice>& slices) {
  std::vector<Plain> out;
  for (const PerfettoSlice& slice : slices) out.push_back(plain(slice));
  return out;
}

void expect_same_slices(std::vector<Plain> a, std::vector<Plain> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  EXPECT_EQ(a, b);
}

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

// ---- properties of random runs ----

struct Case {
  std::uint64_t seed = 0, scale = 0;
};

// Slices of milliseconds, of a few nanoseconds, and of less than one.
std::vector<Case> cases() {
  std::vector<Case> out;
  for (const std::uint64_t scale : {1'000'000'000, 4'000, 600, 1}) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) out.push_back({.seed = seed, .scale = scale});
  }
  return out;
}

template <typename Check>
void for_all_runs(Check check_run) {
  for (const Case& c : cases()) {
    SCOPED_TRACE("seed " + std::to_string(c.seed) + ", scale " + std::to_string(c.scale));
    const RunRecord run = busy_run(c.seed, 4, c.scale);
    ASSERT_TRUE(validate_run(run).ok()) << validate_run(run).error().message();
    check_run(run, exported(run));
    if (testing::Test::HasFailure()) return;
  }
}

TEST(ExportPerfetto, EverySliceOfTheNpu_IsInTheFileOnce) {
  for_all_runs([](const RunRecord& run, const Exported& out) {
    expect_same_slices(npu_of(run), all_plain(on_track(out.model, "NPU")));
    EXPECT_EQ(out.said.counts, out.model.counts) << "the writer and the reader count the same";
    EXPECT_EQ(static_cast<std::size_t>(out.said.counts.bytes), out.bytes.size());
  });
}

TEST(ExportPerfetto, EveryLoad_IsOnALaneOnce_AndInTheQueueAsLongAsItWaited) {
  for_all_runs([](const RunRecord& run, const Exported& out) {
    const SimTime end = lay_out_run(run)->end;
    std::vector<Plain> flights, queue;
    for (const LoadRecord& load : run.loads) {
      const bool started = load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
      const SimTime from = started ? load.started : end;
      const std::string name = expert_name(run, load.expert);
      const auto slice = [&](SimTime a, SimTime b) {
        return Plain{name, a.count_ps() / 1000, b.count_ps() / 1000, (b - a).count_ps()};
      };
      if (started) flights.push_back(slice(from, load.state == LoadEnd::arrived ? load.arrived : end));
      if (load.state == LoadEnd::cancelled) continue;
      if (!started || load.requested < from) queue.push_back(slice(load.requested, from));
    }
    expect_same_slices(flights, all_plain(under(out.model, uuid_of(out.model, "flash"))));
    expect_same_slices(queue, all_plain(under(out.model, uuid_of(out.model, "queue"))));
    EXPECT_EQ(out.model.instants.size(), run.evictions.size() + 1) << "and the one that was withdrawn";
  });
}

TEST(ExportPerfetto, ThereAreAsManyLanesAsLoadsAtOnce) {
  for_all_runs([](const RunRecord& run, const Exported& out) {
    const Lanes lanes = lay_out_run(run)->flights;
    std::uint32_t most = 0;
    for (const LaneSlice& slice : lanes.slices) {
      std::uint32_t at_once = 1;
      for (const LaneSlice& other : lanes.slices) {
        const bool before = std::tie(other.begin, other.load) < std::tie(slice.begin, slice.load);
        if (before && other.end > slice.begin) ++at_once;
      }
      most = std::max(most, at_once);
    }
    EXPECT_EQ(lanes.lanes, most);
    std::int64_t tracks = 0;
    for (const PerfettoTrack& track : out.model.tracks) tracks += track.name.starts_with("lane ") ? 1 : 0;
    EXPECT_EQ(tracks, most);
  });
}

TEST(ExportPerfetto, SumsOfDurations_AreTheRunsToANanosecondASlice) {
  for_all_runs([](const RunRecord& run, const Exported& out) {
    std::map<std::size_t, std::array<std::int64_t, 3>> sums;  // by track: ns, ps, slices
    for (const PerfettoSlice& slice : out.model.slices) {
      if (slice.find("duration_ps") == nullptr) continue;  // the run
      auto& [ns, ps, count] = sums[slice.track];
      ns += slice.end - slice.begin;
      ps += number(slice, "duration_ps");
      ++count;
    }
    for (const auto& [track, sum] : sums)
      EXPECT_LT(std::abs(sum[0] * 1000 - sum[1]), 1000 * sum[2]) << out.model.tracks[track].name;
    std::int64_t stalled = 0;
    for (const StallRecord& stall : run.stalls) stalled += (stall.end - stall.begin).count_ps();
    std::int64_t found = 0;
    for (const PerfettoSlice& slice : on_track(out.model, "NPU"))
      found += slice.name.starts_with("stall") ? number(slice, "duration_ps") : 0;
    EXPECT_EQ(found, stalled);
  });
}

TEST(ExportPerfetto, LayersNestInTheirSteps_AndHoldTheirSlices) {
  for_all_runs([](const RunRecord& run, const Exported& out) {
    const std::vector<PerfettoSlice> steps = on_track(out.model, "steps");
    std::int64_t tokens = 0;
    const PerfettoSlice* step = nullptr;
    std::map<std::pair<std::int64_t, std::int64_t>, const PerfettoSlice*> layers;
    for (const PerfettoSlice& slice : steps) {
      if (slice.depth == 0) {
        step = &slice;
        EXPECT_EQ(slice.name, tokens == 0 ? "prefill 0" : "token " + std::to_string(tokens - 1));
        ++tokens;
      } else {
        ASSERT_NE(step, nullptr);
        EXPECT_EQ(slice.depth, 1);
        EXPECT_TRUE(step->begin <= slice.begin && slice.end <= step->end);
        EXPECT_EQ(number(slice, "step"), number(*step, "step"));
        if (slice.name != "head") layers[{number(slice, "step"), number(slice, "layer")}] = &slice;
      }
    }
    EXPECT_EQ(static_cast<std::size_t>(tokens), run.steps.size());
    for (const PerfettoSlice& slice : on_track(out.model, "NPU")) {
      if (slice.name == "head") continue;
      const PerfettoSlice* layer = layers[{number(slice, "step"), number(slice, "layer")}];
      ASSERT_NE(layer, nullptr);
      EXPECT_TRUE(layer->begin <= slice.begin && slice.end <= layer->end);
    }
  });
}

TEST(ExportPerfetto, Arrows_JoinEveryLoadWithItsFirstUseAndItsStall) {
  for_all_runs([](const RunRecord& run, const Exported& out) {
    std::set<std::pair<std::int64_t, std::string>> uses, stalls, found_uses, found_stalls;
    for (std::size_t i = 0; i < run.loads.size(); ++i) {
      if (!run.loads[i].first_use.valid()) continue;
      const EventRecord& event = run.events[run.loads[i].first_use.value()];
      uses.emplace(i, std::to_string(event.step) + "/" + std::to_string(event.layer.value()) + "/" +
                          expert_name(run, run.loads[i].expert));
    }
    for (const StallRecord& stall : run.stalls)
      stalls.emplace(stall.load.value(), std::to_string(stall.begin.count_ps() / 1000));
    for (const PerfettoFlow& flow : out.model.flows) {
      const PerfettoSlice& from = out.model.slices[flow.from];
      const PerfettoSlice& to = out.model.slices[flow.to];
      EXPECT_EQ(flow.left, from.end) << "at the arrival";
      if (to.name.starts_with("stall")) {
        EXPECT_EQ(flow.came, to.end);
        EXPECT_EQ(number(to, "load"), number(from, "load"));
        found_stalls.emplace(number(from, "load"), std::to_string(to.begin));
      } else {
        EXPECT_EQ(flow.came, to.begin);
        found_uses.emplace(number(from, "load"), std::to_string(number(to, "step")) + "/" +
                                                     std::to_string(number(to, "layer")) + "/" + to.name);
      }
    }
    EXPECT_EQ(found_uses, uses);
    EXPECT_EQ(found_stalls, stalls);
    EXPECT_EQ(out.model.flows.size(), uses.size() + run.stalls.size());
    EXPECT_THAT(out.said.left_out, testing::IsEmpty());
  });
}

TEST(ExportPerfetto, Counters_HaveTheRowsOfTheRun) {
  for_all_runs([](const RunRecord& run, const Exported& out) {
    for (std::size_t counter = 0; counter < kCounterNames.size(); ++counter) {
      std::vector<std::pair<std::int64_t, std::int64_t>> rows, found;
      for (const CounterRecord& row : run.counters) {
        if (row.counter == counter) rows.emplace_back(row.at.count_ps() / 1000, row.value);
      }
      for (const PerfettoSample& sample : out.model.samples) {
        if (out.model.tracks[sample.track].name == kCounterNames.at(counter))
          found.emplace_back(sample.at, sample.whole);
      }
      EXPECT_EQ(found, rows) << kCounterNames.at(counter);
    }
    std::int64_t arrived = 0, last = 0;
    for (const LoadRecord& load : run.loads)
      arrived += load.state == LoadEnd::arrived ? load.bytes.count() : 0;
    for (const PerfettoSample& sample : out.model.samples) {
      if (out.model.tracks[sample.track].name != "bytes_arrived") continue;
      EXPECT_GT(sample.whole, last);
      last = sample.whole;
    }
    EXPECT_EQ(last, arrived);
  });
}

TEST(ExportPerfetto, TheSameRun_GivesTheSameBytes) {
  EXPECT_EQ(exported(busy_run(5)).bytes, exported(busy_run(5)).bytes);
}

// ---- what has no place ----

TEST(ExportPerfetto, WhatATraceCannotShow_IsCounted) {
  RunRecord run = busy_run(3);
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
      {"step 0: expected a step that begins",
       [](RunRecord& run) { run.steps[0].begin = SimTime::at_ps(-1); }},
      {"load 0: expected a load that starts",
       [](RunRecord& run) { run.loads[0].started = SimTime::at_ps(1998); }},
      {"load 0: expected a load that arrives",
       [](RunRecord& run) { run.loads[0].arrived = SimTime::at_ps(2999); }},
      {"load 0: expected a load that is asked for",
       [](RunRecord& run) { run.loads[0].requested = SimTime::at_ps(-5); }},
      {"load 0: expected sizes of at least 0", [](RunRecord& run) { run.loads[0].bytes = Bytes(-1); }},
      {"eviction 0: expected times that do not go back",
       [](RunRecord& run) { run.evictions[0].at = SimTime::at_ps(-1); }},
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
