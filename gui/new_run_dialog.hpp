// SPDX-License-Identifier: Apache-2.0
// A run of one scenario: `pregate run`.
#pragma once

#include "gui/command_dialog.hpp"

namespace pregate {

class NewRunDialog : public CommandDialog {
  Q_OBJECT

 public:
  explicit NewRunDialog(QWidget* parent = nullptr);
  void set_what_if(bool on) { what_if_->setChecked(on); }

 protected:
  [[nodiscard]] QStringList own_arguments() const override;
  [[nodiscard]] QString own_problem() const override { return {}; }
  [[nodiscard]] bool may_write(const QString& file) override;

 private:
  QCheckBox* what_if_;
};

}  // namespace pregate
