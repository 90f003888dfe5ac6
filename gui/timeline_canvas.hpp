// SPDX-License-Identifier: Apache-2.0
// Draws the timeline and takes the mouse: the wheel zooms at the cursor (with shift it pans, with ctrl or
// over the names it scrolls), a drag selects an area, a drag with the middle button moves the view, a drag of
// a name moves its track, a double click zooms. What it means for the run's other pages is the view's
// business.
#pragma once

#include "gui/canvas.hpp"
#include "gui/scene/timeline_scene.hpp"

namespace pregate {

class TimelineCanvas : public Canvas {
  Q_OBJECT

 public:
  // The scene outlives it.
  explicit TimelineCanvas(TimelineScene& scene, QWidget* parent = nullptr);

  // Where keys act: under the mouse, else in the middle of the plot.
  [[nodiscard]] double key_x() const;
  // The track under the mouse.
  [[nodiscard]] std::optional<TrackId> track_under_mouse() const;
  // The time under the mouse.
  [[nodiscard]] std::optional<std::int64_t> time_under_mouse() const;

 signals:
  void view_changed();                          // or what is shown of it
  void area_dragged(bool done);                 // the scene has the area
  void emptied();                               // a click on nothing
  void zoom_wanted(const pregate::Mark* mark);  // double click; null: not on a slice
  void menu_wanted(QPoint global, const pregate::Mark* mark);

 protected:
  Picture make_picture(int width, int height) override;
  [[nodiscard]] QString tip(const Mark& mark) const override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  enum class Drag : std::uint8_t { none, area, view, track };

  [[nodiscard]] bool over_names(QPointF at) const { return at.x() < scene_.names_width(); }
  void drag_to(QPointF at);
  void drag_track(double y);
  void show_cursor_shape(QPointF at);

  TimelineScene& scene_;
  std::optional<QPointF> mouse_;  // in the picture
  Drag drag_ = Drag::none;
  bool moved_ = false;
  QPointF from_, last_;
  std::int64_t anchor_ = 0;  // the time where an area begins
  TrackId dragged_ = kNoTrack;
};

}  // namespace pregate
