// SPDX-License-Identifier: Apache-2.0
// A run: verdict, timeline, heatmap and, once a second run is given, the comparison; below them what is known
// of the selected item, of the selected area, and what a search finds.
#pragma once

#include <QtWidgets/QTabWidget>
#include <memory>

#include "gui/area_panel.hpp"
#include "gui/counterfactual_job.hpp"
#include "gui/details_panel.hpp"
#include "gui/document_view.hpp"
#include "gui/documents.hpp"
#include "gui/link.hpp"
#include "gui/scene/run_pair.hpp"
#include "gui/search_panel.hpp"
#include "gui/timeline_view.hpp"
#include "gui/verdict_page.hpp"

namespace pregate {

class RunView : public DocumentView {
  Q_OBJECT

 public:
  explicit RunView(std::shared_ptr<const RunDocument> document, QWidget* parent = nullptr);

  [[nodiscard]] const std::shared_ptr<const RunDocument>& document_of_run() const { return document_; }
  [[nodiscard]] bool can(Act act) const override;
  void act(Act act) override;
  [[nodiscard]] std::string scenario_text() const override { return document_->run.header.scenario_text; }
  [[nodiscard]] Link& link() { return link_; }
  [[nodiscard]] const DetailsPanel& details() const { return *details_; }
  [[nodiscard]] const AreaPanel& area() const { return *area_; }
  [[nodiscard]] SearchPanel& search() { return *search_; }
  [[nodiscard]] VerdictPage& verdict() { return *verdict_; }
  [[nodiscard]] TimelineView& timeline() { return *timeline_; }
  // Shows it as a page of its own; another one takes its place.
  void compare_with(std::shared_ptr<const RunDocument> other, std::shared_ptr<const RunPair> pair);

 private:
  void add_pages();
  void add_panels();
  void show_panels();

  std::shared_ptr<const RunDocument> document_;
  Link link_;
  CounterfactualJob what_if_;
  VerdictPage* verdict_;
  TimelineView* timeline_;
  QTabWidget* panels_;
  DetailsPanel* details_;
  AreaPanel* area_;
  SearchPanel* search_;
  bool panels_on_timeline_ = true, panels_elsewhere_ = false;
};

}  // namespace pregate
