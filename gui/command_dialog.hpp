// SPDX-License-Identifier: Apache-2.0
// What New run and New sweep have in common: what is started from at the left, fields at the right, and below
// them what is wrong, or the line that does the same in a shell. Files may be dropped on it.
#pragma once

#include <QtWidgets/QDialog>
#include <QtWidgets/QGroupBox>
#include <QtWidgets/QPlainTextEdit>
#include <QtWidgets/QPushButton>

#include "gui/base_chooser.hpp"
#include "gui/command_request.hpp"
#include "gui/scenario_form.hpp"

namespace pregate {

class CommandDialog : public QDialog {
  Q_OBJECT

 public:
  // What is asked for, as it stands now. Not to be started while problem() says something.
  [[nodiscard]] CommandRequest request() const;
  [[nodiscard]] QString problem() const;

  [[nodiscard]] BaseChooser* base() const { return base_; }
  [[nodiscard]] ScenarioForm* form() const { return form_; }
  void set_output(const QString& file) { output_->set_path(file); }
  // A run again, with changes: its resolved scenario (RunHeader::scenario_text), and where the files that it
  // names are (files_of_scenario()): the scenario is kept in a folder from which relative paths lead nowhere.
  void set_scenario_text(const QString& label, const QString& text, const QStringList& files = {});

  void accept() override;

 signals:
  void requested(const pregate::CommandRequest& request);

 protected:
  struct Kind {
    QString title, verb, start, suffix, filter;
    BaseChooser::Verb base = BaseChooser::Verb::run;
  };
  CommandDialog(Kind kind, QWidget* parent);

  // What is between the base and the --set of fields: --vary and the like.
  [[nodiscard]] virtual QStringList own_arguments() const = 0;
  [[nodiscard]] virtual QString own_problem() const = 0;
  // Whether the file that is there may be written. Asks.
  [[nodiscard]] virtual bool may_write(const QString& file) = 0;
  // Said beside the shell line while nothing is wrong.
  [[nodiscard]] virtual QString summary() const { return {}; }

  void update_all();
  [[nodiscard]] QString output() const { return output_->path(); }
  QVBoxLayout* left() const { return left_; }
  QVBoxLayout* right() const { return right_; }

  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void build();
  QWidget* left_column();
  QWidget* bottom();
  void suggest_output();
  void show_shell_line();
  [[nodiscard]] QString problem_of_output() const;

  Kind kind_;
  BaseChooser* base_;
  ScenarioForm* form_;
  PathEdit* output_;
  QVBoxLayout *left_, *right_;
  QPlainTextEdit* shell_;
  MessageLabel* message_;
  QLabel* summary_;
  QPushButton *start_, *copy_, *show_;
  QString suggested_;  // an output file that the user did not choose
  QString kept_;       // the scenario of set_scenario_text()
  QStringList kept_files_;
};

// NAME.SUFFIX in `folder`, with a number where that is there: "demo-2.run".
QString new_file_name(const QString& folder, const QString& name, const QString& suffix);

}  // namespace pregate
