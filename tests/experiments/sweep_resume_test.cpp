// SPDX-License-Identifier: Apache-2.0
// Sweeps that are killed, stopped, divided and merged end up with the rows of one that was left alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/experiments/on_terminal.hpp"
#include "tests/experiments/sweep_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::csv_of;
using test::Folder;
using test::on_terminal;
using test::rows_of;
using test::run_pregate;
using test::Said;
using test::small_sweep;
using test::Terminal;
using test::Words;
using testing::HasSubstr;
using test::operator+;

Words axes_of(int budgets) {
  return {"--vary", "dram.expert_budget=600MiB..3GiB:" + std::to_string(budgets), "--vary",
          "policy.prefetch=none,pregate"};
}

TEST(SweepResume, KilledAtRandomMoments_GivesTheRowsOfAnUnbrokenSweep) {
  const Folder folder;
  const std::string broken = folder.file("broken.db"), whole = folder.file("whole.db");
  ASSERT_EQ(run_pregate(small_sweep(whole) + axes_of(40)).code, 0);
  std::mt19937 random(11);
  int killed = 0;
  std::size_t before = 0;
  for (int i = 0; i < 8; ++i) {
    const std::chrono::milliseconds after(15 + random() % 100);
    const Said said =
        run_pregate(small_sweep(broken) + axes_of(40) + Words{"--jobs", "2"}, {.killed_after = after});
    killed += said.code == 1000 + SIGKILL ? 1 : 0;
    if (!std::filesystem::exists(broken) || std::filesystem::file_size(broken) == 0) continue;
    const Said shown = run_pregate({"sweep", "show", broken, "--json"});
    if (shown.code != 0) continue;  // killed before it had a table
    const std::size_t rows = json::parse(shown.out).size();
    EXPECT_GE(rows, before) << "no row that was there is lost";
    before = rows;
  }
  EXPECT_GT(killed, 0);
  const Said said = run_pregate(small_sweep(broken) + axes_of(40));
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(csv_of(broken), csv_of(whole));
  EXPECT_EQ(rows_of(whole).size(), 80U);
}

TEST(SweepResume, JobsAndShards_DoNotChangeRows) {
  const Folder folder;
  const auto swept = [&](const std::string& name, const Words& more) {
    const std::string out = folder.file(name + ".db");
    const Said said = run_pregate(small_sweep(out) + axes_of(5) + more);
    EXPECT_EQ(said.code, 0) << said.err;
    return out;
  };
  const std::string one = swept("one", {"--jobs", "1"});
  EXPECT_EQ(csv_of(swept("three", {"--jobs", "3"})), csv_of(one));
  Words shards;
  for (const char* i : {"1", "2", "3"})
    shards.push_back(swept(std::string("shard") + i, {"--shard", i + std::string("/3")}));
  std::size_t rows = 0;
  for (const std::string& shard : shards) rows += rows_of(shard).size();
  EXPECT_EQ(rows, 10U) << "no scenario is in two shards";
  const std::string all = folder.file("all.db");
  const Said merged = run_pregate(Words{"sweep", "merge", all} + shards);
  EXPECT_EQ(merged.code, 0) << merged.err;
  EXPECT_THAT(merged.out, HasSubstr("10 new rows from 3 files"));
  EXPECT_EQ(csv_of(all), csv_of(one));
  EXPECT_THAT(run_pregate(Words{"sweep", "merge", all} + shards).out, HasSubstr("0 new rows"));
  EXPECT_EQ(csv_of(all), csv_of(one));
}

TEST(SweepResume, MoreShardsThanScenarios_LeavesSomeEmpty) {
  const Folder folder;
  const Said said = run_pregate(small_sweep(folder.file("a.db")) +
                                Words{"--vary", "policy.prefetch=none,pregate", "--shard", "3/3", "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(json::parse(said.out)["scenarios"], 0);
}

TEST(SweepMerge, TakesDoneRowsForFailedOnes_AndRefusesOtherNumbers) {
  const Folder folder;
  const std::string a = folder.file("a.db"), b = folder.file("b.db"), c = folder.file("c.db");
  ASSERT_EQ(run_pregate(small_sweep(a) + axes_of(2)).code, 0);
  std::filesystem::copy_file(a, b);
  std::filesystem::copy_file(a, c);
  const auto sql = [](const std::string& file, const std::string& text) {
    return std::system(("sqlite3 '" + file + "' \"" + text + "\" 2>/dev/null").c_str());
  };
  if (sql(b, "UPDATE runs SET status='failed', error='x' WHERE rowid=1") != 0)
    GTEST_SKIP() << "there is no sqlite3 program";
  const Said mended = run_pregate({"sweep", "merge", b, a});
  EXPECT_EQ(mended.code, 0) << mended.err;
  EXPECT_EQ(csv_of(b), csv_of(a));
  ASSERT_EQ(sql(c, "UPDATE runs SET makespan_ps=makespan_ps+1 WHERE rowid=1"), 0);
  const Said refused = run_pregate({"sweep", "merge", b, c});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("the same numbers for the same scenario"));
  EXPECT_EQ(csv_of(b), csv_of(a));
  // Of several files one that contradicts: nothing of the others either.
  const std::string other = folder.file("other.db"), before = csv_of(b);
  ASSERT_EQ(run_pregate(small_sweep(other) + Words{"--vary", "policy.lookahead=2,3"}).code, 0);
  EXPECT_EQ(run_pregate({"sweep", "merge", b, other, c}).code, 2);
  EXPECT_EQ(csv_of(b), before);
  EXPECT_EQ(run_pregate({"sweep", "merge", b, other}).code, 0);
  EXPECT_NE(csv_of(b), before);
  const Said itself = run_pregate(
      {"sweep", "merge", b,
       folder.file("../") + std::filesystem::path(b).parent_path().filename().string() + "/b.db"});
  EXPECT_EQ(itself.code, 2);
  EXPECT_THAT(itself.err, HasSubstr("other files than the one"));
}

// Kills `times` of the workers of a sweep that runs, and waits for its end.
int with_killed_workers(const Words& arguments, int times) {
  const std::string program = std::string(PREGATE_BINARY_DIR) + "/bin/pregate";
  Words texts = Words{program} + arguments;
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const pid_t sweep = ::fork();
  if (sweep == 0) {
    ::alarm(120);
    ::close(STDOUT_FILENO);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  const std::string children =
      "/proc/" + std::to_string(sweep) + "/task/" + std::to_string(sweep) + "/children";
  int status = 0;
  std::set<pid_t> killed;
  while (::waitpid(sweep, &status, WNOHANG) == 0) {
    std::ifstream in(children);
    pid_t worker = 0;
    if (static_cast<int>(killed.size()) < times && in >> worker && !killed.contains(worker)) {
      ::kill(worker, SIGKILL);
      killed.insert(worker);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(SweepResume, WorkerThatIsKilled_CostsItsRow_AndIsTriedAgain) {
  const Folder folder;
  const std::string out = folder.file("a.db"), whole = folder.file("whole.db");
  const Words sweep = {
      "sweep", "--scenario", "synthetic", "--jobs", "2", "--vary", "dram.expert_budget=1GiB..3GiB:12",
      "--out"};
  ASSERT_EQ(run_pregate(sweep + Words{whole}).code, 0);
  EXPECT_EQ(with_killed_workers(sweep + Words{out}, 3), 1);
  const auto rows = rows_of(out);
  ASSERT_EQ(rows.size(), 12U);
  int failed = 0;
  for (const json& row : rows) {
    if (row["status"] == "done") continue;
    ++failed;
    EXPECT_THAT(row["error"].get<std::string>(), HasSubstr("ended by signal 9 (Killed)"));
  }
  EXPECT_GE(failed, 1);
  EXPECT_LE(failed, 3);
  EXPECT_EQ(run_pregate(sweep + Words{out}).code, 0);
  EXPECT_EQ(csv_of(out), csv_of(whole));
}

TEST(SweepTerminal, ShowsRateAndTimeLeft_AndCtrlCStopsAfterTheScenariosInFlight) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  const Terminal terminal = on_terminal(
      Words{"sweep", "--scenario", "synthetic", "--out", out, "--jobs", "1"} + axes_of(4000), " left");
  EXPECT_THAT(terminal.said, HasSubstr("sweeping: scenario"));
  EXPECT_THAT(terminal.said, HasSubstr(" of 8000 ("));
  EXPECT_THAT(terminal.said, HasSubstr("/s, "));
  EXPECT_THAT(terminal.said, HasSubstr("the same command goes on"));
  EXPECT_EQ(terminal.code, 1);
  const auto rows = rows_of(out);
  EXPECT_GT(rows.size(), 0U);
  EXPECT_LT(rows.size(), 8000U);
  for (const json& row : rows) EXPECT_EQ(row["status"], "done") << row["error"];
}

}  // namespace
}  // namespace pregate
