// SPDX-License-Identifier: Apache-2.0
// The strip above the timeline: a press or a drag moves the window there, a drag with shift selects the
// window anew, the wheel zooms.
#pragma once

#include "gui/canvas.hpp"
#include "gui/scene/minimap.hpp"
#include "gui/scene/timeline_scene.hpp"

namespace pregate {

class MinimapCanvas : public Canvas {
  Q_OBJECT

 public:
  // The scene outlives it.
  explicit MinimapCanvas(TimelineScene& scene, QWidget* parent = nullptr);

 signals:
  void view_changed();

 protected:
  Picture make_picture(int width, int height) override;
  [[nodiscard]] QString tip(const Mark& mark) const override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;

 private:
  void move_to(QMouseEvent* event);
  void keep_height();

  TimelineScene& scene_;
  Minimap map_;
  std::int64_t anchor_ = 0;
};

}  // namespace pregate
