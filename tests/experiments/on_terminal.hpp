// SPDX-License-Identifier: Apache-2.0
// Runs the real program on a terminal, as a user does who then types Ctrl-C.
#pragma once

#include <pty.h>

#include "tests/experiments/command_runner.hpp"

namespace pregate::test {

// What the program says on a terminal on which Ctrl-C is typed once it has said `until`.
struct Terminal {
  std::string said;
  int code = -1;
};
inline Terminal on_terminal(const std::vector<std::string>& arguments, const std::string& until) {
  Terminal terminal;
  int master = -1;
  const std::string program = std::string(PREGATE_BINARY_DIR) + "/bin/pregate";
  std::vector<std::string> texts = {program};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const pid_t child = ::forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::alarm(120);
    std::signal(SIGINT, SIG_DFL);  // ignored, where the tests run behind a shell
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  char buffer[4096];
  bool sent = false;
  for (ssize_t n = 0; (n = ::read(master, buffer, sizeof buffer)) > 0;) {
    terminal.said.append(buffer, static_cast<std::size_t>(n));
    if (sent || terminal.said.find(until) == std::string::npos) continue;
    // Typed, and so for all of its processes.
    EXPECT_EQ(::write(master, "\x03", 1), 1);
    sent = true;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(master);
  terminal.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return terminal;
}

}  // namespace pregate::test
