// SPDX-License-Identifier: Apache-2.0
// One job in the panel: title, progress, time, and what can be done with it. Private to jobs_panel.cpp.
#pragma once

#include <QtWidgets/QFrame>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPlainTextEdit>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QToolButton>

#include "gui/command_job.hpp"
#include "gui/small_widgets.hpp"

namespace pregate {

class JobRow final : public QFrame {
  Q_OBJECT

 public:
  JobRow(const CommandRequest& request, QWidget* parent);

  [[nodiscard]] CommandJob* job() const { return job_; }
  void show_state();  // also once a second, for the time

 protected:
  void changeEvent(QEvent* event) override;

 signals:
  void open_result(const QString& file);
  void cleared();

 private:
  void build();
  void show_progress();
  void show_end();
  [[nodiscard]] QString state_text() const;
  [[nodiscard]] bool has_result() const;

  CommandJob* job_;
  ElidedLabel* title_;
  QLabel *state_, *message_;
  QProgressBar* bar_;
  QToolButton *cancel_, *open_, *command_, *output_, *clear_;
  QPlainTextEdit* details_;
};

// "0:07", "12:40", "1:02:03".
QString clock_text(qint64 milliseconds);

}  // namespace pregate
