// SPDX-License-Identifier: Apache-2.0
// Many scenarios into one file: `pregate sweep`.
#pragma once

#include "gui/axes_editor.hpp"
#include "gui/command_dialog.hpp"

namespace pregate {

class NewSweepDialog : public CommandDialog {
  Q_OBJECT

 public:
  explicit NewSweepDialog(QWidget* parent = nullptr);
  [[nodiscard]] AxesEditor* axes() const { return axes_; }
  void set_jobs(int jobs) { jobs_->setValue(jobs); }

 protected:
  [[nodiscard]] QStringList own_arguments() const override;
  [[nodiscard]] QString own_problem() const override { return axes_->problem(); }
  [[nodiscard]] bool may_write(const QString& file) override;
  [[nodiscard]] QString summary() const override;

 private:
  AxesEditor* axes_;
  QSpinBox* jobs_;
};

}  // namespace pregate
