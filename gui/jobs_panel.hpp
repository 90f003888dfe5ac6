// SPDX-License-Identifier: Apache-2.0
// The calls of the command that were made from the window, the newest on top: how far each is, how long it
// takes, why it failed, and what came of it.
#pragma once

#include <QtCore/QTimer>
#include <QtWidgets/QLabel>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QVBoxLayout>

#include "gui/command_job.hpp"

namespace pregate {

class JobRow;

class JobsPanel final : public QWidget {
  Q_OBJECT

 public:
  explicit JobsPanel(QWidget* parent = nullptr);

  // Starts it and shows it. The job is the panel's; it is gone when its row is cleared.
  CommandJob* start(const CommandRequest& request);
  [[nodiscard]] int running() const;
  // Whether one that has not ended writes this file.
  [[nodiscard]] bool writes(const QString& file) const;
  [[nodiscard]] int count() const { return static_cast<int>(rows_.size()); }
  // Every one that runs; before the window closes, say.
  void cancel_all();
  void clear_ended();

 signals:
  void open_result(const QString& file);  // the user asks to see what a job wrote
  void job_finished(pregate::CommandJob* job);
  void running_changed(int running);

 private:
  void remove(JobRow* row);
  void changed();

  QScrollArea* scroll_;
  QVBoxLayout* list_;
  QLabel* empty_;
  QTimer tick_;
  QList<JobRow*> rows_;
};

}  // namespace pregate
