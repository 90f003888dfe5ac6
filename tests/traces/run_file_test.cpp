// SPDX-License-Identifier: Apache-2.0
#include "traces/run_file.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <functional>
#include <limits>

#include "tests/traces/random_run.hpp"
#include "tests/traces/trace_fixtures.hpp"
#include "traces/record_stream.hpp"

namespace pregate {
namespace {

using fixtures::expect_message;
using fixtures::random_run;
using fixtures::Wire;

auto summary_members(const RunSummary& r) {
  const auto& [all, prefill, decode, misses, prefetch, a, b, c, d, e, f, g, h, i, j, k, l, m, n] = r;
  return std::tuple(fixtures::members(all), fixtures::members(prefill), fixtures::members(decode), misses,
                    fixtures::members(prefetch), a, b, c, d, e, f, g, h, i, j, k, l, m, n);
}

void expect_same(const RunRecord& x, const RunRecord& y) {
  const auto& [header, model, steps, events, lookups, operators, management, stalls, loads, evictions,
               counters, measured, summary] = y;
  EXPECT_TRUE(fixtures::members(x.header) == fixtures::members(header));
  fixtures::expect_same(x.model, model);
  fixtures::expect_same_rows("steps", x.steps, steps);
  fixtures::expect_same_rows("events", x.events, events);
  fixtures::expect_same_rows("lookups", x.lookups, lookups);
  fixtures::expect_same_rows("operators", x.operators, operators);
  fixtures::expect_same_rows("management", x.management, management);
  fixtures::expect_same_rows("stalls", x.stalls, stalls);
  fixtures::expect_same_rows("loads", x.loads, loads);
  fixtures::expect_same_rows("evictions", x.evictions, evictions);
  fixtures::expect_same_rows("counters", x.counters, counters);
  fixtures::expect_same_rows("measured", x.measured, measured);
  EXPECT_TRUE(summary_members(x.summary) == summary_members(summary));
}

std::string file_of(const RunRecord& run) {
  const fixtures::TempFolder folder;
  const Status written = write_run(folder.file("a.run"), run);
  EXPECT_TRUE(written.ok()) << (written ? "" : written.error().message());
  return fixtures::slurp(folder.file("a.run"));
}

std::vector<std::string> records_of(const RunRecord& run) {
  return fixtures::split_records(*decompress_stream(file_of(run), "a.run"));
}

Result<RunRecord> read_records(const std::vector<std::string>& records) {
  std::string plain;
  for (const std::string& record : records) append_record(plain, record);
  return read_run_bytes(compress_stream(plain), "bad.run");
}

TEST(RunFile, EveryFieldOfARandomRun_SurvivesTheFile) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const RunRecord run = random_run(seed);
    const auto read = read_run_bytes(file_of(run), "a.run");
    ASSERT_TRUE(read.ok()) << read.error().message();
    expect_same(run, *read);
  }
}

TEST(RunFile, TablesOfSeveralChunks_SurviveTheFile) {
  const RunRecord run = random_run(1, 40'000);
  const auto read = read_run_bytes(file_of(run), "a.run");
  ASSERT_TRUE(read.ok()) << read.error().message();
  expect_same(run, *read);
}

TEST(RunFile, ASummaryAlone_SurvivesTheFile) {
  RunRecord run = random_run(1);
  run.events.clear();
  run.lookups.clear();
  run.operators.clear();
  run.management.clear();
  run.stalls.clear();
  run.loads.clear();
  run.evictions.clear();
  run.counters.clear();
  run.measured.clear();
  const auto read = read_run_bytes(file_of(run), "a.run");
  ASSERT_TRUE(read.ok()) << read.error().message();
  expect_same(run, *read);
}

TEST(RunFile, TheSameRun_GivesTheSameBytes) {
  EXPECT_EQ(file_of(random_run(5)), file_of(random_run(5)));
}

TEST(RunFile, AHundredThousandSlices_TakeLessThanTenBytesEach) {
  RunRecord run = random_run(1, 2);
  run.operators.clear();
  Random random(9);
  SimTime clock;
  for (int i = 0; i < 100'000; ++i) {
    const Duration length = Duration::ns(200'000 + static_cast<std::int64_t>(random.below(1000)));
    run.operators.push_back({.step = i / 50'000,
                             .layer = LayerId(static_cast<std::uint32_t>(i % 5)),
                             .kind = OperatorKind::routed_expert,
                             .expert = ExpertId(static_cast<std::uint32_t>(random.below(24))),
                             .begin = clock,
                             .end = clock + length,
                             .alone = length});
    clock = clock + length;
  }
  EXPECT_LT(file_of(run).size(), 1'000'000U);
}

TEST(RunFile, CutAtAnyByte_IsRefused) {
  const std::string bytes = file_of(random_run(1, 2));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(read_run_bytes(std::string_view(bytes).substr(0, size), "cut.run").ok()) << size;
  }
}

TEST(RunFile, AnyFlippedBit_IsRefused) {
  std::string bytes = file_of(random_run(1, 1));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto flip = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
    EXPECT_FALSE(read_run_bytes(bytes, "flipped.run").ok()) << "byte " << bit / 8 << " bit " << bit % 8;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
  }
}

TEST(RunFile, TablesTooLargeForMemory_AreRefusedByTheHeader) {
  // The header of a file without rows ends in its ten counts, which are zero.
  RunRecord run;
  run.model = fixtures::small_model();
  auto records = records_of(run);
  ASSERT_EQ(records.size(), 4U);
  const std::string counts = Wire().packed(12, std::vector<std::uint64_t>(10, 0)).text();
  const std::string fields = records[1].substr(records[1].find('\x08'));
  ASSERT_TRUE(fields.ends_with(counts));
  const std::string huge = fields.substr(0, fields.size() - counts.size()) +
                           Wire().packed(12, std::vector<std::uint64_t>(10, std::uint64_t{1} << 62)).text();
  records[1] = Wire().bytes(1, huge).text();
  const auto read = read_records(records);
  ASSERT_FALSE(read.ok());
  expect_message(read.error(),
                 {"bad.run", "record 1", "expected tables of at most 4 GiB in memory", "found larger ones"});
}

// A valid file has these records: magic, header, ten tables, summary, end.
TEST(RunFile, RecordsThatMakeNoSense_AreNamedWithTheirPlace) {
  const auto good = records_of(random_run(1));
  ASSERT_EQ(good.size(), 14U);
  const auto with = [&](std::size_t index, const std::string& record) {
    auto records = good;
    records[index] = record;
    return records;
  };
  const auto without = [&](std::size_t index) {
    auto records = good;
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(index));
    return records;
  };
  const struct {
    const char* name;
    std::vector<std::string> records;
    std::vector<std::string> parts;
  } table[] = {
      {"another format",
       with(0, "pregate.route"),
       {"record 0", "expected \"pregate.run\"", "\"pregate.route\""}},
      {"a newer version",
       with(1, Wire().bytes(1, Wire().number(1, 3).text()).text()),
       {"record 1", "expected version 2", "found version 3"}},
      {"no header",
       without(1),
       {"record 1", "expected header, tables in order", "found record kind 2 after 0"}},
      {"a table is missing", without(5), {"record 12", "operators", "expected 20 rows", "found 0"}},
      {"tables out of order",
       [&] {
         auto r = good;
         std::swap(r[3], r[4]);
         return r;
       }(),
       {"record 4", "expected header, tables in order"}},
      {"a table twice",
       [&] {
         auto r = good;
         r.insert(r.begin() + 3, good[3]);
         return r;
       }(),
       {"record 4: events", "expected 1 to 0 rows", "found 20"}},
      {"no summary",
       without(12),
       {"record 12", "expected header, tables in order", "found record kind 13 after 11"}},
      {"no end", without(13), {"record 13", "expected a record", "the end of the data"}},
      {"end counts otherwise",
       with(13, Wire().bytes(13, Wire().number(1, 3).text()).text()),
       {"record 13", "expected 200 rows", "found 3"}},
      {"records behind the end",
       [&] {
         auto r = good;
         r.push_back(good[13]);
         return r;
       }(),
       {"record 13", "expected nothing behind"}},
      {"a short column",
       with(10, Wire().bytes(10, Wire().number(1, 20).packed(2, {0, 0}).text()).text()),
       {"record 10: counters: column counter", "expected 20 values", "found 2"}},
      {"too many rows",
       with(10, Wire().bytes(10, Wire().number(1, 100'000).text()).text()),
       {"record 10: counters", "expected 1 to 20 rows", "found 100000"}},
      {"an unknown enumeration",
       with(2,
            Wire().bytes(2, Wire().number(1, 20).packed(2, std::vector<std::uint64_t>(20, 8)).text()).text()),
       {"record 2: steps: column phase, row 0", "expected a value that the column can have", "found 4"}},
      {"not protobuf", with(4, "\xff\xff"), {"record 4", "expected a record of a run"}},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    const auto read = read_records(row.records);
    ASSERT_FALSE(read.ok());
    expect_message(read.error(), row.parts);
    EXPECT_EQ(read.error().file, "bad.run");
  }
}

TEST(RunFile, ReferencesThatLeadNowhere_AreNeitherWrittenNorRead) {
  const struct {
    const char* name;
    std::function<void(RunRecord&)> spoil;
    std::vector<std::string> parts;
  } table[] = {
      {"step",
       [](RunRecord& r) { r.operators[3].step = 20; },
       {"operator 3", "expected a step below 20", "found 20"}},
      {"negative step",
       [](RunRecord& r) { r.stalls[0].step = -1; },
       {"stall 0", "expected a step below 20", "found -1"}},
      {"layer",
       [](RunRecord& r) { r.management[1].layer = LayerId(5); },
       {"management 1", "expected a layer below 5", "found 5"}},
      {"expert",
       [](RunRecord& r) { r.lookups[2].expert = ExpertId(24); },
       {"lookup 2", "expected an expert below 24", "found 24"}},
      {"load", [](RunRecord& r) { r.stalls[4].load = LoadId(20); }, {"stall 4", "load below 20", "found 20"}},
      {"event",
       [](RunRecord& r) { r.loads[5].first_use = EventId(77); },
       {"load 5", "event below 20", "found 77"}},
      {"eviction",
       [](RunRecord& r) { r.loads[6].previous_eviction = EvictionId(20); },
       {"load 6", "eviction below 20"}},
      {"next use",
       [](RunRecord& r) { r.evictions[7].next_use = EventId(20); },
       {"eviction 7", "event below 20"}},
      {"counter",
       [](RunRecord& r) { r.counters[8].counter = 3; },
       {"counter 8", "expected a counter below 3", "found 3"}},
      {"a measured operator",
       [](RunRecord& r) { r.measured[2].duration = Duration::ps(-4); },
       {"measured operator 2", "expected times of at least 0", "found -4 ps"}},
      {"lookups go back",
       [](RunRecord& r) { r.events[9].first_lookup = 1; },
       {"event 9", "expected a first lookup from 8 to 20", "found 1"}},
      {"an end before the begin",
       [](RunRecord& r) { r.operators[3].end = SimTime(); },
       {"operator 3", "expected an end at or after the begin"}},
      {"a step without tokens",
       [](RunRecord& r) { r.steps[3].tokens = 0; },
       {"step 3", "expected at least one token", "found 0"}},
      {"NaN",
       [](RunRecord& r) { r.summary.thrash_share = std::numeric_limits<double>::quiet_NaN(); },
       {"summary", "expected finite ratios", "found nan"}},
      {"an end long before the begin",
       [](RunRecord& r) {
         r.stalls[0].begin = SimTime::at_ps(INT64_MAX);
         r.stalls[0].end = SimTime::at_ps(INT64_MIN);
       },
       {"stall 0", "found 18446744073709551615 ps before it"}},
      {"a time below zero",
       [](RunRecord& r) { r.loads[2].arrived = SimTime::at_ps(-1); },
       {"load 2", "expected a time from 0 to 2^62 ps", "found -1"}},
      {"a time that no other can be added to",
       [](RunRecord& r) { r.events[1].at = SimTime::at_ps(INT64_MAX); },
       {"event 1", "expected a time from 0 to 2^62 ps", "found 9223372036854775807"}},
      {"an operator that takes less than no time",
       [](RunRecord& r) { r.operators[4].alone = Duration::ps(-1); },
       {"operator 4", "expected sizes of at least 0", "found -1"}},
      {"operators that take longer together than there are numbers",
       [](RunRecord& r) {
         r.operators[4].alone = r.operators[5].alone = Duration::ps(std::int64_t{1} << 61);
       },
       {"operator 5", "sum to at most 2^62"}},
      {"loads of more bytes than there are numbers",
       [](RunRecord& r) { r.loads[0].bytes = Bytes(INT64_MAX); },
       {"load 0", "sum to at most 2^62"}},
      {"stalls that lie over each other without end",
       [](RunRecord& r) {
         for (StallRecord& stall : r.stalls) stall.end = SimTime::at_ps(std::int64_t{1} << 62);
       },
       {"stall 1", "sum to at most 2^62"}},
      {"a count below zero",
       [](RunRecord& r) { r.summary.decode.outcomes[1] = -5; },
       {"summary", "expected numbers from 0 to 2^61", "found -5"}},
      {"no model", [](RunRecord& r) { r.model.layers.clear(); }, {"layers"}},
  };
  const fixtures::TempFolder folder;
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    RunRecord run = random_run(1);
    row.spoil(run);
    const Status written = write_run(folder.file("a.run"), run);
    ASSERT_FALSE(written.ok());
    expect_message(written.error(), row.parts);
    EXPECT_EQ(written.error().file, folder.file("a.run"));
    EXPECT_THAT(folder.names(), testing::IsEmpty());
  }
}

TEST(RunFile, APlaceThatCannotBeWritten_FailsTheRun) {
  for (const std::string path : {"/missing-folder/a.run", "/dev/full"}) {
    const Status written = write_run(path, random_run(1));
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().kind, Error::Kind::run_failed);
    expect_message(written.error(), {path, "expected", "found"});
  }
}

TEST(RunFile, AFullDisk_FailsTheRunAndKeepsTheOldFile) {
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("a.run"), "old");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status written = write_run(folder.file("a.run"), random_run(1, 1000));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().kind, Error::Kind::run_failed);
  EXPECT_THAT(folder.names(), testing::ElementsAre("a.run"));
  EXPECT_EQ(fixtures::slurp(folder.file("a.run")), "old");
}

TEST(RunRecord, WordsOfTheRecord_AreThoseOfTheJson) {
  EXPECT_EQ(to_text(Purpose::speculative), "speculative");
  EXPECT_EQ(to_text(Outcome::late_prefetch), "late_prefetch");
  EXPECT_EQ(to_text(MissClass::pollution), "pollution");
  EXPECT_EQ(to_text(OperatorKind::routed_expert), "routed_expert");
  EXPECT_EQ(to_text(StallCause::no_room), "no_room");
}

}  // namespace
}  // namespace pregate
