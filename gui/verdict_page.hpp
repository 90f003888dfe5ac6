// SPDX-License-Identifier: Apache-2.0
// The first page of a run: its verdict (scene/verdict.hpp), which scrolls. Links go to the timeline.
#pragma once

#include <QtWidgets/QScrollArea>
#include <memory>

#include "gui/canvas.hpp"
#include "gui/documents.hpp"
#include "gui/link.hpp"
#include "gui/page.hpp"
#include "gui/scene/verdict.hpp"

namespace pregate {

class VerdictCanvas : public Canvas {
  Q_OBJECT

 public:
  explicit VerdictCanvas(const CardPage& page, QWidget* parent = nullptr);
  // The content has changed, or the width that it has.
  void lay_out(int width);

 protected:
  Picture make_picture(int width, int height) override;
  [[nodiscard]] QString tip(const Mark& mark) const override;

 private:
  const CardPage& page_;
};

class VerdictPage : public Page {
  Q_OBJECT

 public:
  // The link outlives it.
  VerdictPage(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent = nullptr);

  void set_counterfactuals(CounterfactualState state);
  [[nodiscard]] const CounterfactualState& counterfactuals() const { return state_; }
  [[nodiscard]] VerdictCanvas& canvas() { return *canvas_; }

  [[nodiscard]] bool can(Act act) const override;
  void act(Act act) override;
  [[nodiscard]] Picture picture_of(QSize size) override;
  [[nodiscard]] std::string csv() const override { return csv_of(page_); }
  [[nodiscard]] QString status() const override;
  // What is copied.
  [[nodiscard]] QString text() const;

 signals:
  void counterfactuals_wanted();
  void counterfactuals_cancelled();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void follow(const Target& target);
  void scroll(int lines);

  std::shared_ptr<const RunDocument> document_;
  Link& link_;
  CounterfactualState state_;
  CardPage page_;
  QScrollArea* area_;
  VerdictCanvas* canvas_;
};

}  // namespace pregate
