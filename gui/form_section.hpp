// SPDX-License-Identifier: Apache-2.0
// One section of the scenario form: a heading that opens and closes, and a row a field. Rows are made when
// they are first seen: there are some two hundred fields, of which a form shows forty.
#pragma once

#include <QtWidgets/QToolButton>
#include <QtWidgets/QVBoxLayout>
#include <vector>

#include "gui/base_values.hpp"
#include "gui/field_editor.hpp"

namespace pregate {

class FormSection final : public QWidget {
  Q_OBJECT

 public:
  FormSection(QString title, QString path, std::vector<const ScenarioField*> fields, QWidget* parent);

  [[nodiscard]] const QString& path() const { return path_; }
  [[nodiscard]] bool has(const QString& field_path) const;
  // The control of a field, made if it is not there yet.
  FieldEditor* editor(const QString& field_path);
  // Those that were made: no other can have been changed.
  [[nodiscard]] QList<FieldEditor*> editors() const { return editors_; }
  [[nodiscard]] const std::vector<const ScenarioField*>& fields() const { return fields_; }

  void set_open(bool open);
  [[nodiscard]] bool is_open() const { return open_; }
  // Rows whose field has all words in its path or help, and was changed if that is asked for; the section
  // opens for them. Without words and wish: all rows, as open as it was. Returns how many rows are left.
  int filter(const QStringList& words, bool changed_only);
  // New rows know what they are while they are left alone, and names.
  void set_base(const std::vector<BaseValue>& values);
  void set_names(FieldUnit unit, const QStringList& names);

 signals:
  void changed();

 private:
  struct Row {
    QWidget* widget = nullptr;
    QLabel* label = nullptr;
    FieldEditor* editor = nullptr;
  };
  void make_rows();
  Row make_row(const ScenarioField& field);
  void show_heading();
  void row_changed(const Row& row);
  void show_body(bool shown);

  QString title_, path_;
  std::vector<const ScenarioField*> fields_;
  std::vector<Row> rows_;  // as fields_, once they are made
  QList<FieldEditor*> editors_;
  std::vector<BaseValue> base_;
  QStringList device_names_, model_names_;
  QToolButton* heading_;
  QWidget* body_;
  QVBoxLayout* body_list_;
  bool open_ = false;
};

// "expert_budget" as a label: "expert budget".
QString field_label(const ScenarioField& field);

}  // namespace pregate
