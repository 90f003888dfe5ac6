// SPDX-License-Identifier: Apache-2.0
// All fields of a scenario as a form, made from what the schema says of itself: a new field of the schema
// appears without a line here. Nothing is passed on but what the user changed.
//
//   form->set_base(values);                          // of the scenario that is started from
//   arguments += form->set_arguments();              // --set dram.expert_budget=2GiB ...
//   if (!form->problem().isEmpty()) ...              // the command would refuse it
#pragma once

#include <QtWidgets/QCheckBox>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QVBoxLayout>

#include "gui/form_section.hpp"

namespace pregate {

class ScenarioForm final : public QWidget {
  Q_OBJECT

 public:
  // `omitted`: fields that the dialog around it asks for itself.
  explicit ScenarioForm(QStringList omitted = {}, QWidget* parent = nullptr);

  // Fields that were changed, in the order of the schema: "--set", "PATH=VALUE", ...
  [[nodiscard]] QStringList set_arguments() const;
  [[nodiscard]] QString value(const QString& path) const;
  // False where the form has no such field.
  bool set_value(const QString& path, const QString& text);
  void clear_values();
  // The first field that is wrong: its path and a sentence. Empty: none.
  struct Problem {
    QString path, sentence;
  };
  [[nodiscard]] Problem problem() const;

  // What fields are while they are left alone.
  void set_base(const std::vector<BaseValue>& values);
  // Shipped devices or models.
  void set_names(FieldUnit unit, const QStringList& names);
  // Opens its section, scrolls to it and gives it the focus.
  void show_field(const QString& path);

 signals:
  void changed();

 private:
  void build();
  void add_sections();
  FormSection* section_of(const QString& path) const;
  void filter();

  QStringList omitted_;
  QLineEdit* find_;
  QCheckBox* changed_only_;
  QScrollArea* scroll_;
  QVBoxLayout* list_;
  QLabel *more_, *nothing_;
  QList<FormSection*> sections_;  // in the order of the form
};

}  // namespace pregate
