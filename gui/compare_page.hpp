// SPDX-License-Identifier: Apache-2.0
// Two runs against each other: lanes on a common axis above, the numbers of the difference below. What is
// selected is selected on the timeline of A.
#pragma once

#include <QtWidgets/QSplitter>
#include <memory>

#include "gui/card_area.hpp"
#include "gui/documents.hpp"
#include "gui/link.hpp"
#include "gui/page.hpp"
#include "gui/scene/compare_scene.hpp"

namespace pregate {

class CompareCanvas : public Canvas {
  Q_OBJECT

 public:
  // The scene outlives it.
  explicit CompareCanvas(CompareScene& scene, QWidget* parent = nullptr);

  // Where keys zoom: under the mouse, else in the middle.
  [[nodiscard]] double zoom_place() const;
  [[nodiscard]] const std::optional<TimeSpan>& area() const { return area_; }
  void clear_area();

 signals:
  void moved();
  void area_changed();

 protected:
  Picture make_picture(int width, int height) override;
  [[nodiscard]] QString tip(const Mark& mark) const override;
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  CompareScene& scene_;
  std::optional<std::int64_t> drag_from_;
  std::optional<TimeSpan> area_;
  double mouse_ = -1;
};

class ComparePage : public Page {
  Q_OBJECT

 public:
  // `pair` is of these two; the link is that of A and outlives the page.
  ComparePage(std::shared_ptr<const RunDocument> a, std::shared_ptr<const RunDocument> b,
              std::shared_ptr<const RunPair> pair, Link& link, QWidget* parent = nullptr);

  [[nodiscard]] CompareScene& scene() { return scene_; }
  [[nodiscard]] CompareCanvas& lanes() { return *lanes_; }
  [[nodiscard]] CardArea& cards() { return *cards_; }

  [[nodiscard]] bool can(Act act) const override;
  void act(Act act) override;
  [[nodiscard]] Picture picture_of(QSize size) override;
  [[nodiscard]] std::string csv() const override { return csv_of(cards_->page()); }
  [[nodiscard]] bool has_table() const override { return true; }
  [[nodiscard]] QString status() const override;

 private:
  void follow_selection();
  void change_view(Act act);
  void redraw();

  std::shared_ptr<const RunDocument> a_, b_;
  std::shared_ptr<const RunPair> pair_;
  Link& link_;
  CompareScene scene_;
  CompareCanvas* lanes_;
  CardArea* cards_;
  Target pointed_, chosen_;
};

}  // namespace pregate
