// SPDX-License-Identifier: Apache-2.0
#include "gui/new_sweep_dialog.hpp"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QMessageBox>

#include "gui/qt_text.hpp"
#include "traces/number_text.hpp"

namespace pregate {

NewSweepDialog::NewSweepDialog(QWidget* parent)
    : CommandDialog({.title = "New sweep",
                     .verb = "sweep",
                     .start = "Swee&p",
                     .suffix = ".db",
                     .filter = "Sweeps (*.db);;All files (*)",
                     .base = BaseChooser::Verb::sweep},
                    parent),
      axes_(new AxesEditor(this)),
      jobs_(new QSpinBox(this)) {
  jobs_->setRange(0, 4096);
  jobs_->setSpecialValueText("one a core");
  jobs_->setAccessibleName("Scenarios at a time");
  ignore_wheel(jobs_);
  auto* label = new QLabel("Sce&narios at a time", this);
  label->setBuddy(jobs_);
  auto* row = new QHBoxLayout;
  row->addWidget(label);
  row->addWidget(jobs_, 1);
  left()->insertLayout(left()->count() - 3, row);
  auto* varied = new QLabel("<b>What is varied</b>", this);
  auto* same = new QLabel("<b>What is the same in every scenario</b>", this);
  for (QLabel* each : {varied, same}) each->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  right()->insertWidget(0, varied);
  right()->insertWidget(1, axes_);
  right()->insertSpacing(2, 6);
  right()->insertWidget(3, same);
  axes_->add_axis("dram.expert_budget", {});
  connect(axes_, &AxesEditor::changed, this, &NewSweepDialog::update_all);
  connect(jobs_, &QSpinBox::valueChanged, this, &NewSweepDialog::update_all);
  update_all();
}

QStringList NewSweepDialog::own_arguments() const {
  QStringList arguments = axes_->arguments();
  if (jobs_->value() > 0) arguments << "--jobs" << QString::number(jobs_->value());
  return arguments;
}

QString NewSweepDialog::summary() const {
  const QString number = to_qt(with_commas(static_cast<std::int64_t>(axes_->points())));
  return axes_->points() == 1 ? "1 scenario" : number + " scenarios";
}

bool NewSweepDialog::may_write(const QString& file) {
  // The command refuses a file that is no sweep; rows that are there stay.
  return QMessageBox::question(
             this, "New sweep",
             QString(
                 "%1 is there already. Add this sweep's scenarios to it? Those that it has are not simulated "
                 "again.")
                 .arg(file),
             QMessageBox::Yes | QMessageBox::No, QMessageBox::Yes) == QMessageBox::Yes;
}

}  // namespace pregate
