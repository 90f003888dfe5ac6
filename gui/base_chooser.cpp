// SPDX-License-Identifier: Apache-2.0
#include "gui/base_chooser.hpp"

#include <QtCore/QCryptographicHash>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QRegularExpression>
#include <QtCore/QSaveFile>
#include <QtCore/QSignalBlocker>
#include <QtCore/QStandardPaths>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QVBoxLayout>

#include "gui/qt_text.hpp"
#include "traces/scenario.hpp"

namespace pregate {
namespace {

const QStringList& shipped_scenarios() {
  static const QStringList kNames = {"demo", "synthetic", "replay"};
  return kNames;
}

QLabel* caption(const QString& text, QWidget* buddy) {
  auto* label = new QLabel(text);
  label->setBuddy(buddy);
  return label;
}

void fill(QComboBox* combo, const QStringList& names) {
  const QSignalBlocker quiet(combo);
  const QString typed = combo->currentText();
  combo->clear();
  combo->addItems(names);
  combo->setCurrentIndex(-1);
  combo->setEditText(typed);
}

// A combo of names with a button beside it for a file.
QWidget* with_file_button(QComboBox* combo, const QString& filter) {
  auto* both = new QWidget;
  auto* row = new QHBoxLayout(both);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(4);
  row->addWidget(combo, 1);
  auto* browse = new QToolButton(both);
  browse->setText("\u2026");
  browse->setToolTip("Choose a file");
  browse->setAccessibleName("Choose a file");
  row->addWidget(browse);
  QObject::connect(browse, &QToolButton::clicked, combo, [combo, filter] {
    const QString file = QFileDialog::getOpenFileName(combo, "Choose a file", {}, filter);
    if (!file.isEmpty()) combo->setEditText(file);
  });
  return both;
}

// A name that is neither shipped nor a file nor a folder; nothing is said where the shipped ones are unknown.
QString unknown_name(const QString& typed, const QStringList& shipped, const QString& kind) {
  if (typed.isEmpty() || shipped.isEmpty() || shipped.contains(typed) || QFileInfo::exists(typed)) return {};
  return QString("expected a shipped %1 or a file, found \"%2\"").arg(kind, typed);
}

// "/a/phone.route.csv" is "phone".
QString short_name(const QString& name_or_file) {
  return QFileInfo(name_or_file).fileName().section('.', 0, 0);
}

}  // namespace

BaseChooser::BaseChooser(Verb verb, QWidget* parent) : QWidget(parent), verb_(verb) {
  build();
  for (QRadioButton* each : {by_scenario_, by_trace_, by_model_}) {
    connect(each, &QRadioButton::toggled, this, [this](bool on) {
      if (on) choose(source());
    });
  }
  connect(scenario_, &QComboBox::editTextChanged, this, [this] {
    read_scenario();
    emit changed();
  });
  for (QComboBox* each : {model_, device_, shape_as_})
    connect(each, &QComboBox::editTextChanged, this, &BaseChooser::changed);
  connect(trace_, &PathEdit::changed, this, &BaseChooser::changed);
  connect(prompt_, &QPlainTextEdit::textChanged, this, &BaseChooser::changed);
  set_scenario("demo");
}

void BaseChooser::build() {
  by_scenario_ = new QRadioButton("&Scenario", this);
  by_trace_ = new QRadioButton("&Trace", this);
  by_model_ = new QRadioButton("&Model", this);
  by_scenario_->setToolTip("A scenario that is shipped, or a file");
  by_trace_->setToolTip("Routing that was recorded");
  by_model_->setToolTip("A model: its forward pass with a prompt, or its shape alone");
  by_scenario_->setChecked(true);
  pages_ = new QStackedWidget(this);
  pages_->addWidget(scenario_page());
  pages_->addWidget(trace_page());
  pages_->addWidget(model_page());
  pages_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  device_ = open_combo(this);
  device_->setAccessibleName("Device");
  device_->lineEdit()->setPlaceholderText("the scenario's own");
  shape_as_ = open_combo(this);
  shape_as_->setAccessibleName("Costs of another model");
  shape_as_->lineEdit()->setPlaceholderText("as the scenario says");
  shape_as_->setToolTip("Dress the routing in the layers, bytes and MACs of this model; none: do not");

  auto* sources = new QHBoxLayout;
  for (QRadioButton* each : {by_scenario_, by_trace_, by_model_}) sources->addWidget(each);
  sources->addStretch(1);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(6);
  all->addLayout(sources);
  all->addWidget(pages_);
  all->addWidget(caption("&Device", device_));
  all->addWidget(with_file_button(device_, "Devices (*.device.textproto);;All files (*)"));
  all->addWidget(caption("Dressed &as", shape_as_));
  all->addWidget(with_file_button(shape_as_, "Models (*.model.textproto);;All files (*)"));
}

QWidget* BaseChooser::scenario_page() {
  scenario_ = open_combo(this);
  scenario_->addItems(shipped_scenarios());
  scenario_->setAccessibleName("Scenario");
  auto* page = new QWidget;
  auto* list = new QVBoxLayout(page);
  list->setContentsMargins(0, 0, 0, 0);
  list->addWidget(with_file_button(scenario_, "Scenarios (*.scenario.textproto);;All files (*)"));
  list->addStretch(1);
  return page;
}

QWidget* BaseChooser::trace_page() {
  trace_ = new PathEdit(PathEdit::Kind::open_file, "Traces (*.route *.csv *.jsonl);;All files (*)", this);
  trace_->line()->setAccessibleName("Trace");
  trace_->line()->setPlaceholderText(".route, .csv or .jsonl");
  auto* page = new QWidget;
  auto* list = new QVBoxLayout(page);
  list->setContentsMargins(0, 0, 0, 0);
  list->addWidget(trace_);
  list->addStretch(1);
  return page;
}

QWidget* BaseChooser::model_page() {
  model_ = open_combo(this);
  model_->setAccessibleName("Model");
  model_->lineEdit()->setPlaceholderText("a shipped model, a file or a checkpoint's folder");
  prompt_ = new QPlainTextEdit(this);
  prompt_->setAccessibleName("Prompt");
  prompt_->setPlaceholderText("Prompt. Empty: routing is drawn from a seeded process.");
  prompt_->setTabChangesFocus(true);
  prompt_->setFixedHeight(64);
  prompt_note_ = new MessageLabel(this);
  auto* page = new QWidget;
  auto* list = new QVBoxLayout(page);
  list->setContentsMargins(0, 0, 0, 0);
  list->addWidget(with_file_button(model_, "Models (*.model.textproto);;All files (*)"));
  list->addWidget(prompt_);
  list->addWidget(prompt_note_);
  return page;
}

BaseChooser::Source BaseChooser::source() const {
  if (by_trace_->isChecked()) return Source::trace;
  return by_model_->isChecked() ? Source::model : Source::scenario;
}

void BaseChooser::choose(Source source) {
  QRadioButton* const button = source == Source::scenario ? by_scenario_
                               : source == Source::trace  ? by_trace_
                                                          : by_model_;
  button->setChecked(true);
  pages_->setCurrentIndex(static_cast<int>(source));
  // The stack is as high as what it shows.
  pages_->setFixedHeight(pages_->currentWidget()->sizeHint().height());
  emit changed();
}

void BaseChooser::set_scenario(const QString& name_or_file) {
  scenario_->setEditText(name_or_file);
  choose(Source::scenario);
}

void BaseChooser::set_trace(const QString& file) {
  trace_->set_path(file);
  choose(Source::trace);
}

void BaseChooser::set_model(const QString& name_or_file, const QString& prompt) {
  model_->setEditText(name_or_file);
  prompt_->setPlainText(prompt);
  choose(Source::model);
}

void BaseChooser::set_names(const ShippedNames& names) {
  names_ = names;
  fill(device_, names.devices);
  fill(model_, names.models);
  fill(shape_as_, names.models);
  if (!names.models_with_weights.isEmpty())
    prompt_->setToolTip("Shipped with weights: " + names.models_with_weights.join(", "));
  emit changed();
}

bool BaseChooser::take_file(const QString& file) {
  const QString name = QFileInfo(file).fileName();
  if (name.endsWith(".device.textproto")) {
    set_device(file);
  } else if (name.endsWith(".model.textproto")) {
    set_model(file);
  } else if (name.endsWith(".scenario.textproto")) {
    set_scenario(file);
  } else if (name.endsWith(".route") || name.endsWith(".csv") || name.endsWith(".jsonl")) {
    set_trace(file);
  } else {
    return false;
  }
  return true;
}

void BaseChooser::read_scenario() {
  scenario_values_.clear();
  scenario_error_.clear();
  const QString typed = scenario_->currentText().trimmed();
  if (typed.isEmpty() || shipped_scenarios().contains(typed)) return;
  QFile file(typed);
  if (!QFileInfo(typed).isFile() || !file.open(QIODevice::ReadOnly)) {
    scenario_error_ = QString("expected a shipped scenario or a file, found \"%1\"").arg(typed);
    return;
  }
  // One byte more than a document may have: its own check says so.
  const std::string text = file.read((1 << 20) + 1).toStdString();
  if (const auto document = ScenarioDocument::parse({QFileInfo(typed).fileName().toStdString(), text});
      !document) {
    scenario_error_ = to_qt(document.error().message());
    return;
  }
  if (auto values = scenario_changes({}, text)) scenario_values_ = std::move(*values);
}

std::vector<ScenarioChange> BaseChooser::values() const {
  std::vector<ScenarioChange> values;
  if (source() != Source::scenario) return values;
  for (const ScenarioChange& value : scenario_values_) {
    if (device().isEmpty() || !value.path.starts_with("device.")) values.push_back(value);
  }
  return values;
}

QString BaseChooser::problem_of_source() const {
  switch (source()) {
    case Source::scenario:
      if (scenario_->currentText().trimmed().isEmpty()) return "Choose a scenario.";
      return scenario_error_;
    case Source::trace:
      if (trace_->path().isEmpty()) return "Choose a trace.";
      if (!QFileInfo(trace_->path()).isFile())
        return QString("expected a trace's file, found nothing at \"%1\"").arg(trace_->path());
      return {};
    case Source::model:
      if (model_->currentText().trimmed().isEmpty()) return "Choose a model.";
      return unknown_name(model_->currentText().trimmed(), names_.models, "model");
  }
  return {};
}

QString BaseChooser::problem() const {
  if (const QString problem = problem_of_source(); !problem.isEmpty()) return problem;
  if (const QString problem = unknown_name(device(), names_.devices, "device"); !problem.isEmpty())
    return problem;
  const QString shape = shape_as_->currentText().trimmed();
  return shape == "none" ? QString() : unknown_name(shape, names_.models, "model");
}

QStringList BaseChooser::source_arguments() const {
  const QString prompt = prompt_->toPlainText();
  switch (source()) {
    case Source::scenario: {
      const QString scenario = scenario_->currentText().trimmed();
      return verb_ == Verb::run ? QStringList{scenario} : QStringList{"--scenario", scenario};
    }
    case Source::trace:
      return {"--trace", trace_->path()};
    case Source::model: {
      QStringList arguments = {"--model", model_->currentText().trimmed()};
      if (prompt.isEmpty()) return arguments;
      if (verb_ == Verb::run) return arguments << "--prompt=" + prompt;
      return arguments << "--set"
                       << "workload.forward.prompt=" + prompt;
    }
  }
  return {};
}

QStringList BaseChooser::arguments() const {
  QStringList arguments = source_arguments();
  if (!device().isEmpty()) arguments << "--device" << device();
  if (const QString shape = shape_as_->currentText().trimmed(); !shape.isEmpty())
    arguments << "--shape-as" << shape;
  return arguments;
}

QString BaseChooser::name() const {
  switch (source()) {
    case Source::scenario:
      return short_name(scenario_->currentText().trimmed());
    case Source::trace:
      return short_name(trace_->path());
    case Source::model:
      return short_name(model_->currentText().trimmed());
  }
  return {};
}

QString keep_scenario_text(const QString& label, const QString& text) {
  const QDir folder(QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + "/scenarios");
  if (!folder.mkpath(".")) return {};
  const QByteArray hash = QCryptographicHash::hash(text.toUtf8(), QCryptographicHash::Sha256).toHex().left(8);
  QString plain = short_name(label);
  plain.replace(QRegularExpression("[^A-Za-z0-9_-]"), "-");
  const QString path =
      folder.filePath(QString("%1-%2.scenario.textproto").arg(plain, QString::fromLatin1(hash)));
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly)) return {};
  file.write(text.toUtf8());
  return file.commit() ? path : QString();
}

}  // namespace pregate
