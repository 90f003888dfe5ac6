// SPDX-License-Identifier: Apache-2.0
// What tests of the viewer share: the command that was built, scripts that stand for it, folders that go
// away.
#pragma once

#include <gtest/gtest.h>

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QString>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>
#include <functional>

#include "gui/command_job.hpp"

namespace pregate::test {

inline QString built_command() {
  return QString(PREGATE_BINARY_DIR) + "/bin/pregate";
}

// Runs the event loop until it holds, or half a minute has passed.
inline bool wait_for(const std::function<bool()>& holds) {
  return QTest::qWaitFor(holds, 30'000);
}

// The command is the one that was built, or a shell script in its place; as before when the test ends.
class CommandTest : public testing::Test {
 protected:
  void SetUp() override { CommandJob::set_program(built_command()); }
  void TearDown() override { CommandJob::set_program({}); }

  void use_script(const QByteArray& text) {
    QFile file(path_of("command"));
    ASSERT_TRUE(file.open(QIODevice::WriteOnly));
    file.write("#!/bin/sh\n" + text);
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    file.close();
    CommandJob::set_program(file.fileName());
  }
  [[nodiscard]] QString path_of(const QString& name) const { return folder_.filePath(name); }
  void write_file(const QString& name, const QByteArray& text) {
    QFile file(path_of(name));
    ASSERT_TRUE(file.open(QIODevice::WriteOnly));
    file.write(text);
  }

 private:
  QTemporaryDir folder_;
};

}  // namespace pregate::test
