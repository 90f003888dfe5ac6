// SPDX-License-Identifier: Apache-2.0
// One page of a document: verdict, timeline, heatmap, compare, sweep. The main window sends it the actions
// that it says it can do, shows its line in the status bar, and exports what it shows.
#pragma once

#include <QtWidgets/QWidget>
#include <string>

#include "gui/actions.hpp"
#include "gui/scene/picture.hpp"
#include "gui/scene/time_span.hpp"

namespace pregate {

class Page : public QWidget {
  Q_OBJECT

 public:
  using QWidget::QWidget;

  // Whether `act` does something here now.
  [[nodiscard]] virtual bool can(Act act) const = 0;
  virtual void act(Act act) = 0;
  // The picture that is exported: as shown, in this size. Empty marks: nothing to export.
  [[nodiscard]] virtual Picture picture_of(QSize size) = 0;
  // The table that is exported and copied; empty: none.
  [[nodiscard]] virtual std::string csv() const { return {}; }
  // Whether csv() has something; asked at each move of the mouse, when making it would take too long.
  [[nodiscard]] virtual bool has_table() const { return false; }
  // What the status bar says.
  [[nodiscard]] virtual QString status() const { return {}; }

 signals:
  // can() or status() would say something else.
  void state_changed();
};

}  // namespace pregate
