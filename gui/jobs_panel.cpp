// SPDX-License-Identifier: Apache-2.0
#include "gui/jobs_panel.hpp"

#include <QtWidgets/QScrollBar>
#include <algorithm>

#include "gui/job_row.hpp"

namespace pregate {

JobsPanel::JobsPanel(QWidget* parent) : QWidget(parent) {
  setAccessibleName("Jobs");
  auto* inside = new QWidget;
  list_ = new QVBoxLayout(inside);
  list_->setContentsMargins(6, 6, 6, 6);
  list_->setSpacing(6);
  empty_ = new QLabel("No runs yet. What is started from here is listed with its progress.", inside);
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setEnabled(false);
  list_->addWidget(empty_);
  list_->addStretch(1);
  scroll_ = new QScrollArea(this);
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setWidget(inside);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->addWidget(scroll_);
  tick_.setInterval(1000);
  connect(&tick_, &QTimer::timeout, this, [this] {
    for (JobRow* row : rows_) {
      if (!row->job()->ended()) row->show_state();
    }
  });
}

CommandJob* JobsPanel::start(const CommandRequest& request) {
  auto* row = new JobRow(request, this);
  rows_.prepend(row);
  list_->insertWidget(0, row);
  connect(row, &JobRow::open_result, this, &JobsPanel::open_result);
  connect(row, &JobRow::cleared, this, [this, row] { remove(row); });
  connect(row->job(), &CommandJob::finished, this, [this, row] {
    changed();
    emit job_finished(row->job());
  });
  row->job()->start();
  row->show_state();
  changed();
  return row->job();
}

bool JobsPanel::writes(const QString& file) const {
  return std::any_of(rows_.begin(), rows_.end(), [&](const JobRow* row) {
    return !row->job()->ended() && row->job()->request().output_file == file;
  });
}

int JobsPanel::running() const {
  return static_cast<int>(
      std::count_if(rows_.begin(), rows_.end(), [](const JobRow* row) { return !row->job()->ended(); }));
}

void JobsPanel::cancel_all() {
  for (JobRow* row : rows_) row->job()->cancel();
}

void JobsPanel::clear_ended() {
  const QList<JobRow*> rows = rows_;
  for (JobRow* row : rows) {
    if (row->job()->ended()) remove(row);
  }
}

void JobsPanel::remove(JobRow* row) {
  rows_.removeOne(row);
  row->hide();
  row->deleteLater();
  changed();
}

void JobsPanel::changed() {
  empty_->setVisible(rows_.isEmpty());
  // As wide as the rows need: there is no bar to scroll sideways.
  scroll_->setMinimumWidth(scroll_->widget()->minimumSizeHint().width() +
                           scroll_->verticalScrollBar()->sizeHint().width());
  const int now = running();
  if (now > 0 && !tick_.isActive()) tick_.start();
  if (now == 0) tick_.stop();
  emit running_changed(now);
}

}  // namespace pregate
