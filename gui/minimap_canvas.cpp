// SPDX-License-Identifier: Apache-2.0
#include "gui/minimap_canvas.hpp"

#include <QtGui/QMouseEvent>
#include <cmath>

#include "gui/appearance.hpp"

namespace pregate {

MinimapCanvas::MinimapCanvas(TimelineScene& scene, QWidget* parent)
    : Canvas(parent), scene_(scene), map_(scene.tracks()) {
  setFocusPolicy(Qt::NoFocus);
  setCursor(Qt::PointingHandCursor);
  connect(&Appearance::instance(), &Appearance::changed, this, &MinimapCanvas::keep_height);
  keep_height();
}

void MinimapCanvas::keep_height() {
  setFixedHeight(static_cast<int>(std::lround(Minimap::kHeight * Appearance::instance().scale())));
}

Picture MinimapCanvas::make_picture(int width, int height) {
  return map_.picture(scene_.state(), scene_.names_width(), width, height);
}

QString MinimapCanvas::tip(const Mark& mark) const {
  return QString::fromStdString(scene_.tip(mark, 0))
      .toHtmlEscaped()
      .replace(QLatin1Char('\n'), QStringLiteral("<br>"));
}

void MinimapCanvas::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  anchor_ = map_.time_at(to_picture(event->position()).x(), scene_.names_width(), picture_width());
  move_to(event);
}

void MinimapCanvas::mouseMoveEvent(QMouseEvent* event) {
  if ((event->buttons() & Qt::LeftButton) != 0) move_to(event);
}

void MinimapCanvas::move_to(QMouseEvent* event) {
  const double x = to_picture(event->position()).x();
  const bool anew = (event->modifiers() & Qt::ShiftModifier) != 0;
  const std::int64_t time = map_.time_at(x, scene_.names_width(), picture_width());
  if (anew) {
    if (time == anchor_) return;
    scene_.zoom_to({anchor_, time});
  } else {
    scene_.zoom_to(map_.view_around(scene_.view(), x, scene_.names_width(), picture_width()));
  }
  emit view_changed();
}

void MinimapCanvas::wheelEvent(QWheelEvent* event) {
  scene_.zoom_at(scene_.names_width() + scene_.plot_width() / 2.0,
                 std::pow(1.25, -event->angleDelta().y() / 120.0));
  event->accept();
  emit view_changed();
}

}  // namespace pregate
