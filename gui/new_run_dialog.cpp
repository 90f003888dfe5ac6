// SPDX-License-Identifier: Apache-2.0
#include "gui/new_run_dialog.hpp"

#include <QtWidgets/QMessageBox>

namespace pregate {

NewRunDialog::NewRunDialog(QWidget* parent)
    : CommandDialog({.title = "New run",
                     .verb = "run",
                     .start = "&Run",
                     .suffix = ".run",
                     .filter = "Runs (*.run);;All files (*)",
                     .base = BaseChooser::Verb::run},
                    parent),
      what_if_(new QCheckBox("Say what would make it faster (what-&if)", this)) {
  what_if_->setToolTip(
      "Simulate it again with everything resident, OPT, perfect prefetch and parts twice as fast: several "
      "runs "
      "more");
  left()->insertWidget(left()->count() - 3, what_if_);
  connect(what_if_, &QCheckBox::toggled, this, &NewRunDialog::update_all);
  update_all();
}

QStringList NewRunDialog::own_arguments() const {
  return what_if_->isChecked() ? QStringList{"--what-if"} : QStringList();
}

bool NewRunDialog::may_write(const QString& file) {
  return QMessageBox::question(this, "New run", QString("%1 is there already. Overwrite it?").arg(file),
                               QMessageBox::Yes | QMessageBox::No, QMessageBox::No) == QMessageBox::Yes;
}

}  // namespace pregate
