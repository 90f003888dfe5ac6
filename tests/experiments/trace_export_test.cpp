// SPDX-License-Identifier: Apache-2.0
// `pregate trace export` and `trace check` of what it wrote, as a user calls them, on simulated runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/experiments/command_runner.hpp"
#include "traces/read_perfetto.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using testing::HasSubstr;

std::string toy(const Folder& folder) {
  return test::write_file(folder.file("toy.csv"), test::small_csv());
}

// A run whose budget is too small, so that it loads, waits and evicts.
std::string simulated(const Folder& folder, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {
      "run", "--trace", toy(folder), "--set", "dram.expert_budget=9MB", "--out", folder.file("toy.run")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Said said = run_pregate(arguments);
  EXPECT_EQ(said.code, 0) << said.err;
  return folder.file("toy.run");
}

void expect_refused(const Said& said, const std::vector<std::string>& parts) {
  EXPECT_EQ(said.code, 2) << said.err;
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
  for (const std::string& part : parts) EXPECT_THAT(said.err, HasSubstr(part));
}

std::int64_t duration_ps(const PerfettoSlice& slice) {
  const PerfettoNote* note = slice.find("duration_ps");
  return note != nullptr ? std::get<std::int64_t>(note->value) : 0;
}

// What a simulated run says of itself is what its trace shows.
void expect_shown(const RunRecord& run, const PerfettoModel& model) {
  std::int64_t npu = 0, stalls = 0, steps = 0, loads = 0;
  std::map<std::string, std::int64_t> by_cause;
  for (const PerfettoSlice& slice : model.slices) {
    const std::string& track = model.tracks[slice.track].name;
    if (track == "NPU") npu += duration_ps(slice);
    if (track == "NPU" && slice.categories.front() == "stall") {
      stalls += duration_ps(slice);
      by_cause[slice.categories.at(1)] += duration_ps(slice);
    }
    if (track == "steps" && slice.depth == 0) steps += duration_ps(slice);
    if (track.starts_with("lane ")) ++loads;
  }
  EXPECT_EQ(npu, run.summary.all.makespan.count_ps()) << "the NPU's timeline is a partition";
  EXPECT_EQ(steps, run.summary.all.makespan.count_ps());
  EXPECT_EQ(stalls, run.summary.all.stall.count_ps());
  for (std::size_t i = 0; i < kStallCauses; ++i) {
    EXPECT_EQ(by_cause[std::string(to_text(static_cast<StallCause>(i)))],
              run.summary.all.stall_by_cause.at(i).count_ps());
  }
  EXPECT_EQ(loads, run.summary.all.loads);
  EXPECT_EQ(model.tracks.front().parent, 0U);
}

TEST(TraceExport, ASimulatedRun_StandsInItsPerfettoTrace) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{},
        {"--set", "policy.prefetch=prev-token"},
        {"--set", "runtime.overlap=false"},
        {"--set", "policy.prefetch=oracle", "--set", "runtime.io_lanes=1"}}) {
    const Folder folder;
    const std::string file = simulated(folder, more);
    const std::string out = folder.file("toy.pftrace");
    const Said said = run_pregate({"trace", "export", file, "--perfetto", "--out", out, "--json"});
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.err, "");
    const auto run = read_run(file);
    const auto model = read_perfetto(out);
    ASSERT_TRUE(run.ok() && model.ok()) << model.error().message();
    expect_shown(*run, *model);
    const json report = json::parse(said.out);
    EXPECT_EQ(report["perfetto"]["slices"], model->counts.slices);
    EXPECT_EQ(report["perfetto"]["arrows"], model->counts.flows);
    EXPECT_EQ(report["left_out"], json::array()) << "a simulated run is shown whole";
    EXPECT_GT(model->counts.flows, 0);
    const Said checked = run_pregate({"trace", "check", out, "--json"});
    ASSERT_EQ(checked.code, 0) << checked.err;
    json counts = report["perfetto"];
    counts.erase("out");
    counts["ok"] = true;
    EXPECT_EQ(json::parse(checked.out), counts);
  }
}

TEST(TraceExport, APhonesRun_IsShownWhole) {
  const std::string trace = std::string(PREGATE_SHARED_DIR) + "/traces/phone/qwen3-30b-a3b.route.csv";
  if (!std::ifstream(trace)) GTEST_SKIP() << "no ../shared";
  const Folder folder;
  const std::string file = folder.file("q.run"), out = folder.file("q.pftrace");
  ASSERT_EQ(run_pregate({"run", "--trace", trace, "--device", "oneplus-15r", "--set",
                         "dram.expert_budget=4000MiB", "--out", file})
                .code,
            0);
  const Said said = run_pregate({"trace", "export", file, "--perfetto", "--out", out, "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(json::parse(said.out)["left_out"], json::array());
  const auto run = read_run(file);
  const auto model = read_perfetto(out);
  ASSERT_TRUE(run.ok() && model.ok());
  expect_shown(*run, *model);
  EXPECT_EQ(static_cast<std::size_t>(model->counts.flows), run->loads.size() + run->stalls.size())
      << "each load is used by an operator, and each stall was ended by a load";
}

TEST(TraceExport, Tables_HaveAsManyLinesAsTheRunHasRows) {
  const Folder folder;
  const std::string file = simulated(folder);
  const std::string tables = folder.file("tables");
  const Said said = run_pregate({"trace", "export", file, "--csv", tables, "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  const auto run = read_run(file);
  ASSERT_TRUE(run.ok());
  std::map<std::string, std::size_t> rows;
  const json report = json::parse(said.out);
  for (const json& table : report["csv"]) {
    const std::string text = test::read_file(table["out"]);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_EQ(lines, table["rows"].get<std::size_t>() + 1) << table;
    rows[table["table"]] = table["rows"];
  }
  EXPECT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows["loads"], run->loads.size());
  EXPECT_EQ(rows["stalls"], run->stalls.size());
  const Said again = run_pregate({"trace", "export", file, "--csv", tables});
  EXPECT_EQ(again.code, 0) << "a folder may be there: " << again.err;
  const std::string one = folder.file("one.csv");
  EXPECT_EQ(run_pregate({"trace", "export", file, "--csv", one, "--table", "loads"}).code, 0);
  EXPECT_EQ(test::read_file(one), test::read_file(tables + "/loads.csv"));
}

TEST(TraceExport, ARoutingTrace_ComesBackFromCsv) {
  const Folder folder;
  const std::string route = folder.file("toy.route"), csv = folder.file("back.csv"),
                    again = folder.file("again.route");
  ASSERT_EQ(run_pregate({"trace", "import", toy(folder), "--out", route}).code, 0);
  const Said said = run_pregate({"trace", "export", route, "--csv", csv});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("28 rows"));
  EXPECT_THAT(said.err, HasSubstr("pregate: left out of "));
  EXPECT_THAT(said.err, HasSubstr("MACs"));
  const auto choices = [](const std::string& text) { return text.substr(text.find("turn,")); };
  ASSERT_EQ(run_pregate({"trace", "import", csv, "--out", again}).code, 0);
  ASSERT_EQ(run_pregate({"trace", "export", again, "--csv", folder.file("twice.csv"), "--json"}).code, 0);
  EXPECT_EQ(choices(test::read_file(folder.file("twice.csv"))), choices(test::read_file(csv)));
}

TEST(TraceExport, WhatCannotBeDone_IsSaidBeforeAnythingIsWritten) {
  const Folder folder;
  const std::string file = simulated(folder);
  const std::string csv = folder.file("toy.csv"), out = folder.file("x.pftrace");
  const std::string before = test::read_file(file);
  const std::size_t files = folder.count();
  const auto refused = [&](std::vector<std::string> more, const std::vector<std::string>& parts) {
    more.insert(more.begin(), {"trace", "export"});
    expect_refused(run_pregate(more), parts);
  };
  refused({file}, {"--perfetto --out FILE or --csv PATH"});
  refused({file, "--perfetto"}, {"--out FILE beside --perfetto"});
  refused({file, "--out", out}, {"--out beside --perfetto"});
  refused({csv, "--perfetto", "--out", out},
          {csv, "a .run file, whose events have times", "pregate run --trace"});
  refused({file, "--perfetto", "--out", file}, {"another file than FILE"});
  refused({file, "--csv", file, "--table", "loads"}, {"another file than FILE"});
  refused({file, "--csv", file}, {"a folder for the tables"});
  refused({csv, "--csv", csv}, {"another file than FILE"});
  refused({file, "--csv", out, "--table", "lods"}, {"one of steps, events"});
  refused({file, "--perfetto", "--out", out, "--table", "loads"}, {"--table beside --csv"});
  refused({csv, "--csv", out, "--table", "loads"}, {"no table of a routing trace"});
  refused({file, "--csv", folder.file("t"), "--model", "megrez2-nano"}, {"no model for a .run file"});
  refused({file, "--perfetto", "--out", out, "--csv", out}, {"another path than --out"});
  refused({folder.file("none.run"), "--csv", out}, {"no such file"});
  EXPECT_EQ(
      run_pregate({"trace", "export", file, "--perfetto", "--out", folder.file("no/such/x.pftrace")}).code,
      1);
  EXPECT_EQ(test::read_file(file), before);
  EXPECT_EQ(folder.count(), files);
}

TEST(TraceExport, ADamagedRun_IsRefused) {
  const Folder folder;
  const std::string file = simulated(folder);
  const std::string bytes = test::read_file(file);
  test::write_file(file, bytes.substr(0, bytes.size() / 2));
  expect_refused(run_pregate({"trace", "export", file, "--csv", folder.file("t")}), {file});
  expect_refused(run_pregate({"trace", "export", file, "--perfetto", "--out", folder.file("x")}), {file});
  EXPECT_EQ(folder.count(), 2U) << "the trace and the run";
}

TEST(TraceExport, AFullDisk_LeavesNothing) {
  const Folder folder;
  const std::string file = simulated(folder);
  const std::size_t files = folder.count();
  const Said said = run_pregate({"trace", "export", file, "--perfetto", "--out", folder.file("x.pftrace")},
                                {.file_limit = 2000});
  EXPECT_EQ(said.code, 1) << said.err;
  const Said tables = run_pregate({"trace", "export", file, "--csv", folder.file("t")}, {.file_limit = 500});
  EXPECT_EQ(tables.code, 1) << tables.err;
  EXPECT_EQ(folder.count(), files);
}

TEST(TraceCheck, ABrokenPerfettoTrace_IsRefusedWithItsPlace) {
  const Folder folder;
  const std::string file = simulated(folder), out = folder.file("toy.pftrace");
  ASSERT_EQ(run_pregate({"trace", "export", file, "--perfetto", "--out", out}).code, 0);
  const std::string bytes = test::read_file(out);
  const Said good = run_pregate({"trace", "check", out});
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.out, testing::StartsWith("ok: "));
  EXPECT_THAT(good.out, HasSubstr(" arrows over "));
  test::write_file(out, bytes.substr(0, bytes.size() - 10));
  expect_refused(run_pregate({"trace", "check", out}), {out, "packet ", "byte "});
  test::write_file(out, "not a trace");
  expect_refused(run_pregate({"trace", "check", out}), {out, "packet 0: byte 0", "0x6e"});
  test::write_file(out, bytes);
  expect_refused(run_pregate({"trace", "check", out, "--model", "megrez2-nano"}), {"no model"});
  // Told by content: a file of another name.
  const std::string other = test::write_file(folder.file("other"), bytes);
  EXPECT_EQ(run_pregate({"trace", "check", other}).code, 0);
}

}  // namespace
}  // namespace pregate
