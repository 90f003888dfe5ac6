// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/run_tracks.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gui/scene/area_table.hpp"
#include "gui/scene/flow_links.hpp"
#include "gui/scene/slice_words.hpp"
#include "gui/scene/time_axis.hpp"
#include "gui/scene/work_rows.hpp"
#include "tests/scene/made_run.hpp"
#include "tests/traces/random_run.hpp"

namespace pregate {
namespace {

using fixtures::made_run;
using fixtures::MadeRunShape;

std::unique_ptr<RunTracks> tracks_of(const RunRecord& run) {
  auto tracks = RunTracks::build(run);
  EXPECT_TRUE(tracks.ok()) << (tracks.ok() ? "" : tracks.error().message());
  return tracks.ok() ? std::move(*tracks) : nullptr;
}

TEST(MadeRun, IsAValidRecord) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Status valid = validate_run(made_run({.seed = seed}));
    EXPECT_TRUE(valid.ok()) << (valid.ok() ? "" : valid.error().message());
  }
}

TEST(RunTracks, HoldEverySliceOfTheRecordOnce) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  EXPECT_EQ(tracks->row(tracks->steps()).slices().size(), run.steps.size());
  EXPECT_EQ(tracks->row(tracks->npu()).slices().size(), run.operators.size() + run.management.size());
  EXPECT_EQ(tracks->row(tracks->stalls()).slices().size(), run.stalls.size());
  std::size_t loads = 0;
  for (const SliceRow& lane : tracks->flash_rows()) loads += lane.slices().size();
  const auto started = std::count_if(run.loads.begin(), run.loads.end(), [](const LoadRecord& load) {
    return load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
  });
  EXPECT_EQ(loads, static_cast<std::size_t>(started));
  EXPECT_LE(tracks->flash_rows().size(), 4U);
  // A layer of every step, and its head.
  EXPECT_EQ(tracks->row(tracks->layers()).slices().size(), run.steps.size() * (run.model.layers.size() + 1));
}

TEST(FlashLanes, AreAsManyAsLoadsInFlightAtOnce) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const RunRecord run =
        made_run({.resident = 60, .lanes = 2, .prefetches = 5, .load_time = 4, .seed = seed});
    const auto tracks = tracks_of(run);
    std::size_t most = 0;
    for (const LoadRecord& load : run.loads) {
      const auto mine = reading_time(load, tracks->span().last);
      if (!mine) continue;
      const auto holds = [&](const LoadRecord& other) {
        const auto span = reading_time(other, tracks->span().last);
        return span && span->contains(mine->first);
      };
      most = std::max<std::size_t>(most, std::count_if(run.loads.begin(), run.loads.end(), holds));
    }
    EXPECT_EQ(tracks->flash_rows().size(), most);
  }
}

TEST(RunTracks, LayersNameTheirEvents) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  std::size_t events = 0;
  for (const Slice& slice : tracks->row(tracks->layers()).slices()) {
    if (slice.kind != Target::Kind::event) continue;
    EXPECT_EQ(slice.row, events++);
    EXPECT_TRUE(slice.span().contains(run.events[slice.row].at.count_ps()));
  }
  EXPECT_EQ(events, run.events.size());
}

TEST(RunTracks, LocateEveryRowWhereItWasDrawn) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  const auto check_row = [&](TrackId track) {
    for (const Slice& slice : tracks->row(track).slices()) {
      if (slice.kind == Target::Kind::layer) continue;
      const Target target{.kind = slice.kind, .row = slice.row};
      const auto place = tracks->locate(target);
      ASSERT_TRUE(place.has_value());
      const bool head = track == tracks->layers() && slice.kind == Target::Kind::operation;
      EXPECT_EQ(place->track, head ? tracks->npu() : track);
      EXPECT_EQ(place->span, slice.span());
      EXPECT_FALSE(describe(*tracks, target).empty());
    }
  };
  for (TrackId track = 0; track < tracks->fixed().size(); ++track) check_row(track);
  EXPECT_FALSE(tracks->locate({.kind = Target::Kind::stall, .row = run.stalls.size()}).has_value());
}

TEST(RunTracks, LocateLoadsThatNeverStartedWhereTheirExpertIsQueued) {
  RunRecord run = made_run();
  const SimTime asked = run.steps.back().begin;
  run.loads.push_back({.expert = ExpertId(3), .requested = asked});
  run.loads.push_back({.expert = ExpertId(4), .state = LoadEnd::cancelled, .requested = asked});
  const auto tracks = tracks_of(run);
  const auto place = [&](std::uint64_t back) {
    return tracks->locate({.kind = Target::Kind::load, .row = run.loads.size() - back});
  };
  const std::int64_t at = asked.count_ps();
  EXPECT_EQ(place(2), (RunTracks::Place{tracks->lane_of(ExpertId(3)), {at, tracks->span().last}}));
  EXPECT_EQ(place(1), (RunTracks::Place{tracks->lane_of(ExpertId(4)), {at, at}}));
}

TEST(RunTracks, RefuseSlicesThatOverlapAndSayWhich) {
  RunRecord run = made_run();
  run.stalls[3].begin = run.stalls[2].begin;
  const auto tracks = RunTracks::build(run);
  ASSERT_FALSE(tracks.ok());
  EXPECT_NE(tracks.error().message().find("stall 3"), std::string::npos) << tracks.error().message();
  EXPECT_NE(tracks.error().message().find("where stall 2 ends"), std::string::npos);
}

TEST(RunTracks, RefuseLoadsThatArriveBeforeTheyStart) {
  RunRecord run = made_run();
  run.loads[5].arrived = run.loads[5].started + Duration::ps(-1);
  const auto tracks = RunTracks::build(run);
  ASSERT_FALSE(tracks.ok());
  EXPECT_NE(tracks.error().message().find("load 5"), std::string::npos) << tracks.error().message();
}

TEST(RunTracks, NeverCrashOnRecordsOfRandomNumbers) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const RunRecord run = fixtures::random_run(seed, 1 + seed % 30);
    const auto tracks = RunTracks::build(run);
    EXPECT_TRUE(!tracks.ok() || !(*tracks)->span().empty());
  }
  EXPECT_TRUE(RunTracks::build(RunRecord()).ok());
}

TEST(DramBand, ColumnsSumToAllBytes) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  Flow::Sums sums{}, expected{};
  for (const Flow::Sums& column : tracks->band().columns(PixelGrid(tracks->span(), 777))) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += column[i];
  }
  for (const OperatorRecord& record : run.operators) {
    expected[static_cast<std::size_t>(DramUse::npu)] += bytes_of(run, record).count();
  }
  for (const LoadRecord& load : run.loads) {
    if (load.state != LoadEnd::arrived && load.state != LoadEnd::unfinished) continue;
    const auto use = load.purpose == Purpose::demand ? DramUse::demand
                     : load.first_use.valid()        ? DramUse::useful
                                                     : DramUse::useless;
    expected[static_cast<std::size_t>(use)] += load.bytes.count();
  }
  EXPECT_EQ(sums, expected);
  EXPECT_EQ(tracks->band().total(), expected);
}

// At a time, by walking the tables.
Ink life_at(const RunRecord& run, ExpertId expert, std::int64_t time) {
  for (const OperatorRecord& use : run.operators) {
    if (use.expert == expert && use.begin.count_ps() <= time && time < use.end.count_ps())
      return Ink::life_in_use;
  }
  std::optional<std::int64_t> since;
  Ink ink = Ink::none;
  for (const LoadRecord& load : run.loads) {
    if (load.expert != expert || load.requested.count_ps() > time) continue;
    const bool starts = load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
    if (!starts || load.started.count_ps() > time) {
      ink = Ink::life_queued;
      since.reset();
    } else if (load.state == LoadEnd::unfinished || load.arrived.count_ps() > time) {
      ink = Ink::life_loading;
      since.reset();
    } else {
      since = load.arrived.count_ps();
      ink = Ink::life_unused;
    }
  }
  if (!since) return ink;
  for (const EvictionRecord& eviction : run.evictions) {
    if (eviction.expert == expert && eviction.at.count_ps() >= *since && eviction.at.count_ps() <= time)
      return Ink::none;
  }
  for (const OperatorRecord& use : run.operators) {
    if (use.expert == expert && use.begin.count_ps() >= *since && use.end.count_ps() <= time)
      return Ink::life_used;
  }
  return ink;
}

TEST(ExpertLanes, SayAtAnyTimeWhatTheTablesSay) {
  const RunRecord run = made_run({.tokens = 30, .experts = 10, .resident = 9, .lanes = 1, .seed = 3});
  const auto tracks = tracks_of(run);
  ExpertLanes& lanes = tracks->experts();
  Random random(4);
  std::set<Ink> seen;
  for (std::uint32_t id = 0; id < lanes.size(); ++id) {
    const ExpertLane& lane = lanes.lane(ExpertId(id));
    EXPECT_EQ(lane.conflict, "");
    for (int probe = 0; probe < 300; ++probe) {
      const auto time =
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(tracks->span().last)));
      const auto at = lane.row.at(time);
      const Ink ink = at ? lane.row.slices()[*at].ink : Ink::none;
      ASSERT_EQ(ink, life_at(run, ExpertId(id), time)) << lanes.name(ExpertId(id)) << " at " << time;
      seen.insert(ink);
    }
  }
  EXPECT_EQ(seen.size(), 6U) << "the run shows every state";
}

TEST(ExpertLanes, SayWhereARecordContradictsItself) {
  RunRecord run = made_run();
  const auto used = std::find_if(run.operators.rbegin(), run.operators.rend(),
                                 [](const OperatorRecord& record) { return record.expert.valid(); });
  EXPECT_EQ(tracks_of(run)->experts().lane(used->expert).conflict, "");
  run.evictions.push_back({.expert = used->expert, .at = used->begin + Duration::ps(-1)});
  EXPECT_EQ(tracks_of(run)->experts().lane(used->expert).conflict,
            fmt::format("operator {}: a use while absent", run.operators.rend() - used - 1));
}

TEST(ExpertLanes, AnExpertThatWasNeverLoadedButUsedWasThereFromTheStart) {
  RunRecord run;
  run.model = made_run().model;
  run.steps.push_back({.begin = SimTime(), .end = SimTime::at_ps(100)});
  run.operators.push_back({.layer = LayerId(1),
                           .kind = OperatorKind::routed_expert,
                           .expert = ExpertId(2),
                           .begin = SimTime::at_ps(40),
                           .end = SimTime::at_ps(60)});
  const auto tracks = tracks_of(run);
  const auto slices = tracks->experts().lane(ExpertId(2)).row.slices();
  ASSERT_EQ(slices.size(), 3U);
  EXPECT_EQ(slices[0].ink, Ink::life_unused);
  EXPECT_EQ(slices[0].span(), (TimeSpan{0, 40}));
  EXPECT_EQ(slices[1].ink, Ink::life_in_use);
  EXPECT_EQ(slices[2].ink, Ink::life_used);
  EXPECT_EQ(slices[2].end, 100);
}

TEST(ExpertLanes, AreOrderedByStallTimeAndByUses) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  const ExpertLanes& lanes = tracks->experts();
  const auto& by_stall = lanes.order(ExpertOrder::by_stall);
  const auto& by_uses = lanes.order(ExpertOrder::by_uses);
  for (std::size_t i = 1; i < lanes.size(); ++i) {
    EXPECT_GE(lanes.stall_of(by_stall[i - 1]), lanes.stall_of(by_stall[i]));
    EXPECT_GE(lanes.uses_of(by_uses[i - 1]), lanes.uses_of(by_uses[i]));
  }
  Duration stalls;
  for (const ExpertId expert : by_stall) stalls += lanes.stall_of(expert);
  EXPECT_EQ(stalls, run.summary.all.stall);
}

TEST(AreaTable, EqualsABruteSum) {
  Random random(9);
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const RunRecord run = made_run({.tokens = 8, .seed = seed});
    const auto tracks = tracks_of(run);
    for (int round = 0; round < 8; ++round) {
      const auto reach = static_cast<std::uint64_t>(tracks->span().last);
      auto first = static_cast<std::int64_t>(random.below(reach)),
           last = static_cast<std::int64_t>(random.below(reach));
      if (first > last) std::swap(first, last);
      const TimeSpan area{first, last + 1};
      const AreaTable table = area_table(*tracks, area);
      std::map<std::string, std::vector<std::int64_t>> parts;
      std::map<std::string, std::int64_t> bytes;
      const auto add = [&](const std::string& name, SimTime begin, SimTime end, std::int64_t size) {
        const TimeSpan span{begin.count_ps(), end.count_ps()};
        const std::int64_t part = span.common(area).length();
        if (part <= 0) return;
        parts[name].push_back(part);
        bytes[name] += static_cast<std::int64_t>(Int128{size} * part / span.length());
      };
      for (const auto& row : run.operators) {
        add(std::string(words_of(row.kind)), row.begin, row.end, bytes_of(run, row).count());
      }
      for (const auto& row : run.management) add("cache management", row.begin, row.end, 0);
      for (const auto& row : run.stalls) add(std::string(words_of(row.cause)), row.begin, row.end, 0);
      for (const auto& row : run.loads) {
        const auto reading = reading_time(row, tracks->span().last);
        if (!reading) continue;
        std::string name(to_text(row.purpose));
        if (row.purpose != Purpose::demand) name += row.first_use.valid() ? ", used" : ", not used";
        add(name, SimTime::at_ps(reading->first), SimTime::at_ps(reading->last), row.bytes.count());
      }
      ASSERT_EQ(table.rows.size(), parts.size());
      for (const AreaRow& row : table.rows) {
        auto& mine = parts[row.name];
        std::sort(mine.begin(), mine.end());
        std::int64_t total = 0;
        for (const std::int64_t part : mine) total += part;
        EXPECT_EQ(row.count, static_cast<std::int64_t>(mine.size())) << row.name;
        EXPECT_EQ(row.total.count_ps(), total) << row.name;
        EXPECT_EQ(row.bytes.count(), bytes[row.name]) << row.name;
        EXPECT_EQ(row.most.count_ps(), mine.back());
        const auto not_above = [&](Duration value) {
          return std::count_if(mine.begin(), mine.end(),
                               [&](std::int64_t v) { return v <= value.count_ps(); });
        };
        EXPECT_GE(not_above(row.p50) * 100, static_cast<std::int64_t>(mine.size()) * 50);
        EXPECT_GE(not_above(row.p95) * 100, static_cast<std::int64_t>(mine.size()) * 95);
        EXPECT_LT((not_above(row.p50 + Duration::ps(-1))) * 100, static_cast<std::int64_t>(mine.size()) * 50);
      }
    }
  }
}

TEST(AreaTable, OfAllTimeSumsToTheSummary) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  Duration npu, stalls;
  for (const AreaRow& row : area_table(*tracks, tracks->span()).rows) {
    if (row.category == "operator" || row.category == "management") npu += row.total;
    if (row.category == "stall") stalls += row.total;
  }
  EXPECT_EQ(stalls, run.summary.all.stall);
  EXPECT_EQ(npu + stalls, run.summary.all.makespan);
}

TEST(AreaTable, LeavesOutTracksAndWritesCsv) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  const AreaTable table = area_table(*tracks, tracks->span(), {.npu = false, .loads = false});
  EXPECT_TRUE(std::all_of(table.rows.begin(), table.rows.end(),
                          [](const AreaRow& row) { return row.category == "stall"; }));
  const std::string csv = table.to_csv();
  EXPECT_TRUE(csv.starts_with("category,name,count,total_s,mean_s,p50_s,p95_s,max_s,bytes,gb_per_s\n"));
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), table.rows.size() + 1);
}

TEST(FlowLinks, LeadFromAStallsLoadToTheStallAndToTheUse) {
  const RunRecord run = made_run();
  const auto tracks = tracks_of(run);
  for (std::size_t i = 0; i < run.stalls.size(); ++i) {
    const LoadId load = run.stalls[i].load;
    const Target from{.kind = Target::Kind::load, .row = load.value()};
    const auto links = links_of(*tracks, {.kind = Target::Kind::stall, .row = i});
    ASSERT_EQ(links.size(), 2U);
    EXPECT_EQ(links[0], (FlowLink{from, {.kind = Target::Kind::stall, .row = i}}));
    EXPECT_EQ(links[1].from, from);
    const OperatorRecord& use = run.operators[links[1].to.row];
    EXPECT_EQ(use.expert, run.loads[load.value()].expert);
    EXPECT_GE(use.begin, run.stalls[i].end);
    EXPECT_EQ(load_behind(*tracks, links[1].to.row), load);
  }
}

TEST(TimeAxis, LabelsAreNiceTimesFarEnoughApart) {
  Random random(11);
  for (int round = 0; round < 500; ++round) {
    const auto length =
        static_cast<std::int64_t>(10 + random.below(std::uint64_t{1} << (4 + random.below(55))));
    const auto first = static_cast<std::int64_t>(random.below(std::uint64_t{1} << (1 + random.below(60))));
    const int width = 200 + static_cast<int>(random.below(3000));
    const TimeAxis axis = time_axis({first, first + length}, width);
    std::int64_t before = -1;
    for (const Tick& tick : axis.ticks) {
      EXPECT_GE(tick.at, first);
      EXPECT_LT(tick.at, first + length);
      if (tick.label.empty()) continue;
      if (before >= 0) {
        EXPECT_GE(static_cast<double>(tick.at - before) * width / static_cast<double>(length), 90.0);
      }
      before = tick.at;
    }
    EXPECT_LE(axis.ticks.size(), static_cast<std::size_t>(width) / 9);
  }
}

TEST(TimeAxis, LaterLabelsAddToTheWholeOne) {
  const TimeAxis axis = time_axis({900'000'000'000, 1'500'000'000'000}, 700);
  ASSERT_EQ(axis.base, "");
  std::vector<std::string> labels;
  for (const Tick& tick : axis.ticks) {
    if (!tick.label.empty()) labels.push_back(tick.label);
  }
  EXPECT_EQ(labels, (std::vector<std::string>{"+900 ms", "1 s", "+100 ms", "+200 ms", "+300 ms", "+400 ms"}));
}

TEST(TimeText, IsExactOrRoundedAsAsked) {
  EXPECT_EQ(time_text(0), "0 s");
  EXPECT_EQ(time_text(12'345'678'000'000), "12.345678 s");
  EXPECT_EQ(time_text(12'345'678'000'000, 1'000'000'000), "12.346 s");
  EXPECT_EQ(time_text(1'500), "1.5 ns");
  EXPECT_EQ(time_text(999), "999 ps");
  EXPECT_EQ(time_text(2'050'000), "2.05 µs");
}

}  // namespace
}  // namespace pregate
