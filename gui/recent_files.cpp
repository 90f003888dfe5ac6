// SPDX-License-Identifier: Apache-2.0
#include "gui/recent_files.hpp"

#include <QtCore/QFileInfo>
#include <QtCore/QSettings>

namespace pregate {
namespace {

const QString kKey = QStringLiteral("recent");

}  // namespace

QStringList RecentFiles::paths() const {
  QStringList paths = QSettings().value(kKey).toStringList();
  paths.removeIf([](const QString& path) { return !QFileInfo::exists(path); });
  return paths;
}

void RecentFiles::add(const QString& path) {
  const QString whole = QFileInfo(path).absoluteFilePath();
  QStringList paths = QSettings().value(kKey).toStringList();
  paths.removeAll(whole);
  paths.prepend(whole);
  QSettings().setValue(kKey, paths.mid(0, kMost));
}

void RecentFiles::clear() {
  QSettings().remove(kKey);
}

}  // namespace pregate
