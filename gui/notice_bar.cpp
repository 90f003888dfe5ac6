// SPDX-License-Identifier: Apache-2.0
#include "gui/notice_bar.hpp"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QToolButton>

namespace pregate {

NoticeBar::NoticeBar(QWidget* parent) : QFrame(parent), label_(new QLabel), button_(new QPushButton) {
  setFrameShape(QFrame::StyledPanel);
  setAutoFillBackground(true);
  label_->setWordWrap(true);
  label_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* close = new QToolButton;
  close->setText(QStringLiteral("×"));
  close->setAutoRaise(true);
  close->setAccessibleName(tr("Close the notice"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(8, 4, 8, 4);
  row->addWidget(label_, 1);
  row->addWidget(button_);
  row->addWidget(close);
  connect(close, &QToolButton::clicked, this, &QWidget::hide);
  connect(button_, &QPushButton::clicked, this, [this] {
    hide();
    // Later, and from a copy: it may close the document that this bar is in.
    if (act_) QMetaObject::invokeMethod(window(), act_, Qt::QueuedConnection);
  });
  hide();
}

void NoticeBar::say(const QString& text, const QString& button, const std::function<void()>& act) {
  label_->setText(text);
  button_->setText(button);
  button_->setVisible(!button.isEmpty());
  act_ = act;
  show();
}

}  // namespace pregate
