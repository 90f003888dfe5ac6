// SPDX-License-Identifier: Apache-2.0
#include "gui/form_section.hpp"

#include <QtWidgets/QHBoxLayout>
#include <algorithm>
#include <utility>

#include "gui/qt_text.hpp"

namespace pregate {
namespace {

constexpr int kLabelWidth = 150;

bool has_words(const ScenarioField& field, const QStringList& words) {
  const QString path = to_qt(field.path);
  const QString text =
      path + " " + QString(path).replace('_', ' ').replace('.', ' ') + " " + to_qt(field.help);
  return std::all_of(words.begin(), words.end(),
                     [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

}  // namespace

QString field_label(const ScenarioField& field) {
  return to_qt(field.name()).replace('_', ' ');
}

FormSection::FormSection(QString title, QString path, std::vector<const ScenarioField*> fields,
                         QWidget* parent)
    : QWidget(parent),
      title_(std::move(title)),
      path_(std::move(path)),
      fields_(std::move(fields)),
      heading_(new QToolButton(this)),
      body_(new QWidget(this)),
      body_list_(new QVBoxLayout(body_)) {
  heading_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  heading_->setAutoRaise(true);
  heading_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  QFont bold = heading_->font();
  bold.setBold(true);
  heading_->setFont(bold);
  connect(heading_, &QToolButton::clicked, this, [this] { set_open(!open_); });
  body_list_->setContentsMargins(22, 2, 4, 8);
  body_list_->setSpacing(5);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(heading_);
  all->addWidget(body_);
  show_body(false);
}

bool FormSection::has(const QString& field_path) const {
  const std::string path = field_path.toStdString();
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const ScenarioField* field) { return field->path == path; });
}

FieldEditor* FormSection::editor(const QString& field_path) {
  make_rows();
  const std::string path = field_path.toStdString();
  for (const Row& row : rows_) {
    if (row.editor->field().path == path) return row.editor;
  }
  return nullptr;
}

void FormSection::make_rows() {
  if (!rows_.empty()) return;
  for (const ScenarioField* field : fields_) {
    rows_.push_back(make_row(*field));
    editors_.append(rows_.back().editor);
  }
  set_base(std::vector<BaseValue>(base_));
  set_names(FieldUnit::device, device_names_);
  set_names(FieldUnit::model, model_names_);
}

FormSection::Row FormSection::make_row(const ScenarioField& field) {
  Row row{.widget = new QWidget(body_)};
  row.editor = new FieldEditor(field, row.widget);
  row.label = new QLabel(field_label(field), row.widget);
  row.label->setTextFormat(Qt::PlainText);
  row.label->setFixedWidth(static_cast<int>(kLabelWidth * form_scale()));
  row.label->setWordWrap(true);
  row.label->setBuddy(row.editor->control());
  row.label->setToolTip(row.editor->control()->toolTip());
  auto* line = new QHBoxLayout(row.widget);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(8);
  line->addWidget(row.label, 0, Qt::AlignTop);
  line->addWidget(row.editor, 1);
  row.label->setMinimumHeight(row.editor->control()->sizeHint().height());
  body_list_->addWidget(row.widget);
  connect(row.editor, &FieldEditor::changed, this, [this, row] { row_changed(row); });
  return row;
}

void FormSection::row_changed(const Row& row) {
  QFont font = row.label->font();
  font.setBold(!row.editor->text().isEmpty());
  row.label->setFont(font);
  show_heading();
  emit changed();
}

void FormSection::set_open(bool open) {
  open_ = open;
  show_body(open);
}

void FormSection::show_body(bool shown) {
  if (shown) make_rows();
  body_->setVisible(shown);
  heading_->setArrowType(shown ? Qt::DownArrow : Qt::RightArrow);
  show_heading();
}

void FormSection::show_heading() {
  const auto edited = std::count_if(editors_.begin(), editors_.end(),
                                    [](const FieldEditor* editor) { return !editor->text().isEmpty(); });
  QString text = title_;
  if (edited > 0) text += QString("  \u2014  %1 changed").arg(edited);
  heading_->setText(text);
  heading_->setToolTip(path_.isEmpty() ? QString() : path_ + ".*");
  heading_->setAccessibleName(title_ + (body_->isHidden() ? ", closed" : ", open"));
}

int FormSection::filter(const QStringList& words, bool changed_only) {
  if (words.isEmpty() && !changed_only) {
    for (const Row& row : rows_) row.widget->show();
    show();
    show_body(open_);
    return static_cast<int>(fields_.size());
  }
  const auto kept = [&](std::size_t i) {
    const bool edited = !rows_.empty() && !rows_[i].editor->text().isEmpty();
    return has_words(*fields_[i], words) && (edited || !changed_only);
  };
  int left = 0;
  for (std::size_t i = 0; i < fields_.size(); ++i) left += kept(i) ? 1 : 0;
  if (left > 0) make_rows();
  for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].widget->setVisible(kept(i));
  setVisible(left > 0);
  show_body(left > 0);
  return left;
}

void FormSection::set_base(const std::vector<BaseValue>& values) {
  base_ = values;
  for (const Row& row : rows_) {
    const std::string& path = row.editor->field().path;
    const auto found =
        std::find_if(base_.begin(), base_.end(), [&](const BaseValue& value) { return value.path == path; });
    row.editor->set_base(found == base_.end() ? QString() : found->text,
                         found == base_.end() ? QString() : found->from);
  }
}

void FormSection::set_names(FieldUnit unit, const QStringList& names) {
  (unit == FieldUnit::device ? device_names_ : model_names_) = names;
  for (const Row& row : rows_) {
    if (row.editor->field().unit == unit) row.editor->set_names(names);
  }
}

}  // namespace pregate
