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

using Kind = ShippedFiles::Kind;

// What the command starts from without a scenario: `pregate run --help` says which.
constexpr const char *kOfTraces = "replay", *kOfModels = "synthetic";

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

BaseChooser::BaseChooser(Verb verb, QWidget* parent)
    : QWidget(parent), verb_(verb), shipped_(new ShippedFiles(this)) {
  build();
  for (QRadioButton* each : {by_scenario_, by_trace_, by_model_}) {
    connect(each, &QRadioButton::toggled, this, [this](bool on) {
      if (on) choose(source());
    });
  }
  connect(scenario_, &QComboBox::editTextChanged, this, [this] {
    check_scenario();
    emit changed();
  });
  connect(shipped_, &ShippedFiles::names_found, this, &BaseChooser::take_names);
  connect(shipped_, &ShippedFiles::text_found, this, &BaseChooser::changed);
  for (QComboBox* each : {model_, device_, shape_as_})
    connect(each, &QComboBox::editTextChanged, this, &BaseChooser::changed);
  connect(trace_, &PathEdit::changed, this, &BaseChooser::changed);
  connect(prompt_, &QPlainTextEdit::textChanged, this, &BaseChooser::changed);
  set_scenario("demo");
  shipped_->start();
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

void BaseChooser::take_names() {
  fill(scenario_, shipped_->names(Kind::scenario));
  fill(device_, shipped_->names(Kind::device));
  fill(model_, shipped_->names(Kind::model));
  fill(shape_as_, shipped_->names(Kind::model));
  if (!shipped_->models_with_weights().isEmpty())
    prompt_->setToolTip("Shipped with weights: " + shipped_->models_with_weights().join(", "));
  check_scenario();
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

// A name may be shipped with the command; a file is one that parses.
void BaseChooser::check_scenario() {
  scenario_error_.clear();
  const QString typed = scenario_->currentText().trimmed();
  const QStringList& names = shipped_->names(Kind::scenario);
  if (typed.isEmpty() || names.contains(typed)) return;
  if (!QFileInfo(typed).isFile()) {
    // Before the command has answered, a plain word may be one of its names.
    if (!names.isEmpty() || typed.contains('/'))
      scenario_error_ = QString("expected a shipped scenario or a file, found \"%1\"").arg(typed);
    return;
  }
  const std::string text = shipped_->text(Kind::scenario, typed).toStdString();
  const std::string name = QFileInfo(typed).fileName().toStdString();
  if (const auto document = ScenarioDocument::parse({name, text}); !document)
    scenario_error_ = to_qt(document.error().message());
}

QString BaseChooser::scenario_text() const {
  switch (source()) {
    case Source::scenario:
      return shipped_->text(Kind::scenario, scenario_->currentText().trimmed());
    case Source::trace:
      return shipped_->text(Kind::scenario, kOfTraces);
    case Source::model:
      break;
  }
  const bool live = verb_ == Verb::run && !prompt_->toPlainText().isEmpty();
  return shipped_->text(Kind::scenario, live ? kOfTraces : kOfModels);
}

std::vector<BaseValue> BaseChooser::values() const {
  BaseTexts texts{.scenario = scenario_text()};
  // The names that the scenario itself gives, where nothing else is chosen.
  QString device = this->device(), model, shape = shape_as_->currentText().trimmed();
  if (source() == Source::model) model = model_->currentText().trimmed();
  texts.other_device = !device.isEmpty();
  texts.other_model = !model.isEmpty();
  texts.other_shape = !shape.isEmpty();
  bool whole_device = false;
  for (const BaseValue& value : base_values({.scenario = texts.scenario})) {
    if (value.path == "device.id" && device.isEmpty()) device = value.text;
    if (value.path == "device.complete") whole_device = value.text == "true";
    if (value.path == "model.preset" && model.isEmpty()) model = value.text;
    if (value.path == "model.shape_as" && shape.isEmpty()) shape = value.text;
  }
  // A resolved scenario holds its device whole: the file of that name may have changed since.
  if (texts.other_device || !whole_device) texts.device = shipped_->text(Kind::device, device);
  texts.model = shipped_->text(Kind::model, model);
  if (shape != "none") texts.shape_as = shipped_->text(Kind::model, shape);
  return base_values(texts);
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
      return unknown_name(model_->currentText().trimmed(), shipped_->names(Kind::model), "model");
  }
  return {};
}

QString BaseChooser::problem() const {
  if (const QString problem = problem_of_source(); !problem.isEmpty()) return problem;
  if (const QString problem = unknown_name(device(), shipped_->names(Kind::device), "device");
      !problem.isEmpty())
    return problem;
  const QString shape = shape_as_->currentText().trimmed();
  return shape == "none" ? QString() : unknown_name(shape, shipped_->names(Kind::model), "model");
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
      // A prompt that looks like an option stands within the word.
      if (verb_ == Verb::run && prompt.startsWith('-')) return arguments << "--prompt=" + prompt;
      if (verb_ == Verb::run) return arguments << "--prompt" << prompt;
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
