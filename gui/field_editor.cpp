// SPDX-License-Identifier: Apache-2.0
#include "gui/field_editor.hpp"

#include <QtCore/QSignalBlocker>
#include <QtGui/QGuiApplication>
#include <QtGui/QScreen>
#include <QtWidgets/QGridLayout>
#include <algorithm>

#include "gui/appearance.hpp"
#include "gui/qt_text.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

constexpr int kControlWidth = 200;

template <typename Parsed>
QString people_text(const Parsed& parsed) {
  return parsed ? to_qt(to_text(*parsed)) : QString();
}

// What to type, where the unit is not plain from the words beside it.
QString example_of(FieldUnit unit) {
  switch (unit) {
    case FieldUnit::bytes:
      return "such as 4000MiB";
    case FieldUnit::bandwidth:
      return "such as 4.2GB/s";
    case FieldUnit::duration:
      return "such as 0.2ms";
    case FieldUnit::mac_rate:
      return "such as 22.5TMAC/s";
    case FieldUnit::fraction:
      return "above 0, at most 1";
    default:
      return {};
  }
}

QString on_off(const QString& value) {
  return value == "true" ? QString("on") : value == "false" ? QString("off") : value;
}

}  // namespace

QString quantity_text(FieldUnit unit, const QString& text) {
  const std::string typed = text.toStdString();
  switch (unit) {
    case FieldUnit::bytes:
      return people_text(parse_bytes(typed));
    case FieldUnit::bandwidth:
      return people_text(parse_bandwidth(typed));
    case FieldUnit::duration:
      return people_text(parse_duration(typed));
    case FieldUnit::mac_rate:
      return people_text(parse_mac_rate(typed));
    default:
      return {};
  }
}

FieldEditor::FieldEditor(const ScenarioField& field, QWidget* parent)
    : QWidget(parent), field_(field), note_(new ElidedLabel(this)), message_(new MessageLabel(this)) {
  build();
  set_base({}, {});
  check();
}

void FieldEditor::build() {
  QWidget* made = make_control();
  made->setFixedWidth(static_cast<int>(kControlWidth * form_scale()));
  frame_ = new ProblemFrame(made);
  note_->set_faint(true);
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setHorizontalSpacing(10);
  grid->setVerticalSpacing(2);
  grid->addWidget(made, 0, 0);
  grid->addWidget(note_, 0, 1);
  grid->addWidget(message_, 1, 0, 1, 2);
  grid->setColumnStretch(1, 1);
  setFocusProxy(control());
}

QWidget* FieldEditor::make_control() {
  const auto watch = [this] {
    check();
    emit changed();
  };
  if (field_.type == FieldType::truth || field_.unit == FieldUnit::word) {
    words_ = new QComboBox(this);
    ignore_wheel(words_);
    make_words();
    connect(words_, &QComboBox::currentIndexChanged, this, watch);
    return words_;
  }
  if (field_.unit == FieldUnit::device || field_.unit == FieldUnit::model ||
      field_.unit == FieldUnit::timing) {
    names_ = open_combo(this);
    for (const std::string& word : field_.words) names_->addItem(to_qt(word));
    names_->setCurrentIndex(-1);
    names_->clearEditText();
    connect(names_, &QComboBox::editTextChanged, this, watch);
    return names_;
  }
  if (field_.unit == FieldUnit::file) {
    path_ = new PathEdit(PathEdit::Kind::open_file, "All files (*)", this);
    connect(path_, &PathEdit::changed, this, watch);
    return path_;
  }
  line_ = new QLineEdit(this);
  line_->setClearButtonEnabled(true);
  connect(line_, &QLineEdit::textChanged, this, watch);
  return line_;
}

void FieldEditor::make_words() {
  words_->addItem({}, QString());  // left alone; named by set_base()
  if (field_.type == FieldType::truth) {
    words_->addItem("on", "true");
    words_->addItem("off", "false");
  }
  for (const std::string& word : field_.words) words_->addItem(to_qt(word), to_qt(word));
}

QWidget* FieldEditor::control() const {
  if (words_ != nullptr) return words_;
  if (names_ != nullptr) return names_;
  return path_ != nullptr ? path_->line() : line_;
}

QString FieldEditor::text() const {
  if (words_ != nullptr) return words_->currentData().toString();
  if (names_ != nullptr) return names_->currentText().trimmed();
  return path_ != nullptr ? path_->path() : line_->text().trimmed();
}

void FieldEditor::set_text(const QString& text) {
  if (words_ != nullptr) {
    // A word that is none stands there as it was given, with what is wrong with it.
    if (words_->findData(text) < 0) words_->addItem(text, text);
    return words_->setCurrentIndex(words_->findData(text));
  }
  if (names_ != nullptr) return names_->setEditText(text);
  if (path_ != nullptr) return path_->set_path(text);
  line_->setText(text);
}

QString FieldEditor::left_alone() const {
  if (!base_.isEmpty()) return base_from_ + ": " + (field_.type == FieldType::truth ? on_off(base_) : base_);
  const QString fallback = to_qt(field_.fallback);
  if (fallback.isEmpty()) return words_ != nullptr ? QString("not set") : example_of(field_.unit);
  return "default: " + (field_.type == FieldType::truth ? on_off(fallback) : fallback);
}

QString FieldEditor::tip() const {
  QString tip = "<b>" + to_qt(field_.path).toHtmlEscaped() + "</b>";
  if (!field_.help.empty()) tip += "<br>" + to_qt(field_.help).toHtmlEscaped();
  if (!field_.fallback.empty()) tip += "<br>Default: " + to_qt(field_.fallback).toHtmlEscaped();
  if (!field_.range.empty()) tip += "<br>Range: " + to_qt(field_.range).toHtmlEscaped();
  return tip;
}

void FieldEditor::set_base(const QString& value, const QString& from) {
  base_ = value;
  base_from_ = from;
  if (words_ != nullptr) words_->setItemText(0, left_alone());
  if (names_ != nullptr) names_->lineEdit()->setPlaceholderText(left_alone());
  if (path_ != nullptr) path_->line()->setPlaceholderText(left_alone());
  if (line_ != nullptr) line_->setPlaceholderText(left_alone());
  control()->setToolTip(tip());
  control()->setAccessibleName(to_qt(field_.path));
}

void FieldEditor::set_names(const QStringList& names) {
  if (names_ == nullptr) return;
  const QSignalBlocker quiet(names_);
  const QString typed = names_->currentText();
  names_->clear();
  names_->addItems(names);
  names_->setCurrentIndex(-1);
  names_->setEditText(typed);
}

void FieldEditor::check() {
  const QString typed = text();
  problem_.clear();
  if (!typed.isEmpty()) {
    const Status fits = check_scenario_value(field_.path, typed.toStdString());
    if (!fits) problem_ = to_qt("expected " + fits.error().expected + ", found " + fits.error().found);
  }
  const QString people = problem_.isEmpty() ? quantity_text(field_.unit, typed) : QString();
  const QString help = to_qt(field_.help);
  note_->setText(people.isEmpty() ? help : "= " + people + "   \u00b7   " + help);
  note_->setToolTip(tip());
  message_->show_problem(problem_);
  control()->setAccessibleDescription(problem_.isEmpty() ? help : problem_);
  frame_->setVisible(!problem_.isEmpty());
  frame_->raise();
}

double form_scale() {
  constexpr double kNormalWidth = 980;  // of a dialog
  const double room = QGuiApplication::primaryScreen()->availableSize().width() / kNormalWidth;
  return std::max(1.0, std::min(Appearance::instance().scale(), room));
}

}  // namespace pregate
