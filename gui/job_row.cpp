// SPDX-License-Identifier: Apache-2.0
#include "gui/job_row.hpp"

#include <QtCore/QEvent>
#include <QtCore/QFileInfo>
#include <QtGui/QFontDatabase>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QVBoxLayout>

#include "gui/message_color.hpp"
#include "gui/qt_text.hpp"
#include "traces/number_text.hpp"

namespace pregate {
namespace {

QToolButton* button(const QString& text, const QString& tip, QWidget* parent) {
  auto* made = new QToolButton(parent);
  made->setText(text);
  made->setToolTip(tip);
  made->setAccessibleName(text);
  made->setToolButtonStyle(Qt::ToolButtonTextOnly);
  return made;
}

QLabel* label(QWidget* parent) {
  auto* made = new QLabel(parent);
  made->setTextFormat(Qt::PlainText);
  made->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return made;
}

}  // namespace

QString clock_text(qint64 milliseconds) {
  const qint64 seconds = milliseconds / 1000;
  const auto two = [](qint64 n) { return QString("%1").arg(n, 2, 10, QLatin1Char('0')); };
  if (seconds < 3600) return QString("%1:%2").arg(seconds / 60).arg(two(seconds % 60));
  return QString("%1:%2:%3").arg(seconds / 3600).arg(two(seconds / 60 % 60), two(seconds % 60));
}

JobRow::JobRow(const CommandRequest& request, QWidget* parent)
    : QFrame(parent), job_(new CommandJob(request, this)) {
  build();
  connect(job_, &CommandJob::progressed, this, &JobRow::show_state);
  connect(job_, &CommandJob::finished, this, &JobRow::show_state);
  connect(cancel_, &QToolButton::clicked, job_, &CommandJob::cancel);
  connect(clear_, &QToolButton::clicked, this, &JobRow::cleared);
  connect(open_, &QToolButton::clicked, this, [this] { emit open_result(job_->request().output_file); });
  const auto show_details = [this](QToolButton* shown, QToolButton* other, const QString& text) {
    other->setChecked(false);
    details_->setPlainText(text);
    details_->setVisible(shown->isChecked());
  };
  connect(command_, &QToolButton::clicked, this,
          [=, this] { show_details(command_, output_, shell_command(job_->request().arguments)); });
  connect(output_, &QToolButton::clicked, this,
          [=, this] { show_details(output_, command_, job_->output()); });
  show_state();
}

void JobRow::build() {
  setFrameShape(QFrame::StyledPanel);
  title_ = new ElidedLabel(this);
  title_->setText(job_->request().title);
  QFont bold = title_->font();
  bold.setBold(true);
  title_->setFont(bold);
  title_->setToolTip(job_->request().title);
  state_ = label(this);
  message_ = label(this);
  message_->setWordWrap(true);
  bar_ = new QProgressBar(this);
  bar_->setTextVisible(false);
  bar_->setMaximumHeight(8);
  bar_->setAccessibleName("Progress of " + job_->request().title);
  cancel_ = button("Cancel", "Interrupt the command, as Ctrl-C does", this);
  open_ = button("Open result", "Show what the command wrote: " + job_->request().output_file, this);
  command_ = button("Command", "The same as a line for the shell", this);
  command_->setCheckable(true);
  output_ = button("Output", "What the command printed", this);
  output_->setCheckable(true);
  clear_ = button("Clear", "Take it off this list; files stay", this);
  details_ = new QPlainTextEdit(this);
  details_->setReadOnly(true);
  details_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  details_->setAccessibleName("Details of " + job_->request().title);
  details_->setMaximumHeight(180);
  details_->hide();

  auto* head = new QHBoxLayout;
  head->addWidget(title_, 1);
  head->addWidget(state_);
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(2);
  for (QToolButton* each : {open_, command_, output_}) buttons->addWidget(each);
  buttons->addStretch(1);
  buttons->addWidget(cancel_);
  buttons->addWidget(clear_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(10, 8, 10, 6);
  all->setSpacing(4);
  all->addLayout(head);
  all->addWidget(bar_);
  all->addWidget(message_);
  all->addLayout(buttons);
  all->addWidget(details_);
}

void JobRow::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && job_->ended()) show_end();
}

bool JobRow::has_result() const {
  // A sweep that was stopped, or had rows that failed, has a file worth a look as well.
  const QString& file = job_->request().output_file;
  const bool sweep = job_->request().arguments.value(0) == "sweep";
  return !file.isEmpty() && QFileInfo::exists(file) &&
         (job_->state() == CommandJob::State::done || (sweep && job_->ended()));
}

QString JobRow::state_text() const {
  const QString time = clock_text(job_->elapsed_ms());
  switch (job_->state()) {
    case CommandJob::State::waiting:
      return "waiting";
    case CommandJob::State::running:
      return job_->cancelling() ? "cancelling \u00b7 " + time : time;
    case CommandJob::State::done:
      return "\u2713 done in " + time;
    case CommandJob::State::failed:
      return "\u2717 failed after " + time;
    case CommandJob::State::cancelled:
      return "cancelled after " + time;
    case CommandJob::State::not_started:
      return "\u2717 not started";
  }
  return {};
}

void JobRow::show_progress() {
  const CommandJob::Progress& progress = job_->progress();
  // Per mille: a count of steps may be above what a bar takes.
  bar_->setRange(0, progress.total > 0 ? 1000 : 0);
  if (progress.total > 0) {
    const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
    bar_->setValue(static_cast<int>(1000 * std::clamp(share, 0.0, 1.0)));
  }
  QString text = progress.what;
  if (!text.isEmpty()) text += " " + to_qt(with_commas(std::int64_t{progress.done}));
  if (progress.total > 0) text += " of " + to_qt(with_commas(std::int64_t{progress.total}));
  message_->setText(text.isEmpty() ? "starting" : text);
}

void JobRow::show_end() {
  const bool wrong =
      job_->state() == CommandJob::State::failed || job_->state() == CommandJob::State::not_started;
  QString text = job_->error_line();
  // A sweep some of whose rows failed prints that where its result goes.
  if (wrong && text.isEmpty()) text = job_->output().trimmed().section('\n', 0, 5);
  if (!wrong && has_result()) text = job_->request().output_file;
  message_->setText(text);
  message_->setVisible(!text.isEmpty());
  QPalette colours = palette();
  if (wrong) colours.setColor(QPalette::WindowText, error_color(palette()));
  message_->setPalette(colours);
  state_->setPalette(colours);
}

void JobRow::show_state() {
  state_->setText(state_text());
  const bool ended = job_->ended();
  bar_->setVisible(!ended);
  cancel_->setVisible(!ended);
  cancel_->setEnabled(!job_->cancelling());
  clear_->setVisible(ended);
  open_->setVisible(ended && has_result());
  output_->setVisible(ended && !job_->output().isEmpty());
  if (ended) {
    show_end();
  } else {
    show_progress();
  }
}

}  // namespace pregate
