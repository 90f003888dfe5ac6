// SPDX-License-Identifier: Apache-2.0
// `pregate sweep --slurm` as a user runs it, on a real Slurm on this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/sweep/stored_sweep.hpp"
#include "tests/cluster/loopback_cluster.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SweepOnSlurm : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = test::LoopbackCluster::missing()) GTEST_SKIP() << *why;
    const std::string said = cluster_.start();
    ASSERT_EQ(said, "") << "the cluster did not come up";
    csv_ = test::write_file(files_.file("small.csv"), test::small_csv());
  }
  test::Said sweep(const std::string& out, const std::vector<std::string>& more,
                   const std::string& budgets = "12MB,24MB,30MB") const {
    std::vector<std::string> arguments = {"sweep",
                                          "--trace",
                                          csv_,
                                          "--device",
                                          "oneplus-15r",
                                          "--vary",
                                          "dram.expert_budget=" + budgets,
                                          "--vary",
                                          "policy.prefetch=none,pregate",
                                          "--out",
                                          files_.file(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_pregate(arguments);
  }
  // What of a sweep's rows does not depend on where and when they were computed.
  [[nodiscard]] std::vector<std::vector<Cell>> rows(const std::string& out) const {
    std::vector<std::vector<Cell>> out_rows;
    const Result<StoredSweep> sweep = read_sweep(files_.file(out));
    EXPECT_TRUE(sweep.ok());
    for (const StoredSweep::Row& row : sweep->rows) {
      std::vector<Cell> cells = row.summary;
      cells.emplace_back(row.hash);
      cells.emplace_back(row.scenario);
      out_rows.push_back(std::move(cells));
    }
    return out_rows;
  }

  test::LoopbackCluster cluster_;
  test::Folder files_;
  std::string csv_;
};

TEST_F(SweepOnSlurm, TheShardsOfAJobArray_AreTheRowsOfAnUnbrokenSweep) {
  const test::Said plain = sweep("plain.db", {});
  ASSERT_EQ(plain.code, 0) << plain.err;
  const test::Said cluster =
      sweep("cluster.db", {"--slurm", "--shards", "3", "--slurm-option=--time=5", "--table"});
  ASSERT_EQ(cluster.code, 0) << cluster.err << cluster_.words_of_daemons();
  EXPECT_THAT(cluster.out, AllOf(HasSubstr("6 scenarios: 6 simulated"), HasSubstr("pregate")));
  EXPECT_EQ(rows("cluster.db"), rows("plain.db"));
  EXPECT_TRUE(std::filesystem::exists(files_.file("cluster.db.slurm") + "/array.sbatch"));

  // The same command has nothing left to submit.
  const test::Said again = sweep("cluster.db", {"--slurm", "--shards", "3", "--slurm-option=--time=5"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(rows("cluster.db"), rows("plain.db"));
}

TEST_F(SweepOnSlurm, AScenarioThatFails_IsARowAndNoMissingShard) {
  // 1 MB holds no event: those scenarios fail, and say so.
  const test::Said said = sweep("failing.db", {"--slurm", "--shards", "2"}, "1MB,24MB");
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, AllOf(HasSubstr("4 scenarios: 2 simulated"), HasSubstr("2 failed")));
  EXPECT_EQ(rows("failing.db").size(), 4U);
}

TEST(SweepWithoutSlurm, SaysWhichPackageHasIt) {
  const test::Folder files;
  const std::string csv = test::write_file(files.file("small.csv"), test::small_csv());
  ::setenv("PATH", files.file("").c_str(), 1);
  const test::Said said = test::run_pregate({"sweep", "--trace", csv, "--device", "oneplus-15r", "--vary",
                                             "runtime.io_lanes=1,2", "--out", files.file("x.db"), "--slurm"});
  EXPECT_NE(said.code, 0);
  EXPECT_EQ(said.error_lines(), 1U);
  EXPECT_THAT(said.err, HasSubstr("slurm-client"));
}

}  // namespace
}  // namespace pregate
