// SPDX-License-Identifier: Apache-2.0
// What happened in the selected area of time, by category; without an area, in the whole run.
#pragma once

#include <QtCore/QTimer>
#include <QtWidgets/QLabel>
#include <QtWidgets/QTableWidget>

#include "gui/link.hpp"
#include "gui/scene/area_table.hpp"

namespace pregate {

class AreaPanel : public QWidget {
  Q_OBJECT

 public:
  // Both outlive it.
  AreaPanel(const RunTracks& tracks, Link& link, QWidget* parent = nullptr);

  [[nodiscard]] const AreaTable& table() const { return table_; }

 private:
  void fill();

  const RunTracks& tracks_;
  Link& link_;
  AreaTable table_;
  QLabel* heading_;
  QTableWidget* rows_;
  QTimer later_;  // a drag changes the area many times a second
};

}  // namespace pregate
