// SPDX-License-Identifier: Apache-2.0
// One sentence above a document, with at most one thing to do about it; stays until it is closed.
#pragma once

#include <QtWidgets/QFrame>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <functional>

namespace pregate {

class NoticeBar : public QFrame {
  Q_OBJECT

 public:
  explicit NoticeBar(QWidget* parent = nullptr);

  // `button` empty: nothing to do.
  void say(const QString& text, const QString& button = {}, const std::function<void()>& act = {});
  [[nodiscard]] QString text() const { return isHidden() ? QString() : label_->text(); }

 private:
  QLabel* label_;
  QPushButton* button_;
  std::function<void()> act_;
};

}  // namespace pregate
