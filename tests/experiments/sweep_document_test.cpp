// SPDX-License-Identifier: Apache-2.0
// What `pregate sweep show` says to other programs: the document with axes, keys and rows; one row's
// scenario.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/sweep/selection.hpp"
#include "tests/experiments/sweep_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using test::small_sweep;
using test::Words;
using testing::HasSubstr;
using test::operator+;

std::string swept(const Folder& folder) {
  const std::string out = folder.file("a.db");
  // The last budget is below what one step needs: a row that failed.
  const Said said = run_pregate(small_sweep(out) + Words{"--vary", "dram.expert_budget=1GiB,2GiB,1MiB",
                                                         "--vary", "policy.prefetch=none,pregate"});
  EXPECT_EQ(said.code, 1) << said.err;
  return out;
}

TEST(SweepDocument, HasTheRowsOfTheJsonAndSaysWhatTheyAre) {
  const Folder folder;
  const std::string out = swept(folder);
  const json rows = json::parse(run_pregate({"sweep", "show", out, "--json"}).out);
  const Said said = run_pregate({"sweep", "show", out, "--document"});
  ASSERT_EQ(said.code, 0) << said.err;
  const json document = json::parse(said.out);
  EXPECT_EQ(document["format"], 1);
  EXPECT_EQ(document["axes"][0]["path"], "dram.expert_budget");
  EXPECT_EQ(document["axes"][0]["kind"], "bytes");
  EXPECT_EQ(document["axes"][0]["better"], "less");
  EXPECT_EQ(document["axes"][1]["kind"], "text");
  ASSERT_EQ(document["rows"].size(), rows.size());
  int failed = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const json& row = document["rows"][r];
    EXPECT_EQ(row["hash"], rows[r]["hash"]);
    EXPECT_EQ(row["status"], rows[r]["status"]);
    for (std::size_t a = 0; a < document["axes"].size(); ++a)
      EXPECT_EQ(row["values"][a], rows[r][document["axes"][a]["path"].get<std::string>()]);
    if (row["status"] == "failed") {
      ++failed;
      EXPECT_EQ(row["error"], rows[r]["error"]);
      EXPECT_TRUE(row["summary"].empty());
      continue;
    }
    for (std::size_t k = 0; k < document["keys"].size(); ++k)
      EXPECT_EQ(row["summary"][k], rows[r][document["keys"][k]["key"].get<std::string>()]);
  }
  EXPECT_EQ(failed, 2);
}

TEST(SweepDocument, NeverComesWithAnotherJson) {
  const Folder folder;
  EXPECT_EQ(run_pregate({"sweep", "show", swept(folder), "--json", "--document"}).code, 2);
}

TEST(SweepScenario, OfARowRunsToTheRowsNumbers) {
  const Folder folder;
  const std::string out = swept(folder);
  for (const json& row : test::rows_of(out)) {
    const std::string hash = row["hash"];
    const Said said = run_pregate({"sweep", "show", out, "--scenario", hash});
    ASSERT_EQ(said.code, 0) << said.err;
    if (row["status"] == "failed") continue;
    const std::string file = test::write_file(folder.file("s.textproto"), said.out);
    const Said run = run_pregate({"run", file, "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(json::parse(run.out)["tokens_per_second"], row["tokens_per_second"]);
  }
}

TEST(SweepScenario, IsAskedForByAHashThatOneRowHas) {
  const Folder folder;
  const std::string out = swept(folder);
  const std::string hash = test::rows_of(out)[0]["hash"];
  EXPECT_EQ(run_pregate({"sweep", "show", out, "--scenario", hash.substr(0, 20)}).code, 0);
  const Said none = run_pregate({"sweep", "show", out, "--scenario", "no"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("--scenario: expected the hash of one row"));
  EXPECT_EQ(run_pregate({"sweep", "show", out, "--scenario", hash, "--json"}).code, 2);
  EXPECT_EQ(run_pregate({"sweep", "show", out, "--scenario", hash, "--where", "prefetch=none"}).code, 2);
}

TEST(BetterSide, IsThatOfSpeedsHitsTimesAndCosts) {
  for (const char* key : {"tokens_per_second", "hit_rate_decode", "decode.hit_rate", "prefetch.coverage"})
    EXPECT_EQ(better_side(key), BetterSide::more) << key;
  for (const char* key : {"stall_s", "ttft_s", "bytes_read", "energy_j", "loads", "outcomes.miss",
                          "thrash_share", "recoverable_gap", "decode.stall_by_cause.policy", "makespan_ps"})
    EXPECT_EQ(better_side(key), BetterSide::less) << key;
  for (const char* key : {"tokens", "lookups", "token_cycle_bytes", "bound_by", "events"})
    EXPECT_EQ(better_side(key), BetterSide::neither) << key;
  EXPECT_EQ(better_side(StoredAxis{"device.flash.read_bandwidth", Quantity::Kind::bandwidth}),
            BetterSide::less);
  EXPECT_EQ(better_side(StoredAxis{"policy.eviction", Quantity::Kind::text}), BetterSide::neither);
}

}  // namespace
}  // namespace pregate
