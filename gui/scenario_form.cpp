// SPDX-License-Identifier: Apache-2.0
#include "gui/scenario_form.hpp"

#include <QtCore/QTimer>
#include <algorithm>
#include <array>
#include <utility>

#include "gui/qt_text.hpp"

namespace pregate {
namespace {

struct SectionTitle {
  const char *path, *title;
  bool open, more;  // more: collapsed under the line that says so
};

// What is changed most stands first. Sections of the schema that are not here follow under their own path.
constexpr std::array<SectionTitle, 19> kSections = {{
    {"dram", "Expert memory", true, false},
    {"policy", "Policies", true, false},
    {"runtime", "Runtime", true, false},
    {"workload", "Workload", true, false},
    {"workload.synthetic", "Synthetic routing", false, false},
    {"workload.forward", "Forward pass", false, false},
    {"model", "Model", false, false},
    {"sim", "Simulation", false, false},
    {"", "Name", false, false},
    {"device.flash", "Flash", false, true},
    {"device.flash.pages", "Flash, page by page", false, true},
    {"device.link", "Link", false, true},
    {"device.dram", "DRAM", false, true},
    {"device.npu", "Compute unit", false, true},
    {"device.management", "Management of the cache", false, true},
    {"device.energy", "Energy", false, true},
    {"device", "About the device", false, true},
    {"model.preset_shape", "Architecture of the model", false, true},
    {"model.shape_as_shape", "Architecture that the routing is dressed in", false, true},
}};

}  // namespace

ScenarioForm::ScenarioForm(QStringList omitted, QWidget* parent)
    : QWidget(parent), omitted_(std::move(omitted)) {
  build();
  add_sections();
  connect(find_, &QLineEdit::textChanged, this, &ScenarioForm::filter);
  connect(changed_only_, &QCheckBox::toggled, this, &ScenarioForm::filter);
}

void ScenarioForm::build() {
  find_ = new QLineEdit(this);
  find_->setPlaceholderText("Find a field: budget, lanes, bandwidth \u2026");
  find_->setClearButtonEnabled(true);
  find_->setAccessibleName("Find a field by its name or what it does");
  changed_only_ = new QCheckBox("&Changed only", this);
  auto* inside = new QWidget;
  list_ = new QVBoxLayout(inside);
  list_->setContentsMargins(0, 0, 4, 0);
  list_->setSpacing(2);
  more_ = new QLabel("More: single numbers of the device and the model", inside);
  more_->setEnabled(false);
  more_->setContentsMargins(6, 10, 0, 2);
  nothing_ = new QLabel("No field has these words.", inside);
  nothing_->setEnabled(false);
  nothing_->setContentsMargins(6, 10, 0, 0);
  nothing_->hide();
  scroll_ = new QScrollArea(this);
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setWidget(inside);
  auto* head = new QHBoxLayout;
  head->addWidget(find_, 1);
  head->addWidget(changed_only_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->addLayout(head);
  all->addWidget(scroll_, 1);
}

void ScenarioForm::add_sections() {
  std::vector<std::pair<QString, std::vector<const ScenarioField*>>> grouped;
  for (const SectionTitle& title : kSections) grouped.push_back({title.path, {}});
  for (const ScenarioField& field : scenario_fields()) {
    if (field.internal || omitted_.contains(to_qt(field.path))) continue;
    const QString path = to_qt(field.section());
    auto found = std::find_if(grouped.begin(), grouped.end(), [&](const auto& g) { return g.first == path; });
    if (found == grouped.end()) found = grouped.insert(grouped.end(), {path, {}});
    found->second.push_back(&field);
  }
  bool more_begun = false;
  for (std::size_t i = 0; i < grouped.size(); ++i) {
    const bool known = i < kSections.size();
    if ((!known || kSections[i].more) && !std::exchange(more_begun, true)) list_->addWidget(more_);
    if (grouped[i].second.empty()) continue;
    auto* section = new FormSection(known ? QString(kSections[i].title) : grouped[i].first, grouped[i].first,
                                    grouped[i].second, scroll_->widget());
    sections_.append(section);
    list_->addWidget(section);
    section->set_open(known && kSections[i].open);
    connect(section, &FormSection::changed, this, &ScenarioForm::changed);
  }
  list_->addWidget(nothing_);
  list_->addStretch(1);
}

FormSection* ScenarioForm::section_of(const QString& path) const {
  const auto found =
      std::find_if(sections_.begin(), sections_.end(), [&](const FormSection* s) { return s->has(path); });
  return found == sections_.end() ? nullptr : *found;
}

QStringList ScenarioForm::set_arguments() const {
  QStringList arguments;
  for (const ScenarioField& field : scenario_fields()) {
    const QString text = value(to_qt(field.path));
    if (!text.isEmpty()) arguments << "--set" << to_qt(field.path) + "=" + text;
  }
  return arguments;
}

QString ScenarioForm::value(const QString& path) const {
  const std::string wanted = path.toStdString();
  for (const FormSection* section : sections_) {
    for (const FieldEditor* editor : section->editors()) {
      if (editor->field().path == wanted) return editor->text();
    }
  }
  return {};
}

bool ScenarioForm::set_value(const QString& path, const QString& text) {
  FormSection* section = section_of(path);
  if (section == nullptr) return false;
  section->editor(path)->set_text(text);
  if (!text.isEmpty()) section->set_open(true);
  return true;
}

void ScenarioForm::clear_values() {
  for (FormSection* section : sections_) {
    for (FieldEditor* editor : section->editors()) editor->set_text({});
  }
}

ScenarioForm::Problem ScenarioForm::problem() const {
  for (const FormSection* section : sections_) {
    for (const FieldEditor* editor : section->editors()) {
      if (!editor->problem().isEmpty())
        return {.path = to_qt(editor->field().path), .sentence = editor->problem()};
    }
  }
  return {};
}

void ScenarioForm::set_base(const std::vector<BaseValue>& values) {
  for (FormSection* section : sections_) section->set_base(values);
}

void ScenarioForm::set_names(FieldUnit unit, const QStringList& names) {
  for (FormSection* section : sections_) section->set_names(unit, names);
}

void ScenarioForm::show_field(const QString& path) {
  FormSection* section = section_of(path);
  if (section == nullptr) return;
  find_->clear();
  changed_only_->setChecked(false);
  section->set_open(true);
  FieldEditor* editor = section->editor(path);
  editor->control()->setFocus();
  // Where it is is known once the opened section has been laid out.
  QTimer::singleShot(0, editor, [this, editor] { scroll_->ensureWidgetVisible(editor); });
}

void ScenarioForm::filter() {
  const QStringList words = find_->text().split(' ', Qt::SkipEmptyParts);
  const bool all = words.isEmpty() && !changed_only_->isChecked();
  int left = 0;
  for (FormSection* section : sections_) left += section->filter(words, changed_only_->isChecked());
  more_->setVisible(all);
  nothing_->setText(words.isEmpty() ? "Nothing is changed." : "No field has these words.");
  nothing_->setVisible(left == 0);
}

}  // namespace pregate
