// SPDX-License-Identifier: Apache-2.0
// The timeline of a run as a page: the minimap, below it the tracks. Follows what the run's other pages look
// at (link.hpp) and tells them; keeps the bookmarks in a file beside the run.
#pragma once

#include <QtWidgets/QMenu>
#include <memory>

#include "gui/documents.hpp"
#include "gui/link.hpp"
#include "gui/minimap_canvas.hpp"
#include "gui/page.hpp"
#include "gui/timeline_canvas.hpp"

namespace pregate {

class TimelineView : public Page {
  Q_OBJECT

 public:
  // The link outlives it.
  TimelineView(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent = nullptr);

  [[nodiscard]] TimelineScene& scene() { return scene_; }
  [[nodiscard]] TimelineCanvas& canvas() { return *canvas_; }
  [[nodiscard]] MinimapCanvas& minimap() { return *minimap_; }

  [[nodiscard]] bool can(Act act) const override;
  void act(Act act) override;
  [[nodiscard]] Picture picture_of(QSize size) override;
  // Of the area, or of everything.
  [[nodiscard]] std::string csv() const override;
  [[nodiscard]] bool has_table() const override { return true; }
  [[nodiscard]] QString status() const override;

  // What a search found, in order of time: marked.
  void set_found(std::vector<Target> found);
  // Tracks and slices at a place; the owner deletes it.
  [[nodiscard]] std::unique_ptr<QMenu> menu_for(const Mark* mark);

 signals:
  // Something to be read, such as a file of bookmarks that cannot be.
  void said(const QString& words);

 private:
  void connect_canvas();
  void connect_link();
  void show_again();
  void zoom(double factor);
  void act_on_track(Act act);
  void tell_selection();
  void set_bookmark(std::size_t number);
  void write_note();
  void save_bookmarks();
  void zoom_on(const Mark* mark);
  void follow_brush();
  [[nodiscard]] std::optional<std::size_t> bookmark_near_mouse() const;
  void ask_note(std::size_t number);
  void add_track_actions(QMenu& menu, TrackId track);
  void add_slice_actions(QMenu& menu, const Mark& mark);

  std::shared_ptr<const RunDocument> document_;
  Link& link_;
  TimelineScene scene_;
  MinimapCanvas* minimap_;
  TimelineCanvas* canvas_;
  bool telling_ = false;           // what the link says comes from here
  bool marks_unreadable_ = false;  // the file must not be written over
};

}  // namespace pregate
