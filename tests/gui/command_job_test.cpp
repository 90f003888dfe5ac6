// SPDX-License-Identifier: Apache-2.0
#include "gui/command_job.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtCore/QFileInfo>
#include <QtTest/QSignalSpy>
#include <algorithm>

#include "tests/gui/gui_fixtures.hpp"

namespace pregate {
namespace {

using State = CommandJob::State;

class CommandJobTest : public test::CommandTest {
 protected:
  // Runs to its end.
  static void run(CommandJob& job) {
    QSignalSpy ends(&job, &CommandJob::finished);
    job.start();
    ASSERT_TRUE(test::wait_for([&] { return job.ended(); }));
    EXPECT_EQ(ends.count(), 1);
  }
};

// A process that is no zombie.
bool alive(pid_t id) {
  QFile file(QString("/proc/%1/stat").arg(id));
  if (!file.open(QIODevice::ReadOnly)) return false;
  const QByteArray text = file.readAll();
  return text.mid(text.lastIndexOf(')') + 2, 1) != "Z";
}

TEST(ShellCommand, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(shell_command({"run", "demo", "--set", "dram.expert_budget=1GiB"}),
            "pregate run demo --set dram.expert_budget=1GiB");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("$HOME;x"), "'$HOME;x'");
  EXPECT_EQ(shell_quoted(QString::fromUtf8("caf\xC3\xA9")), QString::fromUtf8("'caf\xC3\xA9'"));
}

TEST_F(CommandJobTest, WhenDone_TheFileIsThere) {
  const QString out = path_of("demo.run");
  CommandJob job(
      {.arguments = {"run", "synthetic", "--set", "workload.synthetic.decode_tokens=4", "--out", out},
       .output_file = out,
       .title = "t"});
  run(job);
  EXPECT_EQ(job.state(), State::done) << job.error_line().toStdString();
  EXPECT_TRUE(QFileInfo::exists(out));
  EXPECT_EQ(job.error_line(), "");
  EXPECT_TRUE(job.output().contains("tokens/s")) << job.output().toStdString();
}

TEST_F(CommandJobTest, OfTheRealCommand_ProgressIsSeen) {
  CommandJob job({.arguments = {"run", "synthetic", "--set", "workload.synthetic.decode_tokens=400"}});
  QList<CommandJob::Progress> seen;
  QObject::connect(&job, &CommandJob::progressed, [&] { seen.append(job.progress()); });
  run(job);
  ASSERT_FALSE(seen.isEmpty());
  EXPECT_EQ(seen.back().total, 401);  // the prompt is a step
  EXPECT_LE(seen.back().done, 401);
  EXPECT_TRUE(seen.back().what.contains("step")) << seen.back().what.toStdString();
}

TEST_F(CommandJobTest, ThatFails_HasTheOneLineOfTheCommand) {
  CommandJob job({.arguments = {"run", "synthetic", "--set", "dram.expert_budget=3ms"}});
  run(job);
  EXPECT_EQ(job.state(), State::failed);
  EXPECT_EQ(job.error_line(),
            "--set: dram.expert_budget: expected a size such as 4000MiB or 2.5GB, from 1 B to 64 TiB, found "
            "\"3ms\"");
}

TEST_F(CommandJobTest, WithoutACommand_SaysSo) {
  CommandJob::set_program(path_of("nothing"));
  CommandJob job({.arguments = {"run"}});
  run(job);
  EXPECT_EQ(job.state(), State::not_started);
  EXPECT_EQ(job.error_line(), "could not start " + path_of("nothing") + ": it is not there");
}

TEST_F(CommandJobTest, ProgressAndErrors_ComeInPieces) {
  use_script(
      "printf 'prog' >&2; sleep 0.05; printf 'ress 3 8 simulating: step\\nprogress x y z\\n' >&2\n"
      "printf 'progress 5 0 loading\\npregate: line 1: expected a, found b\\nlater' >&2; exit 2\n");
  CommandJob job({});
  run(job);
  EXPECT_EQ(job.state(), State::failed);
  EXPECT_EQ(job.progress().done, 5);
  EXPECT_EQ(job.progress().total, 0);
  EXPECT_EQ(job.progress().what, "loading");
  EXPECT_EQ(job.error_line(), "line 1: expected a, found b");
}

TEST_F(CommandJobTest, AnEndlessLineAndEndlessOutput_AreBounded) {
  use_script(
      "head -c 3000000 /dev/zero | tr '\\0' 'x'; head -c 3000000 /dev/zero | tr '\\0' 'y' >&2; exit 1\n");
  CommandJob job({});
  run(job);
  EXPECT_EQ(job.output().size(), 1 << 20);
  EXPECT_LE(job.error_line().size(), 1 << 16);
}

TEST_F(CommandJobTest, Cancelled_IsInterruptedFirst) {
  use_script(
      "trap 'echo stopped; exit 1' INT\nprintf 'progress 1 9 a\\n' >&2\nwhile :; do sleep 0.02; done\n");
  CommandJob job({});
  job.start();
  ASSERT_TRUE(test::wait_for([&] { return job.progress().done == 1; }));
  job.cancel();
  EXPECT_TRUE(job.cancelling());
  ASSERT_TRUE(test::wait_for([&] { return job.ended(); }));
  EXPECT_EQ(job.state(), State::cancelled);
  EXPECT_EQ(job.output(), "stopped\n");
  EXPECT_EQ(job.error_line(), "");
}

TEST_F(CommandJobTest, ThatDoesNotListen_IsKilled) {
  use_script("trap '' INT\nprintf 'progress 1 9 a\\n' >&2\nwhile :; do sleep 0.02; done\n");
  CommandJob job({});
  job.set_patience(100);
  job.start();
  ASSERT_TRUE(test::wait_for([&] { return job.progress().done == 1; }));
  job.cancel();
  ASSERT_TRUE(test::wait_for([&] { return job.ended(); }));
  EXPECT_EQ(job.state(), State::cancelled);
}

TEST_F(CommandJobTest, Destroyed_TakesItsProcessAlong) {
  auto job = std::make_unique<CommandJob>(CommandRequest{.arguments = {path_of("id")}});
  use_script("echo $$ > \"$1\"\nexec sleep 600\n");
  job->start();
  const auto id = [this] {
    QFile file(path_of("id"));
    return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed().toInt() : 0;
  };
  ASSERT_TRUE(test::wait_for([&] { return id() > 0; }));
  const pid_t child = id();
  EXPECT_TRUE(alive(child));
  job.reset();
  EXPECT_FALSE(alive(child));
}

// A viewer that is killed itself runs no destructor.
TEST_F(CommandJobTest, OfAKilledViewer_DoesNotGoOn) {
  use_script("echo $$ > \"$1\"\nexec sleep 600\n");
  const pid_t viewer = ::fork();
  if (viewer == 0) {
    CommandJob job({.arguments = {path_of("id")}});
    job.start();
    while (true) ::usleep(10'000);
  }
  const auto id = [this] {
    QFile file(path_of("id"));
    return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed().toInt() : 0;
  };
  ASSERT_TRUE(test::wait_for([&] { return id() > 0; }));
  const pid_t child = id();
  ::kill(viewer, SIGKILL);
  ::waitpid(viewer, nullptr, 0);
  EXPECT_TRUE(test::wait_for([&] { return !alive(child); }));
}

}  // namespace
}  // namespace pregate
