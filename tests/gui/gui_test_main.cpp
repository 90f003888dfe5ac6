// SPDX-License-Identifier: Apache-2.0
// The main of tests that need a QApplication. Without a screen of their own choosing they run on the
// offscreen platform, whose pictures are the same everywhere; settings go to a place that no user's viewer
// reads.
#include <gtest/gtest.h>

#include <QtCore/QStandardPaths>
#include <QtWidgets/QApplication>

#include "gui/appearance.hpp"

#ifdef __SANITIZE_THREAD__
#include <dlfcn.h>

#include <cstdarg>

// QProcess calls clone() so that the child runs in the memory of its parent until it becomes the program. The
// thread sanitizer takes that for a fork: it marks the calling thread, which is the parent's as well, as one
// whose locks and accesses it ignores from then on, and then sees races that are none and misses those that
// are. So Qt gets the C library's own clone().
extern "C" int clone(int (*run)(void*), void* stack, int flags, void* argument, ...) {
  using Clone = int (*)(int (*)(void*), void*, int, void*, ...);
  static const auto kClone = reinterpret_cast<Clone>(::dlsym(::dlopen("libc.so.6", RTLD_NOW), "clone"));
  va_list more;
  va_start(more, argument);
  void* parent_id = va_arg(more, void*);
  void* thread = va_arg(more, void*);
  void* child_id = va_arg(more, void*);
  va_end(more);
  return kClone(run, stack, flags, argument, parent_id, thread, child_id);
}
#endif

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QStandardPaths::setTestModeEnabled(true);
  testing::InitGoogleTest(&argc, argv);
  const QApplication application(argc, argv);
  QApplication::setApplicationName("pregate-gui-tests");
  pregate::Appearance::instance().apply();
  return RUN_ALL_TESTS();
}
