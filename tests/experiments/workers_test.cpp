// SPDX-License-Identifier: Apache-2.0
// Jobs in processes of their own: what comes back, and what a job that ends badly costs.
#include "experiments/workers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <thread>

namespace pregate {
namespace {

using testing::HasSubstr;
using Answers = std::map<std::size_t, std::string>;  // a failure begins with "!"

Answers run(std::size_t count, const std::function<std::string(std::size_t)>& job, WorkerOptions options) {
  Answers answers;
  const Status ran = run_in_workers(
      count, job,
      [&answers](std::size_t i, const Result<std::string>& answer) {
        EXPECT_FALSE(answers.contains(i)) << "one answer a job";
        answers[i] = answer ? *answer : std::string("!").append(answer.error().message());
        return Status();
      },
      options);
  EXPECT_TRUE(ran) << (ran ? "" : ran.error().message());
  return answers;
}

TEST(Workers, EveryJob_AnswersOnce_HoweverManyAtATime) {
  for (const std::size_t at_once : {0, 1, 3, 50}) {
    const Answers answers =
        run(20, [](std::size_t i) { return std::to_string(i * i); }, {.at_once = at_once});
    ASSERT_EQ(answers.size(), 20U);
    for (const auto& [i, text] : answers) EXPECT_EQ(text, std::to_string(i * i));
  }
  EXPECT_TRUE(run(0, [](std::size_t) { return std::string(); }, {}).empty());
}

TEST(Workers, LongAndEmptyAnswers_ComeWhole) {
  const Answers answers =
      run(4,
          [](std::size_t i) {
            return i == 0 ? std::string() : std::string(i * 700'000, static_cast<char>('a' + i));
          },
          {.at_once = 4});
  for (const auto& [i, text] : answers) EXPECT_EQ(text, std::string(i * 700'000, static_cast<char>('a' + i)));
}

TEST(Workers, JobThatEndsBadly_CostsItselfAlone) {
  const Answers answers = run(6,
                              [](std::size_t i) -> std::string {
                                if (i == 1) ::raise(SIGKILL);
                                if (i == 2) ::_exit(3);
                                if (i == 3) throw std::runtime_error("a word");
                                if (i == 4) {
                                  const rlimit limit{64 << 20, 64 << 20};
                                  ::setrlimit(RLIMIT_AS, &limit);
                                  return std::string(1 << 30, 'x');
                                }
                                return "fine";
                              },
                              {.at_once = 2});
  ASSERT_EQ(answers.size(), 6U);
  EXPECT_EQ(answers.at(0), "fine");
  EXPECT_THAT(answers.at(1), HasSubstr("ended by signal 9 (Killed)"));
  EXPECT_THAT(answers.at(2), HasSubstr("ended with code 3"));
  EXPECT_THAT(answers.at(3), HasSubstr("found a word"));
#if defined(__SANITIZE_ADDRESS__)
  // Its allocator ends the process and throws nothing.
  EXPECT_THAT(answers.at(4), HasSubstr("ended with code"));
#else
  EXPECT_THAT(answers.at(4), HasSubstr("no memory left"));
#endif
  EXPECT_EQ(answers.at(5), "fine");
}

TEST(Workers, ErrorOfTheTaker_EndsTheRun_AndTheJobsInFlight) {
  const auto begin = std::chrono::steady_clock::now();
  const Status ran = run_in_workers(
      100,
      [](std::size_t i) {
        if (i > 0) ::sleep(60);
        return std::string();
      },
      [](std::size_t, const Result<std::string>&) { return Status(run_failed("disk", "room", "none")); },
      {.at_once = 3});
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().message(), HasSubstr("room"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST(Workers, Stop_WaitsForTheJobsInFlight_AndStartsNoMore) {
  bool stop = false;
  Answers answers;
  const Status ran = run_in_workers(
      100, [](std::size_t) { return std::string("done"); },
      [&](std::size_t i, const Result<std::string>& answer) {
        answers[i] = answer ? *answer : "!";
        stop = true;
        return Status();
      },
      {.at_once = 4, .stop = [&stop] { return stop; }});
  ASSERT_TRUE(ran);
  EXPECT_GE(answers.size(), 4U);
  EXPECT_LT(answers.size(), 12U);
  for (const auto& [i, text] : answers) EXPECT_EQ(text, "done");
}

TEST(Workers, Before_IsCalledInThisProcess_ForEachJobInOrder) {
  std::vector<std::size_t> called;
  std::size_t loaded = 0;
  const Answers answers = run(3, [&loaded](std::size_t) { return std::to_string(loaded); },
                              {.at_once = 1, .before = [&](std::size_t i) {
                                 called.push_back(i);
                                 loaded = i + 10;
                               }});
  EXPECT_EQ(called, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(answers.at(2), "12");
}

// What a killed sweep leaves: nothing that still computes.
TEST(Workers, ChildrenOfAKilledProcess_End) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::close(ends[0]);
    static_cast<void>(run_in_workers(
        2,
        [](std::size_t) {
          ::sleep(60);
          return std::string();
        },
        [](std::size_t, const Result<std::string>&) { return Status(); }, {.at_once = 2}));
    ::_exit(0);
  }
  ::close(ends[1]);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  ::alarm(20);  // a child that lives keeps the pipe open
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0) << "the last holder of the pipe is gone";
  ::alarm(0);
  ::close(ends[0]);
}

TEST(Workers, AvailableCores_AreSome) {
  EXPECT_GE(available_cores(), 1U);
}

}  // namespace
}  // namespace pregate
