// SPDX-License-Identifier: Apache-2.0
// What a run or a sweep starts from: a scenario, a recorded trace, or a model with or without a prompt; and
// the device and the shape that go with any of them.
#pragma once

#include <QtWidgets/QComboBox>
#include <QtWidgets/QPlainTextEdit>
#include <QtWidgets/QRadioButton>
#include <QtWidgets/QStackedWidget>
#include <vector>

#include "gui/base_values.hpp"
#include "gui/shipped_files.hpp"
#include "gui/small_widgets.hpp"

namespace pregate {

class BaseChooser final : public QWidget {
  Q_OBJECT

 public:
  enum class Source { scenario, trace, model };
  // How the verb takes its scenario and its prompt: `run` has an operand and an option for them.
  enum class Verb { run, sweep };
  explicit BaseChooser(Verb verb, QWidget* parent = nullptr);

  // "demo", "--device", "a18-pro": of the verb, without --set.
  [[nodiscard]] QStringList arguments() const;
  // What is missing or wrong, in a sentence; empty: nothing.
  [[nodiscard]] QString problem() const;
  // For titles and file names: "demo", "phone", "qwen3-30b-a3b".
  [[nodiscard]] QString name() const;
  [[nodiscard]] QString device() const { return device_->currentText().trimmed(); }
  [[nodiscard]] Source source() const;
  // What fields are before a form changes them. Grows as the command answers: changed() says so.
  [[nodiscard]] std::vector<BaseValue> values() const;
  [[nodiscard]] const ShippedFiles& shipped() const { return *shipped_; }

  void set_scenario(const QString& name_or_file);
  void set_trace(const QString& file);
  void set_model(const QString& name_or_file, const QString& prompt = {});
  void set_device(const QString& name_or_file) { device_->setEditText(name_or_file); }
  // A file that was dropped, by its name: a device, model, scenario or trace. False: none of them.
  bool take_file(const QString& file);

 signals:
  void changed();

 private:
  void build();
  QWidget* scenario_page();
  QWidget* trace_page();
  QWidget* model_page();
  void choose(Source source);
  void check_scenario();
  void take_names();
  [[nodiscard]] QString scenario_text() const;
  [[nodiscard]] QString problem_of_source() const;
  [[nodiscard]] QStringList source_arguments() const;

  Verb verb_;
  QRadioButton *by_scenario_, *by_trace_, *by_model_;
  QStackedWidget* pages_;
  QComboBox *scenario_, *model_, *device_, *shape_as_;
  PathEdit* trace_;
  QPlainTextEdit* prompt_;
  MessageLabel* prompt_note_;
  ShippedFiles* shipped_;
  QString scenario_error_;
};

// A file with the resolved text of a run's scenario, so that it can be run again with changes; named after
// its content, kept with the viewer's own data. Empty where it could not be written.
QString keep_scenario_text(const QString& label, const QString& text);

}  // namespace pregate
