// SPDX-License-Identifier: Apache-2.0
// Sweeps that cannot be: one line that says why, the right exit code, and nothing lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/file.h>

#include "experiments/sweep/store.hpp"
#include "tests/experiments/sweep_runner.hpp"

namespace pregate {
namespace {

using test::csv_of;
using test::Folder;
using test::run_pregate;
using test::Said;
using test::small_sweep;
using test::Words;
using testing::HasSubstr;
using test::operator+;

const Words budgets = {"--vary", "dram.expert_budget=1GiB,2GiB"};

void expect_refused(const Words& arguments, int code, const std::string& part) {
  const Said said = run_pregate(arguments);
  EXPECT_EQ(said.code, code) << part << "\n" << said.err;
  EXPECT_THAT(said.err, HasSubstr(part));
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
  EXPECT_EQ(said.out, "");
}

void sql(const std::string& file, const std::string& text) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &connection), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(connection, text.c_str(), nullptr, nullptr, &error), SQLITE_OK)
      << (error == nullptr ? "" : error);
  sqlite3_close(connection);
}

TEST(SweepBadInput, OfOptions_IsNamed_AndNoFileIsMade) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  const Words sweep = small_sweep(out);
  expect_refused(Words{"sweep", "memory"}, 2, "--out");
  expect_refused(sweep, 2, "a sweep to run");
  expect_refused(sweep + Words{"--vary", "dram.expert_budget=2GiB..1GiB:3"}, 2,
                 "--vary: dram.expert_budget: expected a range");
  expect_refused(sweep + Words{"--vary", "dram.expert_bugdet=1GiB"}, 2, "expert_budget");
  expect_refused(sweep + Words{"--vary", "dram.expert_budget=1GiB,3GB/s"}, 2, "3GB/s");
  expect_refused(sweep + Words{"--vary", "policy.prefetch=none,love"}, 2, "love");
  expect_refused(sweep + budgets + Words{"--vary", "dram.expert_budget=3GiB"}, 2, "a second time");
  expect_refused(sweep + budgets + Words{"--vary", " dram.expert_budget =3GiB"}, 2, "a second time");
  expect_refused(sweep + budgets + Words{"--zip", "--vary", "policy.prefetch=none"}, 2, "to zip them");
  expect_refused(sweep + budgets + Words{"--zip", "--sample", "3"}, 2, "expected --zip or --sample");
  expect_refused(sweep + budgets + Words{"--sample", "0"}, 2, "--sample: expected a whole number from 1");
  expect_refused(sweep + budgets + Words{"--sample-seed", "3"}, 2, "--sample-seed: expected --sample");
  for (const char* shard : {"0/4", "5/4", "4", "a/b", "1/0", "-1/4", "1/2/3"})
    expect_refused(sweep + budgets + Words{"--shard", shard}, 2, "--shard: expected I/N");
  for (const char* jobs : {"0", "-1", "many"})
    expect_refused(sweep + budgets + Words{"--jobs", jobs}, 2, "--jobs");
  expect_refused(Words{"sweep", "--scenario", "loev", "--out", out} + budgets, 2, "loev");
  expect_refused(
      {"sweep", "--trace", folder.file("none.route"), "--vary", "dram.expert_budget=1GiB", "--out", out}, 2,
      "none.route");
  expect_refused({"sweep", folder.file("none.sweep.textproto"), "--out", out}, 2, "none.sweep.textproto");
  // What is looked at is checked before hours are spent.
  expect_refused(sweep + budgets + Words{"--table", "love"}, 2, "--table: expected an axis");
  expect_refused(sweep + budgets + Words{"--table", "expert_budget::love"}, 2, "--table: expected a key");
  expect_refused(sweep + budgets + Words{"--table", "a:b:c:d"}, 2, "--table: expected ROWS:COLUMNS");
  expect_refused(sweep + budgets + Words{"--table", "--where", "love=1"}, 2, "--where: expected an axis");
  expect_refused(sweep + budgets + Words{"--plot", folder.file("a.gif")}, 2, "--plot");
  expect_refused(sweep + budgets + Words{"--plot", folder.file("a.png"), "--metric", "love"}, 2,
                 "--metric: expected a key");
  expect_refused(sweep + budgets + Words{"--plot", folder.file("a.png"), "--x", "love"}, 2,
                 "--x: expected an axis");
  expect_refused(sweep + budgets + Words{"--table", "--where", "expert_budget=3GiB"}, 2,
                 "--where: dram.expert_budget: expected a value of the sweep (1GiB, 2GiB)");
  const Words words = {"--vary", "policy.prefetch=none,pregate"};
  expect_refused(sweep + words + Words{"--plot", folder.file("a.svg")}, 2,
                 "--plot: expected an axis of numbers");
  expect_refused(sweep + budgets + words + Words{"--plot", folder.file("a.svg"), "--x", "prefetch"}, 2,
                 "--plot: expected an axis of numbers for x");
  expect_refused(sweep + budgets + words + Words{"--table", "expert_budget:"}, 2,
                 "--table: expected policy.prefetch among the rows or columns");
  expect_refused(sweep + budgets + Words{"--table", "--cross", "expert_budget:1:foo"}, 2,
                 "--cross: expected a key");
  expect_refused(sweep + budgets + words + Words{"--table", "--cross", "prefetch:1:loads"}, 2,
                 "--cross: expected an axis of numbers");
  expect_refused(sweep + budgets + Words{"--table", "::bound_by/loads"}, 2, "which is a word");
  expect_refused(sweep + budgets + Words{"--table", "--shard", "4/4"}, 2,
                 "--table: expected a sweep with rows");
  // What would say nothing.
  for (const Words& option : {Words{"--cross", "expert_budget:1:loads"}, Words{"--metric", "loads"},
                              Words{"--x", "expert_budget"}, Words{"--where", "expert_budget=1GiB"}})
    expect_refused(sweep + budgets + option, 2, option[0] + ": expected --table, --csv or --plot beside it");
  expect_refused(sweep + budgets + Words{"--csv", out}, 2, "--csv: expected another file");
  expect_refused(sweep + budgets + Words{"--csv", out + "-wal"}, 2, "--csv: expected another file");
  const std::string svg = folder.file("a.svg");
  expect_refused(sweep + budgets + Words{"--csv", svg, "--plot", svg}, 2, "--plot: expected another file");
  expect_refused(
      {"sweep", "--trace", "tr.csv", "--vary", "dram.expert_budget=1GiB", "--out", out, "--csv", "./tr.csv"},
      2, "--csv: expected another file than --trace");
  expect_refused(sweep + budgets + Words{"--csv", folder.file("none/a.csv")}, 1, "none/a.csv");
  EXPECT_EQ(folder.count(), 0U) << "nothing was written";
}

// A second seed in the file: which one is meant is asked before the run.
TEST(SweepBadInput, ATableOfTwoSeeds_IsRefusedBeforeAnythingRuns) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  ASSERT_EQ(run_pregate(small_sweep(out) + budgets).code, 0);
  expect_refused(small_sweep(out) + budgets + Words{"--seed", "7", "--table"}, 2, "as by --where seed=");
  EXPECT_EQ(test::rows_of(out).size(), 2U);
  const Said chosen =
      run_pregate(small_sweep(out) + budgets + Words{"--seed", "7", "--table", "--where", "seed=7"});
  EXPECT_EQ(chosen.code, 0) << chosen.err;
}

// Only the rows say that all of them failed: what was done is told all the same.
TEST(SweepBadInput, AViewThatFailsAfterwards_LeavesTheOutcomeToBeRead) {
  const Folder folder;
  const Said said = run_pregate({"sweep", "--out", folder.file("a.db"), "--scenario", "synthetic", "--vary",
                                 "dram.expert_budget=1MiB,2MiB", "--plot", folder.file("a.svg")});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, testing::AllOf(HasSubstr("2 scenarios: 0 simulated, 2 failed"), HasSubstr("File: ")));
  EXPECT_THAT(said.err, HasSubstr("--plot: expected at least one row"));
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
}

TEST(SweepBadInput, APathOfTwoSlashes_IsAPath) {
  const Folder folder;
  std::string out = "/";
  out += folder.file("a.db");
  const Said said = run_pregate(small_sweep(out) + budgets);
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(run_pregate({"sweep", "show", out}).code, 0);
}

TEST(SweepBadInput, OfALiveScenario_IsOneErrorBeforeAnythingRuns) {
  const Folder folder;
  const Words live = {"sweep", "--scenario", "demo", "--out", folder.file("a.db")};
  expect_refused(live + budgets + Words{"--set", "workload.forward.prefer_resident=0.5"}, 2,
                 "workload.forward.prefer_resident: expected 0");
  // TEST_TMPDIR keeps the test's own files where they are.
  ::setenv("TEST_TMPDIR", testing::TempDir().c_str(), 1);
  ::setenv("TMPDIR", folder.file("none").c_str(), 1);
  expect_refused(live + budgets, 1,
                 folder.file("none") + ": expected a folder for temporary files, as TMPDIR says");
  ::unsetenv("TMPDIR");
  EXPECT_EQ(folder.count(), 0U);
}

TEST(SweepBadInput, OfASpecFile_NamesItsLine) {
  const Folder folder;
  const auto refused = [&](const std::string& text, const std::string& part) {
    const std::string spec = test::write_file(folder.file("a.sweep.textproto"), text);
    expect_refused({"sweep", spec, "--out", folder.file("a.db")}, 2, part);
  };
  refused("vary: \"dram.expert_budget=1GiB\"\nvary: \"dram.expert_bugdet=1GiB\"\n",
          "a.sweep.textproto: line 2");
  refused("vary: \"dram.expert_budget=1GiB\"\nvary: \"dram.expert_budget=2GiB\"\n",
          "line 2: vary: expected each field on one axis");
  refused("scenario: \"loev\"\nvary: \"dram.expert_budget=1GiB\"\n", "loev");
  refused("vary: \"dram.expert_budget=4GiB..1GiB:3\"\n", "an empty one");
  refused("love: 1\n", "line 1: love");
}

TEST(SweepBadInput, OfFilesThatAreNoSweep_LeavesThemAsTheyAre) {
  const Folder folder;
  const std::string text = test::write_file(folder.file("text.db"), std::string(5000, 'x'));
  const std::string foreign = folder.file("foreign.db"), newer = folder.file("newer.db"),
                    older = folder.file("older.db");
  sql(foreign, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  ASSERT_EQ(run_pregate(small_sweep(newer) + budgets).code, 0);
  std::filesystem::copy_file(newer, older);
  sql(newer, "PRAGMA user_version=99");
  const struct {
    std::string file, part;
  } table[] = {
      {text, "text.db: expected a database that `pregate sweep` wrote, found a file of another kind"},
      {foreign, "foreign.db: expected a database that `pregate sweep` wrote, found one of another program"},
      {newer, "found format 99, which a newer pregate wrote"}};
  for (const auto& of : table) {
    const std::string before = test::read_file(of.file);
    expect_refused(small_sweep(of.file) + budgets, 2, of.part);
    expect_refused({"sweep", "show", of.file}, 2, of.part);
    expect_refused({"sweep", "merge", folder.file("out.db"), of.file}, 2, of.part);
    expect_refused({"sweep", "merge", of.file, older}, 2, of.part);
    EXPECT_EQ(test::read_file(of.file), before) << of.file;
  }
  expect_refused({"sweep", "show", folder.file("none.db")}, 2, "none.db");
  expect_refused({"sweep", "show", test::write_file(folder.file("empty.db"), "")}, 2, "found an empty one");
  std::filesystem::create_directory(folder.file("folder"));
  expect_refused(small_sweep(folder.file("folder")) + budgets, 1, "folder");
  expect_refused(small_sweep(folder.file("none/a.db")) + budgets, 1, "none/a.db");
  EXPECT_FALSE(std::filesystem::exists(folder.file("out.db")));
}

// What an earlier version of the program did not write yet is added, and null in its rows.
TEST(SweepStoreFile, OfFewerKeys_GetsTheOthers) {
  const Folder folder;
  const std::string old = folder.file("old.db"), fresh = folder.file("new.db");
  ASSERT_EQ(run_pregate(small_sweep(old) + Words{"--vary", "dram.expert_budget=1GiB"}).code, 0);
  sql(old, "ALTER TABLE runs DROP COLUMN \"bound_by\"");
  ASSERT_EQ(run_pregate({"sweep", "merge", fresh, old}).code, 0);
  ASSERT_EQ(run_pregate(small_sweep(old) + budgets).code, 0);
  EXPECT_EQ(test::rows_of(old).size(), 2U);
  EXPECT_FALSE(test::rows_of(old)[1]["bound_by"].is_null());
  EXPECT_TRUE(test::rows_of(fresh)[0]["bound_by"].is_null());
  sql(old, "ALTER TABLE runs ADD COLUMN love");
  expect_refused({"sweep", "merge", fresh, old}, 2, "columns that this pregate writes");
}

TEST(SweepBadInput, DamagedDatabase_IsNamed) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  ASSERT_EQ(run_pregate(small_sweep(out) + budgets).code, 0);
  const std::string whole = test::read_file(out);
  std::string damaged = whole;
  for (std::size_t at = 4096; at < damaged.size(); ++at) damaged[at] = static_cast<char>(at * 7);
  test::write_file(out, damaged);
  expect_refused({"sweep", "show", out}, 2, "found a damaged one");
  expect_refused(small_sweep(out) + budgets, 2, "found a damaged one");
  test::write_file(out, whole.substr(0, whole.size() / 2));
  expect_refused({"sweep", "show", out}, 2, "a.db");
}

TEST(SweepBadInput, FileThatAnotherSweepWrites_IsLeftToIt) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  ASSERT_EQ(run_pregate(small_sweep(out) + budgets).code, 0);
  const Result<SweepStore> other = SweepStore::open(out);
  ASSERT_TRUE(other);
  expect_refused(small_sweep(out) + Words{"--vary", "dram.expert_budget=3GiB"}, 2,
                 "found another sweep that is writing to it");
  EXPECT_EQ(run_pregate({"sweep", "show", out}).code, 0) << "readers may look on";
}

TEST(SweepBadInput, AxisOfAnotherKindThanTheFileHas_IsNamed) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  ASSERT_EQ(run_pregate(small_sweep(out) + budgets).code, 0);
  expect_refused(small_sweep(out) + Words{"--vary", "dram.expert_budget=1500000000,3000000000"}, 2,
                 "dram.expert_budget: expected values of the kind that the file has, bytes, found number");
}

TEST(SweepBadInput, FullDisk_KeepsTheRowsThatAreThere_AndIsGoneOnWith) {
  const Folder folder;
  const std::string out = folder.file("a.db"), whole = folder.file("whole.db");
  const Words many = {"--vary", "dram.expert_budget=600MiB..3GiB:60"};
  ASSERT_EQ(run_pregate(small_sweep(whole) + many).code, 0);
  const Said said = run_pregate(small_sweep(out) + many, {.file_limit = 150'000});
  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_THAT(said.err, HasSubstr("expected a disk with room"));
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
  const std::size_t kept = test::rows_of(out).size();
  EXPECT_GT(kept, 0U);
  EXPECT_LT(kept, 60U);
  EXPECT_EQ(run_pregate(small_sweep(out) + many).code, 0);
  EXPECT_EQ(csv_of(out), csv_of(whole));
  for (const std::size_t limit : {600, 5000, 40'000}) {
    const Said none = run_pregate(small_sweep(folder.file("b.db")) + budgets, {.file_limit = limit});
    EXPECT_EQ(none.code, 1) << limit;
    EXPECT_EQ(none.error_lines(), 1U) << none.err;
  }
  EXPECT_EQ(run_pregate(small_sweep(folder.file("b.db")) + budgets).code, 0)
      << "what was left there is no obstacle";
}

TEST(SweepBadInput, FolderThatCannotBeWritten_CanBeReadFrom) {
  const Folder folder;
  std::filesystem::create_directory(folder.file("shut"));
  const std::string out = folder.file("shut/a.db");
  ASSERT_EQ(run_pregate(small_sweep(out) + budgets).code, 0);
  const auto perms = [&](auto mode) { std::filesystem::permissions(folder.file("shut"), mode); };
  perms(std::filesystem::perms(0555));
  if (::access(folder.file("shut").c_str(), W_OK) == 0) {
    perms(std::filesystem::perms::owner_all);
    GTEST_SKIP() << "this user may write everywhere";
  }
  EXPECT_EQ(run_pregate({"sweep", "show", out}).code, 0);
  expect_refused(small_sweep(out) + Words{"--vary", "dram.expert_budget=3GiB"}, 1, "shut");
  perms(std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace pregate
