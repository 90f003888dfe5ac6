// SPDX-License-Identifier: Apache-2.0
// `pregate sweep` as a user calls it: which rows there are and what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/summary_json.hpp"
#include "tests/experiments/sweep_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::csv_of;
using test::Folder;
using test::rows_of;
using test::run_pregate;
using test::Said;
using test::small_base;
using test::small_sweep;
using test::Words;
using testing::HasSubstr;
using test::operator+;

// A value of `run --json` by the path that a row has for it.
json value_at(const json& report, const std::string& path) {
  if (report.contains(path)) return report[path];
  const std::size_t dot = path.find('.');
  if (dot == std::string::npos || !report.contains(path.substr(0, dot))) return "missing: " + path;
  return value_at(report[path.substr(0, dot)], path.substr(dot + 1));
}

// Every key of the summary but those that `run` shows in another shape.
void expect_same_numbers(const json& row, const json& report) {
  int compared = 0;
  for (const std::string& key : summary_keys()) {
    ASSERT_TRUE(row.contains(key)) << key;
    if (key.starts_with("energy_by_level_j") || key == "energy_per_token_j") continue;
    EXPECT_EQ(row[key], value_at(report, key)) << key;
    ++compared;
  }
  EXPECT_GT(compared, 80);
}

TEST(Sweep, Row_HasEveryNumberThatARunOfItsScenarioHas) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const Words small = small_base();
  const struct {
    const char* name;
    Words base, run;  // the sweep's words, and those of `run`
    std::string budget;
  } table[] = {
      {"synthetic", small_base(), Words{"synthetic"} + Words(small.begin() + 2, small.end()), "1GiB"},
      {"replay", {"--trace", csv}, {"--trace", csv}, "9MB"},
  };
  for (const auto& of : table) {
    const std::string out = folder.file(std::string(of.name) + ".db");
    const Said swept = run_pregate(Words{"sweep", "--out", out, "--vary", "dram.expert_budget=" + of.budget,
                                         "--vary", "policy.prefetch=none,prev-token"} +
                                   of.base);
    ASSERT_EQ(swept.code, 0) << swept.err;
    const auto rows = rows_of(out);
    ASSERT_EQ(rows.size(), 2U);
    for (const json& row : rows) {
      const Said ran =
          run_pregate(Words{"run"} + of.run +
                      Words{"--set", "dram.expert_budget=" + of.budget, "--set",
                            "policy.prefetch=" + row["policy.prefetch"].get<std::string>(), "--json"});
      ASSERT_EQ(ran.code, 0) << ran.err;
      expect_same_numbers(row, json::parse(ran.out));
    }
  }
}

TEST(Sweep, LiveScenario_IsRunOnce_AndItsRowsAreThoseOfLiveRuns) {
  const Folder folder;
  const Words base = {"--set", "workload.forward.tokens=6"};
  const Said probe = run_pregate(Words{"run", "demo", "--json"} + base);
  if (probe.code != 0) GTEST_SKIP() << "the shipped model cannot run here: " << probe.err;
  const std::string out = folder.file("live.db");
  const Said swept =
      run_pregate(Words{"sweep", "--scenario", "demo", "--out", out, "--vary",
                        "dram.expert_budget=150MiB,400MiB", "--vary", "policy.prefetch=none,pregate"} +
                  base);
  ASSERT_EQ(swept.code, 0) << swept.err << swept.out;
  const auto rows = rows_of(out);
  ASSERT_EQ(rows.size(), 4U);
  const Said ran = run_pregate(Words{"run", "demo", "--json", "--set", "dram.expert_budget=150MiB", "--set",
                                     "policy.prefetch=pregate"} +
                               base);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(rows[1]["policy.prefetch"], "pregate");
  expect_same_numbers(rows[1], json::parse(ran.out));
}

TEST(Sweep, File_GivesTheSameRowsAsTheSameOptions) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const Words axes = {"--vary", "dram.expert_budget=9MB..18MB:3", "--vary", "policy.eviction=lru,fifo"};
  const std::string from_options = folder.file("options.db"), from_file = folder.file("file.db");
  ASSERT_EQ(run_pregate(
                Words{"sweep", "--trace", csv, "--set", "policy.prefetch=none", "--out", from_options} + axes)
                .code,
            0);
  // Its paths are beside it.
  const std::string spec =
      test::write_file(folder.file("a.sweep.textproto"),
                       "trace: \"toy.csv\"\nset: \"policy.prefetch=none\"\nvary: "
                       "\"dram.expert_budget=9MB..18MB:3\"\nvary: \"policy.eviction=lru,fifo\"\n");
  const Said said = run_pregate({"sweep", spec, "--out", from_file});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(csv_of(from_options), csv_of(from_file));
  EXPECT_EQ(rows_of(from_file).size(), 6U);
  // An option's axis stands for the file's one of the same field.
  const std::string other = folder.file("other.db");
  ASSERT_EQ(run_pregate({"sweep", spec, "--vary", "policy.eviction=random", "--out", other}).code, 0);
  EXPECT_EQ(rows_of(other).size(), 3U);
}

TEST(Sweep, FileOfTracesAsAnAxis_MeansThoseBesideIt) {
  const Folder folder;
  test::write_file(folder.file("a.csv"), test::small_csv());
  test::write_file(folder.file("b.csv"), test::csv_with("arch=toy", "arch=toys"));
  const std::string spec = test::write_file(
      folder.file("a.sweep.textproto"),
      "scenario: \"replay\"\nset: \"workload.trace=none.csv\"\nset: \"policy.prefetch=none\"\n"
      "vary: \"workload.trace=a.csv,b.csv\"\nvary: \"dram.expert_budget=9MB,12MB\"\n");
  const Said said = run_pregate({"sweep", spec, "--model", "none", "--out", folder.file("a.db")});
  ASSERT_EQ(said.code, 0) << said.err << said.out;
  EXPECT_EQ(rows_of(folder.file("a.db")).size(), 4U);
}

TEST(Sweep, ZipAndSample_MakeTheirPoints) {
  const Folder folder;
  const std::string zip = folder.file("zip.db"), sample = folder.file("sample.db");
  ASSERT_EQ(run_pregate(small_sweep(zip) + Words{"--zip", "--vary", "dram.expert_budget=1GiB,2GiB", "--vary",
                                                 "policy.prefetch=none,pregate"})
                .code,
            0);
  const auto rows = rows_of(zip);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["policy.prefetch"], "none");
  EXPECT_EQ(rows[1]["policy.prefetch"], "pregate");
  ASSERT_EQ(run_pregate(small_sweep(sample) + Words{"--sample", "5", "--sample-seed", "2", "--vary",
                                                    "dram.expert_budget=600MiB..3GiB"})
                .code,
            0);
  const auto drawn = rows_of(sample);
  ASSERT_EQ(drawn.size(), 5U);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const double share =
        (drawn[i]["dram.expert_budget"].get<double>() - (600 << 20)) / ((3LL << 30) - (600 << 20));
    EXPECT_EQ(static_cast<std::size_t>(share * 5), i) << "one in each fifth";
  }
}

// Of seven points on two values some coincide: they are one scenario, one row, and counted.
TEST(Sweep, PointsOfOneScenario_AreSimulatedOnce) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  const Words sweep =
      small_sweep(out) + Words{"--sample", "7", "--vary", "policy.prefetch=none,pregate", "--json"};
  const json first = json::parse(run_pregate(sweep).out);
  EXPECT_EQ(first["scenarios"], 7);
  EXPECT_EQ(first["done"], 2);
  EXPECT_EQ(first["twins"], 5);
  EXPECT_EQ(first["left"], 0);
  EXPECT_EQ(rows_of(out).size(), 2U);
  const json second = json::parse(run_pregate(sweep).out);
  EXPECT_EQ(second["done_before"], 7);
  EXPECT_EQ(second["done"], 0);
}

// The second sweep has one axis more; its scenarios of the first one are points of it as well.
TEST(Sweep, ScenarioThatAnotherSweepRan_IsAPointOfThisOneToo) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  ASSERT_EQ(run_pregate(small_sweep(out) + Words{"--vary", "dram.expert_budget=1GiB,2GiB"}).code, 0);
  const Said second = run_pregate(small_sweep(out) + Words{"--vary", "dram.expert_budget=1GiB,2GiB", "--vary",
                                                           "policy.prefetch=none,pregate", "--json"});
  EXPECT_EQ(json::parse(second.out)["done_before"], 2) << second.err;
  const auto rows = rows_of(out);
  ASSERT_EQ(rows.size(), 4U);
  for (const json& row : rows) EXPECT_FALSE(row["policy.prefetch"].is_null());
}

TEST(Sweep, ScenarioThatFails_IsARowThatSaysWhy_AndExitCodeOne) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  const Words sweep = small_sweep(out) + Words{"--vary", "dram.expert_budget=1MiB,2GiB"};
  const Said said = run_pregate(sweep);
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("1 simulated, 1 failed"));
  EXPECT_THAT(said.out, HasSubstr("expected at least"));
  const auto rows = rows_of(out);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["status"], "failed");
  EXPECT_THAT(rows[0]["error"].get<std::string>(), HasSubstr("dram.expert_budget: expected at least"));
  EXPECT_TRUE(rows[0]["tokens_per_second"].is_null());
  EXPECT_EQ(rows[1]["status"], "done");
  const Said again = run_pregate(sweep + Words{"--json"});
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(json::parse(again.out)["done_before"], 1) << "a failed one is tried again";
  EXPECT_EQ(json::parse(again.out)["failed"], 1);
  EXPECT_EQ(json::parse(again.out)["causes"].size(), 1U);
  EXPECT_EQ(rows_of(out).size(), 2U);
}

// A seed of 64 bits is no double.
TEST(Sweep, LargeSeeds_StayWhatTheyAre) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  const Said said =
      run_pregate(small_sweep(out) + Words{"--vary", "sim.seed=9007199254740993,18446744073709551615"});
  ASSERT_EQ(said.code, 0) << said.err;
  const auto rows = rows_of(out);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["seed"], "18446744073709551615");
  EXPECT_EQ(rows[1]["seed"], "9007199254740993");
}

TEST(Sweep, ShippedSweep_Runs) {
  const Folder folder;
  const Said said =
      run_pregate({"sweep", "memory", "--set", "workload.synthetic.decode_tokens=2", "--set",
                   "workload.synthetic.prompt_tokens=1", "--out", folder.file("a.db"), "--table"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("gain"));
}

TEST(Sweep, EndedSweep_LeavesOneFile) {
  const Folder folder;
  ASSERT_EQ(
      run_pregate(small_sweep(folder.file("a.db")) + Words{"--vary", "policy.prefetch=none", "--table"}).code,
      0);
  EXPECT_EQ(folder.count(), 1U) << "neither a -wal nor a -shm beside it";
  ASSERT_EQ(run_pregate({"sweep", "show", folder.file("a.db")}).code, 0);
  EXPECT_EQ(folder.count(), 1U);
}

}  // namespace
}  // namespace pregate
