// SPDX-License-Identifier: Apache-2.0
#include "gui/axes_editor.hpp"

#include <QtCore/QStringListModel>
#include <QtWidgets/QAbstractItemView>
#include <QtWidgets/QCompleter>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>
#include <algorithm>

#include "gui/qt_text.hpp"
#include "traces/number_text.hpp"
#include "traces/scenario_fields.hpp"

namespace pregate {
namespace {

// A point of a sweep is one scenario: a trace or a name of its own makes no axis that is of use, but the
// command takes it.
QStringList axis_paths() {
  QStringList paths;
  for (const ScenarioField& field : scenario_fields()) {
    if (!field.internal) paths.append(to_qt(field.path));
  }
  return paths;
}

QString example_values(const ScenarioField* field) {
  if (field == nullptr) return "values";
  switch (field->unit) {
    case FieldUnit::bytes:
      return "1GiB..4GiB:7 or 1GiB,2GiB";
    case FieldUnit::bandwidth:
      return "1GB/s..8GB/s:4:log or 2GB/s,4GB/s";
    case FieldUnit::duration:
      return "0,50us,100us";
    case FieldUnit::mac_rate:
      return "5TMAC/s..40TMAC/s:4:log";
    case FieldUnit::fraction:
      return "0.5..1:6";
    default:
      break;
  }
  if (field->type == FieldType::truth) return "false,true";
  if (!field->words.empty()) {
    QStringList words;
    for (const std::string& word : field->words) words.append(to_qt(word));
    return words.join(',');
  }
  if (field->type == FieldType::whole) return "1..8:8 or 1,2,4";
  return field->type == FieldType::number ? "0..1:5 or 0.2,0.5" : "values, by commas";
}

// What the scenario says to a value that the axis has.
Status check_axis_values(const Axis& axis) {
  if (axis.range) {
    if (Status low = check_scenario_value(axis.path, axis.range->low.text()); !low) return low;
    return check_scenario_value(axis.path, axis.range->high.text());
  }
  for (const Quantity& value : axis.values) {
    if (Status fits = check_scenario_value(axis.path, value.text()); !fits) return fits;
  }
  return {};
}

QString sentence(const Error& error) {
  return to_qt("expected " + error.expected + ", found " + error.found);
}

}  // namespace

QString axis_summary(const Axis& axis) {
  if (axis.values.empty())
    return "a range: " + to_qt(axis.range->low.pretty()) + " to " + to_qt(axis.range->high.pretty());
  constexpr std::size_t kShown = 5;
  QStringList shown;
  for (std::size_t i = 0; i < axis.values.size() && i < kShown; ++i) shown << to_qt(axis.values[i].pretty());
  QString text = shown.join(", ");
  if (axis.values.size() > kShown + 1) text += " \u2026 " + to_qt(axis.values.back().pretty());
  if (axis.values.size() == kShown + 1) text += ", " + to_qt(axis.values.back().pretty());
  const QString count = axis.values.size() == 1 ? "1 value" : QString("%1 values").arg(axis.values.size());
  return count + ": " + text;
}

AxesEditor::AxesEditor(QWidget* parent) : QWidget(parent) {
  build();
  connect(how_, &QComboBox::currentIndexChanged, this, &AxesEditor::check);
  connect(samples_, &QSpinBox::valueChanged, this, &AxesEditor::check);
  connect(seed_, &QSpinBox::valueChanged, this, &AxesEditor::check);
  check();
}

void AxesEditor::build() {
  list_ = new QVBoxLayout;
  list_->setSpacing(4);
  auto* add = new QPushButton("Add an a&xis", this);
  add->setAutoDefault(false);
  connect(add, &QPushButton::clicked, this, [this] { add_axis(); });
  how_ = new QComboBox(this);
  how_->addItem("each value with each", static_cast<int>(Combination::grid));
  how_->addItem("first with first (zip)", static_cast<int>(Combination::zip));
  how_->addItem("a sample", static_cast<int>(Combination::sample));
  how_->setAccessibleName("How axes are combined");
  how_->setToolTip("zip: all axes have equally many values. Sample: points of a Latin hypercube.");
  samples_ = new QSpinBox(this);
  samples_->setRange(1, static_cast<int>(kMostPoints));
  samples_->setValue(100);
  samples_->setAccessibleName("Points of the sample");
  seed_ = new QSpinBox(this);
  seed_->setRange(0, INT32_MAX);
  seed_->setValue(1);
  seed_->setAccessibleName("Seed of the sample");
  samples_label_ = new QLabel("points", this);
  seed_label_ = new QLabel("seed", this);
  total_ = new QLabel(this);
  QFont bold = total_->font();
  bold.setBold(true);
  total_->setFont(bold);
  for (QWidget* each :
       {static_cast<QWidget*>(how_), static_cast<QWidget*>(samples_), static_cast<QWidget*>(seed_)})
    ignore_wheel(each);
  auto* foot = new QHBoxLayout;
  foot->addWidget(add);
  foot->addSpacing(12);
  foot->addWidget(how_);
  for (QWidget* each : {static_cast<QWidget*>(samples_), static_cast<QWidget*>(samples_label_),
                        static_cast<QWidget*>(seed_label_), static_cast<QWidget*>(seed_)})
    foot->addWidget(each);
  foot->addStretch(1);
  foot->addWidget(total_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->addLayout(list_);
  all->addLayout(foot);
}

AxesEditor::Row AxesEditor::make_row() {
  Row row{.widget = new QWidget(this)};
  row.path = new QLineEdit(row.widget);
  row.path->setPlaceholderText("field, such as dram.expert_budget");
  row.path->setAccessibleName("Field of an axis");
  auto* completer = new QCompleter(axis_paths(), row.path);
  completer->setFilterMode(Qt::MatchContains);
  completer->setCaseSensitivity(Qt::CaseInsensitive);
  completer->setMaxVisibleItems(14);
  row.path->setCompleter(completer);
  row.values = new QLineEdit(row.widget);
  row.values->setAccessibleName("Values of an axis");
  row.values->setToolTip("A list V1,V2,... or LO..HI:N values, evenly spaced, or LO..HI:N:log by factors");
  row.message = new MessageLabel(row.widget);
  row.path_frame = new ProblemFrame(row.path);
  row.values_frame = new ProblemFrame(row.values);
  auto* gone = new QToolButton(row.widget);
  gone->setText("\u2715");
  gone->setAutoRaise(true);
  gone->setToolTip("Remove this axis");
  gone->setAccessibleName("Remove this axis");
  auto* grid = new QGridLayout(row.widget);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setVerticalSpacing(2);
  grid->addWidget(row.path, 0, 0);
  grid->addWidget(row.values, 0, 1);
  grid->addWidget(gone, 0, 2);
  grid->addWidget(row.message, 1, 0, 1, 2);
  grid->setColumnStretch(0, 2);
  grid->setColumnStretch(1, 3);
  connect(row.path, &QLineEdit::textChanged, this, &AxesEditor::check);
  connect(row.values, &QLineEdit::textChanged, this, &AxesEditor::check);
  QWidget* const widget = row.widget;
  // Not within the button's own signal: it goes with the row.
  connect(
      gone, &QToolButton::clicked, this, [this, widget] { remove(widget); }, Qt::QueuedConnection);
  return row;
}

void AxesEditor::add_axis(const QString& path, const QString& values) {
  rows_.push_back(make_row());
  list_->addWidget(rows_.back().widget);
  rows_.back().path->setText(path);
  rows_.back().values->setText(values);
  if (path.isEmpty()) rows_.back().path->setFocus();
  check();
}

void AxesEditor::remove(QWidget* widget) {
  std::erase_if(rows_, [widget](const Row& row) { return row.widget == widget; });
  widget->hide();
  widget->deleteLater();
  check();
}

void AxesEditor::clear() {
  while (!rows_.empty()) remove(rows_.back().widget);
}

void AxesEditor::set_combination(Combination how, int samples, int seed) {
  if (samples > 0) samples_->setValue(samples);
  seed_->setValue(seed);
  how_->setCurrentIndex(how_->findData(static_cast<int>(how)));
}

CombineOptions AxesEditor::combine_options() const {
  return {.how = static_cast<Combination>(how_->currentData().toInt()),
          .samples = samples_->value(),
          .seed = static_cast<std::uint64_t>(seed_->value())};
}

Result<Axis> AxesEditor::check_row(const Row& row) const {
  const QString path = row.path->text().trimmed(), values = row.values->text().trimmed();
  const ScenarioField* field = find_scenario_field(path.toStdString());
  row.values->setPlaceholderText(example_values(field));
  row.path->setToolTip(field == nullptr ? QString() : to_qt(field->help));
  Result<Axis> axis = parse_axis((path + "=" + values).toStdString());
  if (axis) {
    if (Status fits = check_axis_values(*axis); !fits) axis = fits.error();
  }
  // Nothing is wrong with what is not typed yet: the dialog cannot be left so, which is enough.
  const bool path_wrong = !axis && field == nullptr && !path.isEmpty();
  const bool values_wrong = !axis && field != nullptr && !values.isEmpty();
  row.path_frame->setVisible(path_wrong);
  row.values_frame->setVisible(values_wrong);
  if (path_wrong || values_wrong) {
    row.message->show_problem(sentence(axis.error()));
  } else {
    row.message->show_note(axis ? axis_summary(*axis) : field == nullptr ? QString() : to_qt(field->help));
  }
  if (axis) return axis;
  if (path.isEmpty()) return bad_input("a field for each axis", "none");
  return bad_input(axis.error().expected, axis.error().found, path.toStdString());
}

void AxesEditor::check() {
  problem_.clear();
  points_ = 0;
  std::vector<Axis> axes;
  for (const Row& row : rows_) {
    Result<Axis> axis = check_row(row);
    if (axis) {
      axes.push_back(std::move(*axis));
    } else if (problem_.isEmpty()) {
      problem_ = to_qt(axis.error().message());
    }
  }
  const bool sampled = combine_options().how == Combination::sample;
  for (QWidget* each : {static_cast<QWidget*>(samples_), static_cast<QWidget*>(samples_label_),
                        static_cast<QWidget*>(seed_label_), static_cast<QWidget*>(seed_)})
    each->setVisible(sampled);
  if (problem_.isEmpty() && rows_.empty()) problem_ = "Add an axis: a field that is varied.";
  if (problem_.isEmpty()) {
    const Result<SweepPoints> points = SweepPoints::combine(std::move(axes), combine_options());
    if (points) {
      points_ = points->size();
    } else {
      problem_ = to_qt(points.error().message());
    }
  }
  const QString number = to_qt(with_commas(static_cast<std::int64_t>(points_)));
  total_->setText(points_ == 0 ? QString() : points_ == 1 ? "1 scenario" : number + " scenarios");
  emit changed();
}

QStringList AxesEditor::arguments() const {
  QStringList arguments;
  for (const Row& row : rows_) {
    if (row.path->text().trimmed().isEmpty()) continue;
    arguments << "--vary" << row.path->text().trimmed() + "=" + row.values->text().trimmed();
  }
  const CombineOptions options = combine_options();
  if (options.how == Combination::zip) arguments << "--zip";
  if (options.how == Combination::sample)
    arguments << "--sample" << QString::number(options.samples) << "--sample-seed"
              << QString::number(options.seed);
  return arguments;
}

}  // namespace pregate
