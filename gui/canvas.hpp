// SPDX-License-Identifier: Apache-2.0
// A widget that shows a picture and says what is under the mouse. Positions are the picture's pixels, which
// are the widget's divided by the scale of the appearance. Who derives from it makes the picture and handles
// keys and drags.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/scene/painter.hpp"

namespace pregate {

class Canvas : public QWidget {
  Q_OBJECT

 public:
  explicit Canvas(QWidget* parent = nullptr);

  // The picture as it is shown, made if it is out of date.
  const Picture& picture();
  // The next paint makes the picture anew.
  void refresh();

 signals:
  void clicked(const pregate::Mark& mark,
               Qt::KeyboardModifiers modifiers);  // with a target; left button, no drag
  void activated(const pregate::Mark& mark);      // double click
  void hovered(const pregate::Mark* mark);        // null: nothing

 protected:
  // Of this size in the picture's pixels.
  virtual Picture make_picture(int width, int height) = 0;
  // Rich or plain text of a tooltip; empty: none.
  [[nodiscard]] virtual QString tip(const Mark& mark) const;

  [[nodiscard]] QPointF to_picture(QPointF widget) const;
  [[nodiscard]] int picture_width() const;
  [[nodiscard]] int picture_height() const;

  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  Picture picture_;
  LabelCache labels_;
  bool stale_ = true;
  QPoint pressed_;
};

}  // namespace pregate
