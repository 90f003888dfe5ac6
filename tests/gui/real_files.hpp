// SPDX-License-Identifier: Apache-2.0
// Files that the built command wrote, for tests that open them: made once a process.
#pragma once

#include <gtest/gtest.h>

#include <QtCore/QByteArray>
#include <QtCore/QFile>
#include <QtCore/QProcess>
#include <QtCore/QStringList>
#include <QtCore/QTemporaryDir>

#include "tests/gui/gui_fixtures.hpp"

namespace pregate::test {

// What it printed; a failure of the test if it did not end well.
inline QByteArray run_command(const QStringList& arguments) {
  QProcess process;
  process.start(built_command(), arguments);
  const bool ended = process.waitForFinished(60'000);
  EXPECT_TRUE(ended && process.exitCode() == 0) << process.readAllStandardError().toStdString();
  return process.readAllStandardOutput();
}

inline QString scratch_path(const QString& name) {
  static const QTemporaryDir kFolder;
  return kFolder.filePath(name);
}

// A short run of the synthetic scenario, with stalls, evictions and late prefetches; `set` changes it.
inline QString real_run(const QString& name = "real.run", const QStringList& set = {}) {
  const QString path = scratch_path(name);
  if (QFile::exists(path)) return path;
  QStringList arguments{"run", "synthetic", "--no-baseline", "--out", path};
  for (const char* each : {"workload.synthetic.prompt_tokens=4", "workload.synthetic.decode_tokens=6"})
    arguments << "--set" << each;
  for (const QString& each : set) arguments << "--set" << each;
  run_command(arguments);
  return path;
}

inline QByteArray bytes_of(const QString& path) {
  QFile file(path);
  EXPECT_TRUE(file.open(QIODevice::ReadOnly)) << path.toStdString();
  return file.readAll();
}

inline QString write_bytes(const QString& name, const QByteArray& bytes) {
  QFile file(scratch_path(name));
  EXPECT_TRUE(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
  file.write(bytes);
  return file.fileName();
}

}  // namespace pregate::test
