// SPDX-License-Identifier: Apache-2.0
// The files that were opened lately, the last one first, remembered between starts. Those that are gone are
// left out.
#pragma once

#include <QtCore/QStringList>

namespace pregate {

class RecentFiles {
 public:
  static constexpr int kMost = 12;

  [[nodiscard]] QStringList paths() const;
  void add(const QString& path);
  void clear();
};

}  // namespace pregate
