// SPDX-License-Identifier: Apache-2.0
// All actions by name: type a few letters of it, in any order of words, and press Return. And the sheet of
// all keys.
#pragma once

#include <QtWidgets/QDialog>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QTreeWidget>
#include <functional>

#include "gui/actions.hpp"

namespace pregate {

class CommandPalette : public QDialog {
  Q_OBJECT

 public:
  // `can` says which actions do something now; the others are listed below them, greyed.
  CommandPalette(const std::function<bool(Act)>& can, QWidget* parent);

 signals:
  void chosen(pregate::Act act);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void fill();
  void choose();

  std::function<bool(Act)> can_;
  QLineEdit* query_;
  QTreeWidget* list_;
};

class KeySheet : public QDialog {
  Q_OBJECT

 public:
  explicit KeySheet(QWidget* parent);
};

}  // namespace pregate
