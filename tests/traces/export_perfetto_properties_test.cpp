// SPDX-License-Identifier: Apache-2.0
// What holds of the Perfetto trace of any run: each slice once, nesting, arrows, sums, counters.
#include <gmock/gmock.h>

#include <array>
#include <map>
#include <set>
#include <tuple>

#include "tests/traces/busy_run.hpp"
#include "tests/traces/exported_run.hpp"
#include "traces/run_layout.hpp"

namespace pregate {
namespace {

using fixtures::all_plain;
using fixtures::busy_run;
using fixtures::expect_same_slices;
using fixtures::expert_name;
using fixtures::exported;
using fixtures::Exported;
using fixtures::npu_of;
using fixtures::number;
using fixtures::on_track;
using fixtures::Plain;
using fixtures::under;
using fixtures::uuid_of;

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

}  // namespace
}  // namespace pregate
