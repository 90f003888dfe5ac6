// SPDX-License-Identifier: Apache-2.0
// What the window shows while nothing is open: what can be opened or made, and the recent files.
#pragma once

#include <QtWidgets/QListWidget>
#include <QtWidgets/QWidget>

#include "gui/actions.hpp"

namespace pregate {

class Welcome : public QWidget {
  Q_OBJECT

 public:
  explicit Welcome(QWidget* parent = nullptr);
  void show_recent(const QStringList& paths);

 signals:
  void wanted(pregate::Act act);
  void file_wanted(const QString& path);

 private:
  QListWidget* recent_;
};

}  // namespace pregate
