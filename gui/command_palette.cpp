// SPDX-License-Identifier: Apache-2.0
#include "gui/command_palette.hpp"

#include <QtGui/QKeyEvent>
#include <QtGui/QKeySequence>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QVBoxLayout>

#include "gui/appearance.hpp"
#include "gui/qt_text.hpp"

namespace pregate {
namespace {

QString key_text(const Action& action) {
  return QKeySequence(to_qt(action.key), QKeySequence::PortableText).toString(QKeySequence::NativeText);
}

// Ten bookmarks are one line on the sheet.
bool stands_for_ten(Act act) {
  return act == Act::bookmark_0 || act == Act::set_bookmark_0;
}
bool is_among_ten(Act act) {
  return (act > Act::bookmark_0 && act <= Act::bookmark_9) ||
         (act > Act::set_bookmark_0 && act <= Act::set_bookmark_9);
}

// Whether each word of the query begins a word of the action, or lies within it.
bool matches(const Action& action, const QStringList& words) {
  const QString all = to_qt(action.menu) + u' ' + to_qt(action.name) + u' ' + to_qt(action.help);
  return std::all_of(words.begin(), words.end(),
                     [&](const QString& word) { return all.contains(word, Qt::CaseInsensitive); });
}

}  // namespace

CommandPalette::CommandPalette(const std::function<bool(Act)>& can, QWidget* parent)
    : QDialog(parent, Qt::Popup), can_(can), query_(new QLineEdit), list_(new QTreeWidget) {
  setWindowTitle(tr("Find an action"));
  query_->setPlaceholderText(tr("Find an action"));
  query_->setAccessibleName(tr("Find an action"));
  query_->installEventFilter(this);
  list_->setAccessibleName(tr("Actions"));
  list_->setUniformRowHeights(true);
  list_->setHeaderHidden(true);
  list_->setRootIsDecorated(false);
  list_->setColumnCount(2);
  list_->header()->setStretchLastSection(false);
  list_->header()->setSectionResizeMode(0, QHeaderView::Stretch);
  list_->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
  auto* column = new QVBoxLayout(this);
  column->addWidget(query_);
  column->addWidget(list_);
  resize(std::min(560, parent->width() - 40), std::min(420, parent->height() - 80));
  move(parent->mapToGlobal(QPoint((parent->width() - width()) / 2, 60)));
  connect(query_, &QLineEdit::textChanged, this, &CommandPalette::fill);
  connect(list_, &QTreeWidget::itemActivated, this, &CommandPalette::choose);
  connect(list_, &QTreeWidget::itemClicked, this, &CommandPalette::choose);
  fill();
  query_->setFocus();
}

void CommandPalette::fill() {
  list_->clear();
  const QStringList words = query_->text().split(u' ', Qt::SkipEmptyParts);
  for (const bool wanted : {true, false}) {
    for (const Action& each : all_actions()) {
      if (can_(each.act) != wanted || !matches(each, words)) continue;
      auto* item = new QTreeWidgetItem(
          list_, {QStringLiteral("%1: %2").arg(to_qt(each.menu), to_qt(each.name)), key_text(each)});
      item->setToolTip(0, to_qt(each.help));
      item->setData(0, Qt::UserRole, static_cast<int>(each.act));
      if (!wanted) item->setFlags(Qt::NoItemFlags);
    }
  }
  list_->setCurrentItem(list_->topLevelItem(0));
}

void CommandPalette::choose() {
  const QTreeWidgetItem* item = list_->currentItem();
  if (item == nullptr || !(item->flags() & Qt::ItemIsEnabled)) return;
  const Act act = static_cast<Act>(item->data(0, Qt::UserRole).toInt());
  accept();
  emit chosen(act);
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::KeyPress) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const int step = key->key() == Qt::Key_Down ? 1 : key->key() == Qt::Key_Up ? -1 : 0;
    if (step != 0) {
      const int row = list_->indexOfTopLevelItem(list_->currentItem()) + step;
      list_->setCurrentItem(
          list_->topLevelItem(std::clamp(row, 0, std::max(0, list_->topLevelItemCount() - 1))));
      return true;
    }
    if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
      choose();
      return true;
    }
  }
  return QDialog::eventFilter(watched, event);
}

KeySheet::KeySheet(QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("Keys"));
  auto* inner = new QWidget;
  auto* columns = new QHBoxLayout(inner);
  QGridLayout* grid = nullptr;
  std::string_view menu;
  int row = 0, rows = 0;
  for (const Action& each : all_actions()) {
    if (is_among_ten(each.act)) continue;
    if (grid == nullptr || (menu != each.menu && rows > 20)) {
      grid = new QGridLayout;
      grid->setHorizontalSpacing(14);
      grid->setVerticalSpacing(2);
      grid->setColumnStretch(1, 1);
      auto* column = new QVBoxLayout;
      column->addLayout(grid);
      column->addStretch();
      columns->addLayout(column);
      row = rows = 0;
    }
    if (menu != each.menu) {
      menu = each.menu;
      auto* heading = new QLabel(QStringLiteral("<b>%1</b>").arg(to_qt(menu)));
      heading->setContentsMargins(0, row == 0 ? 0 : 10, 0, 2);
      grid->addWidget(heading, row++, 0, 1, 2);
    }
    ++rows;
    auto* key = new QLabel(stands_for_ten(each.act) ? tr("%1 to 9").arg(key_text(each)) : key_text(each));
    key->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    QFont fixed = key->font();
    fixed.setBold(true);
    key->setFont(fixed);
    auto* name =
        new QLabel(stands_for_ten(each.act) ? to_qt(each.name).chopped(1) + tr("0 to 9") : to_qt(each.name));
    name->setToolTip(to_qt(each.help));
    grid->addWidget(key, row, 0);
    grid->addWidget(name, row++, 1);
  }
  auto* scroll = new QScrollArea;
  scroll->setWidget(inner);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* column = new QVBoxLayout(this);
  column->addWidget(scroll);
  resize(std::min(980, parent->width() - 40), std::min(680, parent->height() - 60));
}

}  // namespace pregate
