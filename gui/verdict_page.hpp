// SPDX-License-Identifier: Apache-2.0
// The first page of a run: its verdict (scene/verdict.hpp), which scrolls. Links go to the timeline.
#pragma once

#include <memory>

#include "gui/card_area.hpp"
#include "gui/documents.hpp"
#include "gui/link.hpp"
#include "gui/page.hpp"
#include "gui/scene/verdict.hpp"

namespace pregate {

class VerdictPage : public Page {
  Q_OBJECT

 public:
  // The link outlives it.
  VerdictPage(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent = nullptr);

  void set_counterfactuals(CounterfactualState state);
  [[nodiscard]] const CounterfactualState& counterfactuals() const { return state_; }
  [[nodiscard]] CardCanvas& canvas() { return area_->canvas(); }

  [[nodiscard]] bool can(Act act) const override;
  void act(Act act) override;
  [[nodiscard]] Picture picture_of(QSize size) override;
  [[nodiscard]] std::string csv() const override { return csv_of(area_->page()); }
  [[nodiscard]] bool has_table() const override { return true; }
  [[nodiscard]] QString status() const override;
  // What is copied.
  [[nodiscard]] QString text() const;

 signals:
  void counterfactuals_wanted();
  void counterfactuals_cancelled();

 private:
  void follow(const Target& target);

  std::shared_ptr<const RunDocument> document_;
  Link& link_;
  CounterfactualState state_;
  CardArea* area_;
};

}  // namespace pregate
