// SPDX-License-Identifier: Apache-2.0
// What Slurm does not do on demand: refusing, staying silent, forgetting. Programs of these names stand first
// on PATH here; the real ones are in tests/cluster.
#include "experiments/sweep/slurm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "experiments/child_process.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using How = ShardEnd::How;

class Slurm : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(files_.file("bin"));
    ::setenv("PATH", (files_.file("bin") + ":/usr/bin:/bin").c_str(), 1);
    work_ = {.program = "/usr/bin/true",
             .before = {"sweep", "demo"},
             .shards = 3,
             .folder = files_.file("out.db.slurm"),
             .contents = "test"};
  }
  // `lines` of shell; $here is a folder of this test.
  void fake(const std::string& name, const std::string& lines) const {
    const std::string path = files_.file("bin/" + name);
    test::write_file(path, "#!/bin/sh\nhere='" + files_.file("") + "'\n" + lines + "\n");
    ::chmod(path.c_str(), 0755);
  }
  // What the tasks of the array leave.
  void leave(int shard, int code) const {
    test::write_file(exit_file(work_, shard), std::to_string(code) + "\n");
    test::write_file(result_file(work_, shard), "rows");
  }
  void make_work_folder() const { ASSERT_TRUE(make_folder(work_)); }
  static WaitOptions quick() {
    return {.first_pause = milliseconds(10),
            .longest_pause = milliseconds(20),
            .patience = milliseconds(300),
            .grace = milliseconds(50)};
  }

  test::Folder files_;
  ShardArray work_;
};

// The tasks that end at once, and a queue that has forgotten them.
constexpr const char* kEndAtOnce =
    "cd \"$(dirname \"$2\")\"; for i in 1 2 3; do echo 0 >shard-$i.exit; echo rows >shard-$i.db; done; echo "
    "77";
constexpr const char* kForgotten = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1";

TEST_F(Slurm, TheScript_SaysOnceWhatATaskRuns) {
  work_.options = {"--partition=fast", "--comment=two words"};
  const Result<std::string> script = batch_script(work_, {1, 2, 3});
  ASSERT_TRUE(script) << script.error().message();
  EXPECT_THAT(*script, AllOf(testing::StartsWith("#!/bin/bash\n"), HasSubstr("\n#SBATCH --array=1-3\n"),
                             HasSubstr("\n#SBATCH \"--partition=fast\"\n#SBATCH \"--comment=two words\"\n"),
                             HasSubstr("#SBATCH --output=\"" + work_.folder + "/shard-%a.log\"\n"),
                             HasSubstr("\n'/usr/bin/true' 'sweep' 'demo' \\\n  --shard \"$shard/3\" --out "
                                       "\"$folder/shard-$shard.db\"\n")));
  EXPECT_THAT(*batch_script(work_, {1, 3}), HasSubstr("--array=1,3\n"));
  work_.shards = 9;
  EXPECT_THAT(*batch_script(work_, {1, 2, 4, 7, 8, 9}), HasSubstr("--array=1-2,4,7-9\n"));
}

TEST_F(Slurm, AnyArgument_ReachesTheProgramUnchanged) {
  std::string every = "é";
  for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
  work_.program = files_.file("bin/it's $a \"program\"");
  work_.folder = files_.file("a \"folder\" it's $b; %a #c");
  work_.before = {every, "", "-n"};
  work_.after = {"*", "$(false)"};
  fake("it's $a \"program\"",
       "for word in \"$@\"; do printf '%s\\0' \"$word\"; done >\"$here/words\"; exit 5");
  make_work_folder();
  ASSERT_TRUE(write_array(work_, {2}));
  ::setenv("SLURM_ARRAY_TASK_ID", "2", 1);
  ::setenv("SLURM_ARRAY_JOB_ID", "77", 1);
  const Result<Finished> ran = run_to_end("/bin/bash", {script_file(work_)});
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->code, 5) << ran->err;
  std::string expected;
  for (const std::string& word :
       {every, std::string(), std::string("-n"), std::string("--shard"), std::string("2/3"),
        std::string("--out"), result_file(work_, 2), std::string("*"), std::string("$(false)")})
    expected += word + '\0';
  EXPECT_EQ(test::read_file(files_.file("words")), expected);
  EXPECT_EQ(exit_code(work_, 2), 5);
  EXPECT_EQ(test::read_file(job_file(work_)), "77\n");
}

TEST_F(Slurm, WhatAScriptCannotSay_IsRefused) {
  for (const char* option : {"", "-p", "--", "--=x", "partition=x", "--array=1", "--output=x", "--wait",
                             "--a b=c", "--comment=a\nb", "--comment=\x7f"}) {
    work_.options = {option};
    const Result<std::string> script = batch_script(work_, {1});
    ASSERT_FALSE(script) << option;
    EXPECT_EQ(script.error().kind, Error::Kind::bad_input);
    EXPECT_THAT(script.error().message(), AllOf(HasSubstr("sbatch"), Not(HasSubstr("\n")))) << option;
  }
  work_.options = {};
  work_.folder = files_.file("back\\slash");
  EXPECT_THAT(batch_script(work_, {1}).error().message(), HasSubstr("backslashes"));
}

TEST_F(Slurm, NoSbatchOnPath_IsOneLine_AndNothingIsWritten) {
  ::setenv("PATH", files_.file("bin").c_str(), 1);
  const Result<ArrayEnd> end = run_on_slurm(work_, quick());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, Error::Kind::run_failed);
  EXPECT_EQ(end.error().message(),
            "sbatch: expected this program on PATH (Debian package slurm-client), found none");
  EXPECT_FALSE(fs::exists(work_.folder));
}

TEST_F(Slurm, WhatSbatchRefuses_IsItsFirstLine) {
  fake("sbatch", "echo 'sbatch: error: Invalid account' >&2; echo more >&2; exit 1");
  fake("squeue", kForgotten);
  EXPECT_EQ(run_on_slurm(work_, quick()).error().message(),
            "sbatch: expected a job array that Slurm takes, found sbatch: error: Invalid account");
  fake("sbatch", "exit 3");
  EXPECT_THAT(run_on_slurm(work_, quick()).error().message(), HasSubstr("found exit code 3 without a word"));
  fake("sbatch", "echo Submitted batch job 12");
  EXPECT_THAT(run_on_slurm(work_, quick()).error().message(),
              HasSubstr("expected the number of the job array, found Submitted batch job 12"));
}

TEST_F(Slurm, ShardsThatSayTheyAreDone_AreBelieved_WhateverTheQueueSays) {
  fake("sbatch", kEndAtOnce);
  fake("squeue", "echo '1 RUNNING'; echo '2 COMPLETING'; echo '3 PENDING'");
  const Result<ArrayEnd> end = run_on_slurm(work_, quick());
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_TRUE(all_ended_well(work_, *end));
  EXPECT_EQ(end->job->id, "77");
}

TEST_F(Slurm, ACluster_IsNamedToSqueue) {
  fake("sbatch", std::string(kEndAtOnce) + "';east'");
  fake("squeue", "echo \"$@\" >>\"$here/asked\"; echo CLUSTER: east");
  ASSERT_TRUE(run_on_slurm(work_, quick()));
  EXPECT_EQ(test::read_file(job_file(work_)), "77;east\n");
  EXPECT_THAT(test::read_file(files_.file("asked")),
              AllOf(HasSubstr("--jobs=77 "), HasSubstr("--clusters=east")));
}

TEST_F(Slurm, HowATaskEnded_IsToldFromWhatItLeft_AndWhatTheQueueSaidLast) {
  make_work_folder();
  leave(1, 3);
  test::write_file(log_file(work_, 1), "warming up\nno such \x1b[31mdevice\n\n");
  leave(2, 143);
  fake("squeue",
       "echo x >>\"$here/asks\"; [ $(wc -l <\"$here/asks\") -gt 1 ] && { echo 'error: Invalid job id' >&2; "
       "exit 1; }\n"
       "echo '1 FAILED'; echo '2 TIMEOUT'; echo '3 OUT_OF_MEMORY'; echo '3 COMPLETING'");
  const Result<std::vector<ShardEnd>> ends = wait_for(work_, {.id = "77", .cluster = {}}, quick());
  ASSERT_TRUE(ends) << ends.error().message();
  const Error error = all_ended_well(work_, {.job = {}, .submitted = {}, .shards = *ends}).error();
  EXPECT_EQ(error.kind, Error::Kind::run_failed);
  EXPECT_EQ(error.message(),
            work_.folder +
                ": expected 3 shards that end well, found shard 1 exit code 3, shard 2 ended by "
                "signal 15 (TIMEOUT), shard 3 killed; the first said last: no such  [31mdevice");
}

TEST_F(Slurm, ManyThatFail_AreCounted) {
  std::vector<ShardEnd> ends;
  for (int shard = 1; shard <= 9; ++shard)
    ends.push_back({.shard = shard, .how = How::killed, .code = 0, .state = "NODE_FAIL"});
  EXPECT_THAT(all_ended_well(work_, {.job = {}, .submitted = {}, .shards = ends}).error().message(),
              AllOf(HasSubstr("shard 5 killed (NODE_FAIL) and 4 more"), Not(HasSubstr("shard 6"))));
}

TEST_F(Slurm, ASqueueThatIsSilentForAWhile_IsBornWith) {
  make_work_folder();
  for (const int shard : {1, 2, 3}) leave(shard, 2);
  fake("squeue",
       "echo x >>\"$here/asks\"; case $(wc -l <\"$here/asks\") in 1) echo '1 RUNNING';;\n"
       "2) echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1;;\n"
       "3) echo 'strange words';; *) echo '1 FAILED';; esac");
  std::vector<int> done;
  WaitOptions options = quick();
  options.watch = [&](const ArrayCount& count) { done.push_back(count.done); };
  ASSERT_TRUE(wait_for(work_, {.id = "77", .cluster = {}}, options));
  EXPECT_THAT(done, ElementsAre(2, 2, 2, 3)) << "shards 2 and 3 were not in the first answer";
}

TEST_F(Slurm, ASqueueThatStaysSilent_EndsTheWaiting_InItsWords) {
  make_work_folder();
  leave(1, 2);
  fake("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1");
  const Result<std::vector<ShardEnd>> ends = wait_for(work_, {.id = "77", .cluster = {}}, quick());
  ASSERT_FALSE(ends);
  EXPECT_EQ(ends.error().kind, Error::Kind::run_failed);
  EXPECT_THAT(ends.error().message(),
              AllOf(HasSubstr("job array 77"), HasSubstr("Unable to contact slurm controller")));
}

TEST_F(Slurm, APreemptedTask_HasNotEnded) {
  make_work_folder();
  leave(1, 143);
  leave(2, 0);
  leave(3, 0);
  fake("squeue",
       "echo x >>\"$here/asks\"; case $(wc -l <\"$here/asks\") in 1) echo '1 COMPLETING';; 2) echo '1 "
       "REQUEUED';;\n"
       "3) echo '1 PENDING';; *) echo 0 >\"$here/out.db.slurm/shard-1.exit\"; echo '1 COMPLETED';; esac");
  const Result<std::vector<ShardEnd>> ends = wait_for(work_, {.id = "77", .cluster = {}}, quick());
  ASSERT_TRUE(ends) << ends.error().message();
  EXPECT_EQ(ends->front().how, How::done);
}

TEST_F(Slurm, AFolderWithARunningArray_IsRefused_UntilItHasEnded) {
  make_work_folder();
  test::write_file(job_file(work_), "76\n");
  fake("sbatch", kEndAtOnce);
  fake("squeue", "echo '5 PENDING'");  // a shard that this sweep does not have: other work in the folder
  const Result<ArrayEnd> end = run_on_slurm(work_, quick());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, Error::Kind::bad_input);
  EXPECT_EQ(end.error().message(),
            work_.folder +
                ": expected a folder whose job array has ended, found job array 76 in the "
                "queue (wait for it, or `scancel 76`)");
  EXPECT_FALSE(fs::exists(script_file(work_)));
  fake("squeue", "echo slurm is away >&2; exit 1");
  EXPECT_THAT(run_on_slurm(work_, quick()).error().message(), HasSubstr("job array 76, found slurm is away"));
  fake("squeue", kForgotten);
  EXPECT_TRUE(run_on_slurm(work_, quick()));
}

TEST_F(Slurm, TwoAtTheSameMoment_DoNotBothSubmit) {
  make_work_folder();
  fake("sbatch", kEndAtOnce);
  fake("squeue", kForgotten);
  const int other = ::open(work_.folder.c_str(), O_RDONLY);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_THAT(run_on_slurm(work_, quick()).error().message(), HasSubstr("nobody else submits just now"));
  ::close(other);
  EXPECT_TRUE(run_on_slurm(work_, quick()));
}

TEST_F(Slurm, AJobFileWithOtherWords_IsRefused) {
  make_work_folder();
  fake("sbatch", kEndAtOnce);
  fake("squeue", kForgotten);
  for (const char* words : {"", "x", "-1", "12 34", "12;a b", "1;--help\n2", "9999999999999999999999"}) {
    test::write_file(job_file(work_), words);
    const Result<ArrayEnd> end = run_on_slurm(work_, quick());
    ASSERT_FALSE(end) << words;
    EXPECT_EQ(end.error().kind, Error::Kind::bad_input);
    EXPECT_THAT(end.error().message(), HasSubstr("job.id: expected the number of a job array"));
  }
}

TEST_F(Slurm, OnlyWhatIsMissing_IsSubmitted_AndAllOfOtherWork) {
  fake("sbatch", std::string("grep -e --array \"$2\" | tail -1 >>\"$here/arrays\"\n") + kEndAtOnce);
  fake("squeue", kForgotten);
  ASSERT_TRUE(run_on_slurm(work_, quick()));
  EXPECT_THAT(missing_shards(work_), IsEmpty());
  fs::remove(result_file(work_, 3));
  test::write_file(exit_file(work_, 1), "1\n");
  EXPECT_THAT(missing_shards(work_), ElementsAre(1, 3));
  work_.options = {"--time=60"};  // more time is no other work
  ASSERT_TRUE(run_on_slurm(work_, quick()));
  EXPECT_EQ(test::read_file(files_.file("arrays")), "#SBATCH --array=1-3\n#SBATCH --array=1,3\n");
  ShardArray other = work_;
  other.contents = "another scenario";
  EXPECT_THAT(missing_shards(other), SizeIs(3));
  other = work_;
  other.before.emplace_back("--set");
  EXPECT_THAT(missing_shards(other), SizeIs(3));
  other = work_;
  other.shards = 2;
  EXPECT_THAT(missing_shards(other), SizeIs(2));
  EXPECT_THAT(missing_shards(work_), IsEmpty());
}

TEST_F(Slurm, AnExitFileWithOtherWords_SaysNothing) {
  make_work_folder();
  for (const char* words : {"", "x\n", "0", "0 0\n", "-1\n", "256\n", "0\n0\n"}) {
    test::write_file(exit_file(work_, 1), words);
    EXPECT_EQ(exit_code(work_, 1), std::nullopt) << words;
  }
  test::write_file(exit_file(work_, 1), "0\n");
  EXPECT_EQ(exit_code(work_, 1), 0);
}

TEST_F(Slurm, CtrlC_EndsTheWaiting_AndSaysHowToComeBack) {
  make_work_folder();
  fake("squeue", "echo '1 RUNNING'; echo '2 PENDING'; echo '3 PENDING'");
  WaitOptions options = quick();
  options.watch = [](const ArrayCount& count) {
    EXPECT_EQ(count.running, 1);
    EXPECT_EQ(count.pending, 2);
    ::raise(SIGINT);
  };
  const Result<std::vector<ShardEnd>> ends = wait_for(work_, {.id = "77", .cluster = "east"}, options);
  ASSERT_FALSE(ends);
  EXPECT_EQ(ends.error().kind, Error::Kind::run_failed);
  EXPECT_THAT(ends.error().message(),
              AllOf(HasSubstr("the end of job array 77, found Ctrl-C"), HasSubstr("the same command"),
                    HasSubstr("`scancel --clusters=east 77`"), Not(HasSubstr("\n"))));
  struct sigaction now {};
  ::sigaction(SIGINT, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL) << "the signal's meaning was not given back";
}

TEST_F(Slurm, TheUsersViewOfTheQueue_DoesNotHideTasks) {
  ::setenv("SQUEUE_PARTITION", "other", 1);
  ::setenv("SBATCH_ARRAY_INX", "7", 1);
  ::setenv("SBATCH_PARTITION", "mine", 1);
  fake("sbatch", std::string("env >\"$here/submitted\"\n") + kEndAtOnce);
  fake("squeue", "env >\"$here/asked\"");
  ASSERT_TRUE(run_on_slurm(work_, quick()));
  EXPECT_THAT(test::read_file(files_.file("asked")), Not(HasSubstr("SQUEUE_")));
  EXPECT_THAT(test::read_file(files_.file("submitted")),
              AllOf(HasSubstr("SBATCH_PARTITION=mine"), Not(HasSubstr("SBATCH_ARRAY_INX"))));
}

// The tasks run one after the other, where sbatch stands.
constexpr const char* kRunHere =
    "for i in $(sed -n 's/^#SBATCH --array=//p' \"$2\" | tr , ' '); do\n"
    "  for t in $(seq ${i%-*} ${i#*-}); do SLURM_ARRAY_TASK_ID=$t SLURM_ARRAY_JOB_ID=77 bash \"$2\" "
    ">/dev/null; "
    "done\ndone >&2\necho 77";

// Which of the traces has changed makes no difference.
TEST_F(Slurm, ASweepTwice_SimulatesOnce_UntilAFileChanges) {
  fake("sbatch", kRunHere);
  fake("squeue", kForgotten);
  std::vector<std::string> traces;
  for (const char* name : {"a.csv", "b.csv", "c.csv"})
    traces.push_back(test::write_file(files_.file(name), test::small_csv()));
  const std::vector<std::string> words = {"sweep",
                                          "--trace",
                                          traces[0],
                                          "--vary",
                                          "workload.trace=" + traces[0] + "," + traces[1] + "," + traces[2],
                                          "--out",
                                          files_.file("out.db"),
                                          "--slurm",
                                          "--shards",
                                          "3"};
  const auto said = [&] {
    const test::Said ran = test::run_pregate(words);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return ran.out;
  };
  EXPECT_THAT(said(), HasSubstr("3 scenarios: 3 simulated\n"));
  EXPECT_THAT(said(), HasSubstr("3 scenarios: 0 simulated, 3 were done before\n"));
  test::write_file(traces[1], test::csv_with("expert_bytes=3000000", "expert_bytes=2000000"));
  EXPECT_THAT(said(), HasSubstr("3 scenarios: 3 simulated\n"));
}

TEST_F(Slurm, PointsThatCoincide_AreSimulatedOnce_AndNothingIsLeft) {
  fake("sbatch", kRunHere);
  fake("squeue", kForgotten);
  const std::vector<std::string> words = {"sweep",
                                          "--scenario",
                                          "synthetic",
                                          "--set",
                                          "workload.synthetic.decode_tokens=3",
                                          "--set",
                                          "workload.synthetic.prompt_tokens=2",
                                          "--vary",
                                          "policy.prefetch=none,pregate",
                                          "--sample",
                                          "6",
                                          "--out",
                                          files_.file("out.db"),
                                          "--slurm",
                                          "--shards",
                                          "1"};
  const test::Said first = test::run_pregate(words);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out,
              AllOf(HasSubstr("6 scenarios: 2 simulated\n4 were the same"), Not(HasSubstr("to go"))));
  const test::Said again = test::run_pregate(words);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, AllOf(HasSubstr("6 scenarios: 0 simulated, 2 were done before\n4 were the same"),
                               Not(HasSubstr("measured"))));
}

TEST(ChildProcess, ThatDoesNotEnd_IsKilledWithItsChildren) {
  const auto begin = std::chrono::steady_clock::now();
  const Result<Finished> said =
      run_to_end("/bin/sh", {"-c", "echo early; sleep 30 & sleep 30"}, {.limit = milliseconds(200)});
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->timed_out);
  EXPECT_FALSE(said->well());
  EXPECT_EQ(said->out, "early\n");
  EXPECT_EQ(said->complaint(), "no answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(ChildProcess, ThatSaysALot_IsKeptToAMiB_AndOneThatIsNone_IsAnError) {
  const Result<Finished> said = run_to_end("/bin/sh", {"-c", "head -c 3000000 /dev/zero; exit 4"});
  ASSERT_TRUE(said);
  EXPECT_THAT(said->out, SizeIs(1 << 20));
  EXPECT_EQ(said->code, 4);
  EXPECT_FALSE(run_to_end("/nowhere/at/all", {}));
}

}  // namespace
}  // namespace pregate
