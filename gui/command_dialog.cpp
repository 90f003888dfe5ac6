// SPDX-License-Identifier: Apache-2.0
#include "gui/command_dialog.hpp"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QMimeData>
#include <QtCore/QSignalBlocker>
#include <QtCore/QStandardPaths>
#include <QtCore/QUrl>
#include <QtGui/QClipboard>
#include <QtGui/QDragEnterEvent>
#include <QtGui/QFontDatabase>
#include <QtGui/QScreen>
#include <QtWidgets/QApplication>
#include <QtWidgets/QHBoxLayout>
#include <algorithm>
#include <utility>

#include "gui/appearance.hpp"
#include "gui/message_color.hpp"

namespace pregate {
namespace {

constexpr int kLeftWidth = 290;
constexpr QSize kSize{980, 660};

// Where new files go: the user's documents, or here.
QString output_folder() {
  const QString documents = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
  return QFileInfo(documents).isWritable() ? documents : QDir::currentPath();
}

}  // namespace

QString new_file_name(const QString& folder, const QString& name, const QString& suffix) {
  const QDir in(folder);
  QString file = in.filePath(name + suffix);
  for (int n = 2; QFileInfo::exists(file); ++n)
    file = in.filePath(QString("%1-%2%3").arg(name).arg(n).arg(suffix));
  return file;
}

CommandDialog::CommandDialog(Kind kind, QWidget* parent) : QDialog(parent), kind_(std::move(kind)) {
  setWindowTitle(kind_.title);
  setAcceptDrops(true);
  build();
  connect(base_, &BaseChooser::changed, this, [this] {
    form_->set_base(base_->values());
    update_all();
  });
  connect(form_, &ScenarioForm::changed, this, &CommandDialog::update_all);
  connect(output_, &PathEdit::changed, this, &CommandDialog::update_all);
  connect(&base_->shipped(), &ShippedFiles::names_found, this, [this] {
    form_->set_names(FieldUnit::device, base_->shipped().names(ShippedFiles::Kind::device));
    form_->set_names(FieldUnit::model, base_->shipped().names(ShippedFiles::Kind::model));
  });
  connect(copy_, &QPushButton::clicked, this, [this] {
    QApplication::clipboard()->setText(shell_command(request().arguments));
    copy_->setText("Copied");
  });
  connect(show_, &QPushButton::clicked, this, [this] { form_->show_field(form_->problem().path); });
}

void CommandDialog::build() {
  auto* columns = new QHBoxLayout;
  columns->setSpacing(18);
  columns->addWidget(left_column());
  form_ = new ScenarioForm(
      {"device.id", "model.preset", "model.shape_as", "workload.trace", "workload.forward.prompt"}, this);
  right_ = new QVBoxLayout;
  right_->setSpacing(6);
  right_->addWidget(form_, 1);
  columns->addLayout(right_, 1);
  auto* all = new QVBoxLayout(this);
  all->addLayout(columns, 1);
  all->addWidget(bottom());
  resize((kSize * Appearance::instance().scale()).boundedTo(screen()->availableSize()));
}

QWidget* CommandDialog::left_column() {
  auto* column = new QWidget(this);
  column->setFixedWidth(static_cast<int>(kLeftWidth * form_scale()));
  left_ = new QVBoxLayout(column);
  left_->setContentsMargins(0, 0, 0, 0);
  base_ = new BaseChooser(kind_.base, column);
  auto* from = new QLabel("<b>Start from</b>", column);
  left_->addWidget(from);
  left_->addWidget(base_);
  left_->addStretch(1);
  output_ = new PathEdit(PathEdit::Kind::save_file, kind_.filter, column);
  output_->line()->setAccessibleName("Output file");
  auto* label = new QLabel("&Write to", column);
  label->setBuddy(output_->line());
  left_->addWidget(label);
  left_->addWidget(output_);
  return column;
}

QWidget* CommandDialog::bottom() {
  auto* widget = new QWidget(this);
  shell_ = new QPlainTextEdit(widget);
  shell_->setReadOnly(true);
  shell_->setLineWrapMode(QPlainTextEdit::NoWrap);  // it is broken where a shell may break it
  QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  fixed.setPixelSize(QApplication::font().pixelSize());
  shell_->setFont(fixed);
  shell_->setFixedHeight(shell_->fontMetrics().lineSpacing() * 3 + 14);
  shell_->setAccessibleName("The same as a line for the shell");
  shell_->setToolTip("The same as a line for the shell");
  shell_->setTabChangesFocus(true);
  copy_ = new QPushButton("C&opy", widget);
  copy_->setAutoDefault(false);
  copy_->setToolTip("Copy the line for the shell");
  message_ = new MessageLabel(widget);
  summary_ = new QLabel(widget);
  show_ = new QPushButton("Show the &field", widget);
  show_->setAutoDefault(false);
  auto* cancel = new QPushButton("Cancel", widget);
  cancel->setAutoDefault(false);
  start_ = new QPushButton(kind_.start, widget);
  start_->setDefault(true);
  connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
  connect(start_, &QPushButton::clicked, this, &QDialog::accept);
  auto* line = new QHBoxLayout;
  line->addWidget(shell_, 1);
  line->addWidget(copy_, 0, Qt::AlignTop);
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(message_, 1);
  buttons->addWidget(summary_, 1);
  buttons->addWidget(show_);
  buttons->addWidget(cancel);
  buttons->addWidget(start_);
  auto* all = new QVBoxLayout(widget);
  all->setContentsMargins(0, 4, 0, 0);
  all->addLayout(line);
  all->addLayout(buttons);
  return widget;
}

void CommandDialog::set_scenario_text(const QString& label, const QString& text, const QStringList& files) {
  kept_ = keep_scenario_text(label, text);
  kept_files_ = files;
  base_->set_scenario(kept_);
}

CommandRequest CommandDialog::request() const {
  QStringList arguments = {kind_.verb};
  arguments << base_->arguments();
  if (!kept_.isEmpty() && arguments.contains(kept_)) arguments << kept_files_;
  arguments << own_arguments() << form_->set_arguments();
  if (!output().isEmpty()) arguments << "--out" << output();
  QString title = base_->name();
  if (!base_->device().isEmpty()) title += " on " + QFileInfo(base_->device()).fileName().section('.', 0, 0);
  return {.arguments = arguments, .output_file = output(), .title = kind_.verb + ": " + title};
}

QString CommandDialog::problem_of_output() const {
  if (output().isEmpty()) return "Say where the result is written.";
  const QFileInfo file(output());
  if (file.isDir()) return QString("expected a file to write, found the folder \"%1\"").arg(output());
  if (!file.absoluteDir().exists())
    return QString("expected a folder to write into, found nothing at \"%1\"").arg(file.absolutePath());
  return {};
}

QString CommandDialog::problem() const {
  if (const QString problem = base_->problem(); !problem.isEmpty()) return problem;
  if (const QString problem = own_problem(); !problem.isEmpty()) return problem;
  if (const ScenarioForm::Problem field = form_->problem(); !field.path.isEmpty())
    return field.path + ": " + field.sentence;
  return problem_of_output();
}

// A name that goes with the base, until the user says another.
void CommandDialog::suggest_output() {
  if (output() != suggested_) return;
  QString name = base_->name().isEmpty() ? kind_.verb : base_->name();
  if (!base_->device().isEmpty()) name += "-" + QFileInfo(base_->device()).fileName().section('.', 0, 0);
  if (kind_.base == BaseChooser::Verb::sweep) name += "-sweep";
  suggested_ = new_file_name(output_folder(), name, kind_.suffix);
  const QSignalBlocker quiet(output_);
  output_->set_path(suggested_);
}

void CommandDialog::update_all() {
  suggest_output();
  const QString wrong = problem();
  message_->show_problem(wrong);
  summary_->setText(summary());
  summary_->setVisible(wrong.isEmpty());
  show_->setVisible(!wrong.isEmpty() && wrong.startsWith(form_->problem().path + ":"));
  start_->setEnabled(wrong.isEmpty());
  show_shell_line();
  copy_->setText("C&opy");
}

void CommandDialog::show_shell_line() {
  const int width = shell_->viewport()->width() - 2 * static_cast<int>(shell_->document()->documentMargin());
  const int columns = width / std::max(1, shell_->fontMetrics().horizontalAdvance('m'));
  shell_->setPlainText(shell_lines(request().arguments, columns));
}

void CommandDialog::resizeEvent(QResizeEvent* event) {
  QDialog::resizeEvent(event);
  show_shell_line();
}

void CommandDialog::accept() {
  if (!problem().isEmpty()) return;
  if (QFileInfo::exists(output()) && !may_write(output())) return;
  emit requested(request());
  QDialog::accept();
}

void CommandDialog::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void CommandDialog::dropEvent(QDropEvent* event) {
  for (const QUrl& url : event->mimeData()->urls()) {
    if (url.isLocalFile() && base_->take_file(url.toLocalFile())) event->acceptProposedAction();
  }
}

}  // namespace pregate
