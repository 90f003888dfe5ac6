// SPDX-License-Identifier: Apache-2.0
// The control of one scenario field: a line, a list of words, on/off, or a path, by what the schema says of
// the field. What is typed is checked at each keystroke with the command's own sentence; what fits is shown
// again as people write it.
#pragma once

#include <QtWidgets/QComboBox>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QWidget>

#include "gui/small_widgets.hpp"
#include "traces/scenario_fields.hpp"

namespace pregate {

class FieldEditor final : public QWidget {
  Q_OBJECT

 public:
  explicit FieldEditor(const ScenarioField& field, QWidget* parent = nullptr);

  [[nodiscard]] const ScenarioField& field() const { return field_; }
  // As --set takes it. Empty: left alone.
  [[nodiscard]] QString text() const;
  void set_text(const QString& text);
  // What it is while it is left alone, and who says so: "scenario", "device". Empty: the schema's fallback.
  void set_base(const QString& value, const QString& from);
  // Shipped names, where names are taken.
  void set_names(const QStringList& names);
  // What is wrong with the text: "expected ..., found ..."; empty: nothing.
  [[nodiscard]] const QString& problem() const { return problem_; }
  [[nodiscard]] QWidget* control() const;  // that has the focus

 signals:
  void changed();

 private:
  void build();
  QWidget* make_control();
  void make_words();
  [[nodiscard]] QString left_alone() const;  // in words
  [[nodiscard]] QString tip() const;
  void check();

  const ScenarioField& field_;
  QString base_, base_from_, problem_;
  // One of them, by the field.
  QLineEdit* line_ = nullptr;
  QComboBox* words_ = nullptr;
  QComboBox* names_ = nullptr;
  PathEdit* path_ = nullptr;
  ProblemFrame* frame_ = nullptr;
  ElidedLabel* note_;
  MessageLabel* message_;
};

// A quantity for people, "3.91 GiB"; empty where `text` is none of the unit.
QString quantity_text(FieldUnit unit, const QString& text);

// How much wider than at the normal size of text a form's columns are: as the text, as far as the screen has
// room.
double form_scale();

}  // namespace pregate
