// SPDX-License-Identifier: Apache-2.0
#include "gui/welcome.hpp"

#include <QtCore/QFileInfo>
#include <QtGui/QKeySequence>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include "gui/qt_text.hpp"

namespace pregate {
Welcome::Welcome(QWidget* parent) : QWidget(parent), recent_(new QListWidget) {
  auto* title = new QLabel(tr("Pregate"));
  QFont large = title->font();
  large.setPixelSize(large.pixelSize() * 2);
  large.setBold(true);
  title->setFont(large);
  auto* what =
      new QLabel(tr("Where every picosecond of a token goes, and what would make it faster.\n"
                    "Open a run (.run), a routing trace (.route, CSV) or a sweep, or drop it here."));
  auto* buttons = new QHBoxLayout;
  for (const Act act : {Act::open_file, Act::new_run, Act::new_sweep}) {
    const Action& named = action(act);
    auto* button = new QPushButton(QStringLiteral("%1  %2").arg(
        to_qt(named.name), QKeySequence(to_qt(named.key)).toString(QKeySequence::NativeText)));
    button->setToolTip(to_qt(named.help));
    connect(button, &QPushButton::clicked, this, [this, act] { emit wanted(act); });
    buttons->addWidget(button);
  }
  buttons->addStretch();
  recent_->setAccessibleName(tr("Recent files"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(40, 40, 40, 40);
  column->setSpacing(14);
  column->addWidget(title);
  column->addWidget(what);
  column->addLayout(buttons);
  column->addSpacing(10);
  column->addWidget(new QLabel(tr("<b>Recent files</b>")));
  column->addWidget(recent_, 1);
  connect(recent_, &QListWidget::itemActivated, this,
          [this](const QListWidgetItem* item) { emit file_wanted(item->data(Qt::UserRole).toString()); });
  connect(recent_, &QListWidget::itemClicked, this,
          [this](const QListWidgetItem* item) { emit file_wanted(item->data(Qt::UserRole).toString()); });
}

void Welcome::show_recent(const QStringList& paths) {
  recent_->clear();
  for (const QString& path : paths) {
    const QFileInfo file(path);
    auto* item =
        new QListWidgetItem(QStringLiteral("%1    %2").arg(file.fileName(), file.absolutePath()), recent_);
    item->setData(Qt::UserRole, path);
    item->setToolTip(path);
  }
}

}  // namespace pregate
