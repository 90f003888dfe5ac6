// SPDX-License-Identifier: Apache-2.0
// Job arrays on a real Slurm on this machine (loopback_cluster.hpp). What Slurm does not do on demand, such
// as refusing an answer, is in tests/experiments/slurm_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/sweep/slurm.hpp"
#include "tests/cluster/loopback_cluster.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::LoopbackCluster;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using How = ShardEnd::How;

class SlurmCluster : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = LoopbackCluster::missing()) GTEST_SKIP() << *why;
    const std::string said = cluster_.start();
    ASSERT_EQ(said, "") << "the cluster did not come up";
  }

  // Shards of a line of shell: $2 is "N/4", $4 the result file.
  ShardArray array(int shards, const std::string& line, const std::string& folder = "sweep.db.slurm") {
    return {.program = "/bin/sh",
            .before = {"-c", line, "shard"},
            .shards = shards,
            .folder = files_.file(folder),
            .contents = "test"};
  }
  static WaitOptions quick() {
    return {.first_pause = milliseconds(200), .longest_pause = milliseconds(300), .grace = milliseconds(300)};
  }
  static std::vector<How> hows(const ArrayEnd& end) {
    std::vector<How> out;
    for (const ShardEnd& shard : end.shards) out.push_back(shard.how);
    return out;
  }

  LoopbackCluster cluster_;
  test::Folder files_;
};

constexpr const char* kWriteNumber = "echo \"$2\" >\"$4\"";

TEST_F(SlurmCluster, FourShards_EndWellTwoAtATime_AndAreNotRunAgain) {
  const ShardArray shards =
      array(4, "sleep 1; pwd; echo \"$2 it's $6\" >\"$4\"", "a 'b' \"c\" #d %a $e ä;&.slurm");
  ShardArray work = shards;
  work.after = {"--name", "o'clock $HOME\n\"x\""};
  work.options = {"--time=3", "--comment=two words # and a sign"};
  int most_running = 0;
  WaitOptions options = quick();
  options.watch = [&](const ArrayCount& count) { most_running = std::max(most_running, count.running); };
  const Result<ArrayEnd> end = run_on_slurm(work, options);
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_THAT(end->submitted, ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(all_ended_well(work, *end)) << cluster_.words_of_daemons();
  for (int shard = 1; shard <= 4; ++shard) {
    EXPECT_EQ(test::read_file(result_file(work, shard)),
              std::to_string(shard) + "/4 it's o'clock $HOME\n\"x\"\n");
    EXPECT_EQ(test::read_file(log_file(work, shard)), fs::current_path().string() + "\n");
  }
  EXPECT_EQ(most_running, 2);
  const Result<ArrayEnd> again = run_on_slurm(work, quick());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_FALSE(again->job);
  EXPECT_THAT(again->submitted, IsEmpty());
  EXPECT_TRUE(all_ended_well(work, *again));
}

TEST_F(SlurmCluster, AShardThatFails_IsNamed_AndItAloneIsRunAgain) {
  const std::string mended = files_.file("mended");
  const ShardArray work = array(4, "[ \"$2\" != 2/4 ] || [ -e '" + mended +
                                       "' ] || { echo no such device >&2; exit 3; }; " + kWriteNumber);
  const Result<ArrayEnd> end = run_on_slurm(work, quick());
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_THAT(hows(*end), ElementsAre(How::done, How::failed, How::done, How::done));
  EXPECT_THAT(all_ended_well(work, *end).error().message(),
              HasSubstr("expected 4 shards that end well, found shard 2 exit code 3; the first said last: no "
                        "such device"));
  test::write_file(mended, "");
  const Result<ArrayEnd> again = run_on_slurm(work, quick());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_THAT(again->submitted, ElementsAre(2));
  EXPECT_TRUE(all_ended_well(work, *again));
}

TEST_F(SlurmCluster, ShardsThatAreCancelledOrKilled_AreToldFromThoseThatEnd) {
  // The first kills its batch script, so that nobody writes an exit code.
  const ShardArray work = array(4, "case $2 in 1/4) kill -9 $PPID;; 3/4) " + std::string(kWriteNumber) +
                                       ";; *) : >\"$4\"; sleep 60;; esac");
  const Result<SlurmJob> job = [&] {
    EXPECT_TRUE(make_folder(work));
    return submit(work, {1, 2, 3, 4});
  }();
  ASSERT_TRUE(job) << job.error().message();
  WaitOptions options = quick();
  bool cancelled = false;
  options.watch = [&](const ArrayCount& count) {
    const bool both = fs::exists(result_file(work, 2)) && fs::exists(result_file(work, 4));
    if (cancelled || count.done < 2 || !both) return;
    cancelled = true;
    test::said_by("scancel " + job->id + "_2 " + job->id + "_4");
  };
  const Result<std::vector<ShardEnd>> ends = wait_for(work, *job, options);
  ASSERT_TRUE(ends) << ends.error().message();
  const ArrayEnd end{.job = *job, .submitted = {1, 2, 3, 4}, .shards = *ends};
  EXPECT_THAT(hows(end), ElementsAre(How::killed, How::failed, How::done, How::failed));
  EXPECT_THAT(
      all_ended_well(work, end).error().message(),
      AllOf(HasSubstr("shard 1 killed (FAILED), shard 2 ended by signal 15 (CANCELLED), shard 4 ended by "
                      "signal 15 (CANCELLED)")));
}

TEST_F(SlurmCluster, ARestartOfTheController_IsWaitedOut) {
  const ShardArray work = array(2, "sleep 2; " + std::string(kWriteNumber));
  WaitOptions options = quick();
  bool restarted = false;
  options.watch = [&](const ArrayCount& count) {
    if (!restarted && count.running == 2) cluster_.restart_controller();
    restarted = restarted || count.running == 2;
  };
  const Result<ArrayEnd> end = run_on_slurm(work, options);
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_TRUE(restarted);
  const Status well = all_ended_well(work, *end);
  EXPECT_TRUE(well) << well.error().message() << cluster_.words_of_daemons();
}

TEST_F(SlurmCluster, CtrlC_LeavesTheArrayRunning_AndTheFolderIsRefusedUntilItHasEnded) {
  const ShardArray work = array(2, "sleep 2; " + std::string(kWriteNumber));
  WaitOptions options = quick();
  options.watch = [](const ArrayCount&) { ::raise(SIGINT); };
  const Result<ArrayEnd> end = run_on_slurm(work, options);
  ASSERT_FALSE(end);
  EXPECT_THAT(end.error().message(), AllOf(HasSubstr("Ctrl-C"), HasSubstr("`scancel 1`")));
  const Result<ArrayEnd> early = run_on_slurm(work, quick());
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind, Error::Kind::bad_input);
  EXPECT_THAT(early.error().message(),
              HasSubstr("found job array 1 in the queue (wait for it, or `scancel 1`)"));
  const Result<std::optional<SlurmJob>> running = running_job(work);
  ASSERT_TRUE(running && *running);
  const Result<std::vector<ShardEnd>> ends = wait_for(work, **running, quick());  // who wants to, waits on
  ASSERT_TRUE(ends) << ends.error().message();
  EXPECT_THAT(missing_shards(work), IsEmpty());
}

TEST_F(SlurmCluster, TheScript_IsSubmittedAgainByHand_AndTheFolderKnowsIt) {
  const ShardArray work = array(4, "sleep 2; " + std::string(kWriteNumber));
  ASSERT_TRUE(make_folder(work));
  ASSERT_TRUE(write_array(work, {1, 2, 3, 4}));
  const std::string id = test::said_by("sbatch --parsable --array=2-3 " + script_file(work));
  ASSERT_NE(id, "");
  for (int i = 0; i < 100 && !fs::exists(job_file(work)); ++i) std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(test::read_file(job_file(work)), id + "\n");
  const Result<std::optional<SlurmJob>> running = running_job(work);
  ASSERT_TRUE(running && *running);
  ASSERT_TRUE(wait_for(work, **running, quick()));
  EXPECT_THAT(missing_shards(work), ElementsAre(1, 4));
}

TEST_F(SlurmCluster, APartitionOrAJobThatIsNotThere_IsSlurmsOwnWord) {
  ShardArray work = array(1, kWriteNumber);
  work.options = {"--partition=nowhere"};
  const Result<ArrayEnd> end = run_on_slurm(work, quick());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, Error::Kind::run_failed);
  EXPECT_THAT(end.error().message(), AllOf(HasSubstr("sbatch: "), HasSubstr("invalid partition")));
  EXPECT_FALSE(fs::exists(job_file(work)));
  const Result<QueueAnswer> forgotten = ask_queue({.id = "999999", .cluster = {}});
  ASSERT_TRUE(forgotten) << forgotten.error().message();
  EXPECT_TRUE(forgotten->known);
  EXPECT_THAT(forgotten->states, IsEmpty());
}

// Processes that were started in this cluster's world, by what they know of its folder.
std::size_t processes_of(const std::string& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string words =
        test::read_file(entry.path() / "cmdline") + test::read_file(entry.path() / "environ");
    if (words.find(folder) != std::string::npos) ++count;
  }
  return count;
}

// The fixture's own promise.
TEST(LoopbackClusterOfATest, ThatIsKilled_EndsWithIt) {
  if (const auto why = LoopbackCluster::missing()) GTEST_SKIP() << *why;
  test::Folder files;
  const std::string where = files.file("where");
  const pid_t victim = ::fork();
  if (victim == 0) {
    LoopbackCluster cluster;
    const bool up = cluster.start().empty();
    test::said_by("sbatch --parsable --output=/dev/null --wrap='exec sleep 47'");
    std::this_thread::sleep_for(milliseconds(1500));
    std::ofstream(where + ".part") << (up ? cluster.folder() : "none") << " " << cluster.keeper() << "\n";
    fs::rename(where + ".part", where);
    ::pause();
    ::_exit(0);
  }
  for (int i = 0; i < 400 && !fs::exists(where); ++i) std::this_thread::sleep_for(milliseconds(100));
  std::ifstream in(where);
  std::string folder;
  pid_t keeper = 0;
  in >> folder >> keeper;
  const std::size_t before = processes_of(folder);
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
  ASSERT_NE(folder, "none");
  ASSERT_GE(before, 4U) << "the daemons and the job";
  for (int i = 0; i < 150 && ::kill(keeper, 0) == 0; ++i) std::this_thread::sleep_for(milliseconds(100));
  EXPECT_NE(::kill(keeper, 0), 0);
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_EQ(processes_of(folder), 0U);
}

}  // namespace
}  // namespace pregate
