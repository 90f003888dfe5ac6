// SPDX-License-Identifier: Apache-2.0
// The main of tests that need a QApplication. Without a screen of their own choosing they run on the
// offscreen platform, whose pictures are the same everywhere; settings go to a place that no user's viewer
// reads.
#include <gtest/gtest.h>

#include <QtCore/QStandardPaths>
#include <QtWidgets/QApplication>

#include "gui/appearance.hpp"

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QStandardPaths::setTestModeEnabled(true);
  testing::InitGoogleTest(&argc, argv);
  const QApplication application(argc, argv);
  QApplication::setApplicationName("pregate-gui-tests");
  pregate::Appearance::instance().apply();
  return RUN_ALL_TESTS();
}
