// SPDX-License-Identifier: Apache-2.0
// The page of a heatmap: what is counted and how it is coloured above, the picture, and the steps that are
// counted below. A drag chooses cells, which the other pages of the run are told of as a brush; an area of
// time that was chosen there is the stretch of steps here.
#pragma once

#include <QtWidgets/QCheckBox>
#include <QtWidgets/QComboBox>
#include <memory>

#include "gui/canvas.hpp"
#include "gui/documents.hpp"
#include "gui/link.hpp"
#include "gui/page.hpp"
#include "gui/scene/heatmap_scene.hpp"
#include "gui/step_slider.hpp"

namespace pregate {

class HeatmapCanvas : public Canvas {
  Q_OBJECT

 public:
  explicit HeatmapCanvas(HeatmapData& source, QWidget* parent = nullptr);

  void show_options(const HeatmapOptions& options);
  void show_brush(CellChoice brush);
  [[nodiscard]] const HeatmapScene& scene() const { return *scene_; }

 signals:
  void chosen(const pregate::CellChoice& cells);  // by a drag; empty: a click on nothing

 protected:
  Picture make_picture(int width, int height) override;
  [[nodiscard]] QString tip(const Mark& mark) const override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  HeatmapData& data_;
  std::unique_ptr<HeatmapScene> scene_;
  HeatmapMarks marks_;
  QPoint pressed_;
};

class HeatmapPage : public Page {
  Q_OBJECT

 public:
  // The link outlives it.
  HeatmapPage(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent = nullptr);
  HeatmapPage(std::shared_ptr<const RouteDocument> document, Link& link, QWidget* parent = nullptr);

  [[nodiscard]] HeatmapCanvas& canvas() { return *canvas_; }
  [[nodiscard]] StepSlider& slider() { return *slider_; }
  [[nodiscard]] const HeatmapOptions& options() const { return options_; }
  void set_options(const HeatmapOptions& options);

  [[nodiscard]] bool can(Act act) const override;
  void act(Act act) override;
  [[nodiscard]] Picture picture_of(QSize size) override;
  [[nodiscard]] std::string csv() const override;
  [[nodiscard]] bool has_table() const override { return true; }
  [[nodiscard]] QString status() const override;

 private:
  HeatmapPage(std::unique_ptr<HeatmapData> source, Link& link, QWidget* parent);
  void make_controls();
  QComboBox* add_choice(QLayout& row, const QString& name, const QStringList& words);
  void read_controls();
  void show_controls();
  void refresh();
  void choose(const CellChoice& cells);
  void clicked_on(const Mark& mark, Qt::KeyboardModifiers modifiers);
  void follow_area();
  void next_measure();

  std::unique_ptr<HeatmapData> data_;
  Link& link_;
  HeatmapOptions options_;
  HeatmapCanvas* canvas_;
  StepSlider* slider_;
  QWidget* controls_;
  QComboBox* measure_ = nullptr;
  QComboBox* phases_ = nullptr;
  QComboBox* rows_ = nullptr;
  QComboBox* scaling_ = nullptr;
  QComboBox* order_ = nullptr;
  QCheckBox* logarithmic_ = nullptr;
  QCheckBox* sharing_ = nullptr;
  QString under_mouse_;
  bool showing_ = false;  // the controls are being set, not used
};

}  // namespace pregate
