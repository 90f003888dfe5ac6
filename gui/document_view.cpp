// SPDX-License-Identifier: Apache-2.0
#include "gui/document_view.hpp"

#include <QtCore/QFileInfo>
#include <QtWidgets/QVBoxLayout>
#include <algorithm>

#include "gui/qt_text.hpp"

namespace pregate {
DocumentView::DocumentView(std::string path, QWidget* parent)
    : QWidget(parent),
      path_(std::move(path)),
      notice_(new NoticeBar),
      tabs_(new QTabBar),
      stack_(new QStackedWidget),
      split_(new QSplitter(Qt::Vertical)) {
  tabs_->setDrawBase(false);
  tabs_->setExpanding(false);
  tabs_->setAccessibleName(tr("Pages"));
  tabs_->setFocusPolicy(Qt::NoFocus);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  split_->addWidget(stack_);
  split_->setChildrenCollapsible(false);
  column->addWidget(notice_);
  column->addWidget(tabs_);
  column->addWidget(split_, 1);
  connect(tabs_, &QTabBar::currentChanged, this, [this](int index) {
    if (index < 0) return;
    stack_->setCurrentIndex(index);
    if (isVisible()) page()->setFocus();
    emit page_changed();
    emit state_changed();
  });
}

QString DocumentView::title() const {
  return QFileInfo(QString::fromStdString(path_)).fileName();
}

Page* DocumentView::page() const {
  const int index = stack_->currentIndex();
  return index < 0 ? nullptr : entries_[static_cast<std::size_t>(index)].page;
}

bool DocumentView::can(Act act) const {
  const auto is_it = [act](const Entry& entry) { return entry.show == act; };
  if (std::any_of(entries_.begin(), entries_.end(), is_it)) return true;
  return page() != nullptr && page()->can(act);
}

void DocumentView::act(Act act) {
  const auto is_it = [act](const Entry& entry) { return entry.show == act; };
  if (std::any_of(entries_.begin(), entries_.end(), is_it)) {
    show_page(act);
  } else if (page() != nullptr) {
    page()->act(act);
  }
}

QString DocumentView::status() const {
  return page() == nullptr ? QString() : page()->status();
}

void DocumentView::add_page(Act show, Page* page) {
  const Action& named = action(show);
  entries_.push_back({show, page});
  stack_->addWidget(page);
  const int index = tabs_->addTab(to_qt(named.name));
  tabs_->setTabToolTip(index, QStringLiteral("%1 (%2)").arg(to_qt(named.help), to_qt(named.key)));
  tabs_->setVisible(entries_.size() > 1);
  connect(page, &Page::state_changed, this, &DocumentView::state_changed);
}

void DocumentView::show_page(Act show) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [show](const Entry& entry) { return entry.show == show; });
  if (found != entries_.end()) tabs_->setCurrentIndex(static_cast<int>(found - entries_.begin()));
}

void DocumentView::remove_page(Act show) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [show](const Entry& entry) { return entry.show == show; });
  if (found == entries_.end()) return;
  Page* page = found->page;
  const int index = static_cast<int>(found - entries_.begin());
  entries_.erase(found);
  stack_->removeWidget(page);
  tabs_->removeTab(index);
  page->deleteLater();
}

void DocumentView::add_panel(QWidget* panel) {
  split_->addWidget(panel);
  split_->setStretchFactor(0, 1);
  split_->setStretchFactor(1, 0);
  split_->setSizes({600, 170});
}

}  // namespace pregate
