// SPDX-License-Identifier: Apache-2.0
#include "gui/canvas.hpp"

#include <QtGui/QHelpEvent>
#include <QtGui/QMouseEvent>
#include <QtWidgets/QApplication>
#include <QtWidgets/QToolTip>

#include "gui/appearance.hpp"

namespace pregate {

Canvas::Canvas(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_OpaquePaintEvent);
  connect(&Appearance::instance(), &Appearance::changed, this, &Canvas::refresh);
}

const Picture& Canvas::picture() {
  if (stale_) {
    stale_ = false;
    picture_ = make_picture(picture_width(), picture_height());
  }
  return picture_;
}

void Canvas::refresh() {
  stale_ = true;
  update();
}

QString Canvas::tip(const Mark& /*mark*/) const {
  return {};
}

QPointF Canvas::to_picture(QPointF widget) const {
  return widget / Appearance::instance().scale();
}

int Canvas::picture_width() const {
  return std::max(1, static_cast<int>(width() / Appearance::instance().scale()));
}

int Canvas::picture_height() const {
  return std::max(1, static_cast<int>(height() / Appearance::instance().scale()));
}

void Canvas::paintEvent(QPaintEvent* /*event*/) {
  const Picture& shown = picture();
  QPainter painter(this);
  const Theme& theme = Appearance::instance().theme();
  painter.fillRect(rect(), theme.color(Ink::background));
  painter.scale(Appearance::instance().scale(), Appearance::instance().scale());
  paint(painter, shown, theme, labels_);
}

void Canvas::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  refresh();
}

void Canvas::mousePressEvent(QMouseEvent* event) {
  pressed_ = event->pos();
  QWidget::mousePressEvent(event);
  event->accept();
}

void Canvas::mouseReleaseEvent(QMouseEvent* event) {
  const bool dragged = (event->pos() - pressed_).manhattanLength() >= QApplication::startDragDistance();
  if (event->button() != Qt::LeftButton || dragged) return;
  const QPointF at = to_picture(event->position());
  const Mark* mark = picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y()));
  if (mark == nullptr) return;
  const Mark copy = *mark;  // a listener may refresh
  emit clicked(copy, event->modifiers());
}

void Canvas::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = to_picture(event->position());
  emit hovered(picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y())));
}

void Canvas::mouseDoubleClickEvent(QMouseEvent* event) {
  const QPointF at = to_picture(event->position());
  const Mark* mark = picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y()));
  if (mark == nullptr) return;
  const Mark copy = *mark;
  emit activated(copy);
}

void Canvas::leaveEvent(QEvent* event) {
  QWidget::leaveEvent(event);
  emit hovered(nullptr);
}

bool Canvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const QPointF at = to_picture(help->pos());
  const Mark* mark = picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y()));
  const QString text = mark == nullptr ? QString() : tip(*mark);
  if (text.isEmpty()) {
    QToolTip::hideText();
  } else {
    QToolTip::showText(help->globalPos(), text, this);
  }
  return true;
}

}  // namespace pregate
