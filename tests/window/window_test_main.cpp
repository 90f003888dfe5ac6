// SPDX-License-Identifier: Apache-2.0
// The main of tests on a real display server: a bare Xvfb of their own, on a display that is free. Where Xvfb
// is not installed the tests say so and are skipped (real_display()).
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtCore/QStandardPaths>
#include <QtWidgets/QApplication>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "gui/appearance.hpp"

namespace {

// The server's process; its display's number comes through a pipe once it listens.
pid_t start_server(std::string& display) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return -1;
  const pid_t server = ::fork();
  if (server == 0) {
    ::close(ends[0]);
    const std::string descriptor = std::to_string(ends[1]);
    ::execlp("Xvfb", "Xvfb", "-displayfd", descriptor.c_str(), "-screen", "0", "1920x1200x24", "-nolisten",
             "tcp", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  char byte = 0;
  while (::read(ends[0], &byte, 1) == 1 && byte != '\n') display += byte;
  ::close(ends[0]);
  return server;
}

bool only_lists(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--gtest_list_tests", 18) == 0) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string number;
  const bool listing = only_lists(argc, argv);
  const pid_t server = listing ? -1 : start_server(number);
  const bool listens = !number.empty();
  ::setenv("QT_QPA_PLATFORM", listens ? "xcb" : "offscreen", 1);
  if (listens) ::setenv("DISPLAY", (":" + number).c_str(), 1);
  QStandardPaths::setTestModeEnabled(true);
  int result = 0;
  {
    const QApplication application(argc, argv);
    QApplication::setApplicationName("pregate-window-tests");
    pregate::Appearance::instance().apply();
    result = RUN_ALL_TESTS();
  }
  if (server > 0) {
    ::kill(server, SIGTERM);
    ::waitpid(server, nullptr, 0);
  }
  return result;
}
