// SPDX-License-Identifier: Apache-2.0
// A page of cards (scene/card.hpp) that scrolls: as wide as the widget, as high as its content.
#pragma once

#include <QtWidgets/QScrollArea>

#include "gui/canvas.hpp"
#include "gui/scene/card.hpp"

namespace pregate {

class CardCanvas : public Canvas {
  Q_OBJECT

 public:
  using Canvas::Canvas;
  void set_page(CardPage page);
  [[nodiscard]] const CardPage& page() const { return page_; }
  void lay_out(int width);

 protected:
  Picture make_picture(int width, int height) override;
  [[nodiscard]] QString tip(const Mark& mark) const override;

 private:
  CardPage page_;
};

class CardArea : public QScrollArea {
  Q_OBJECT

 public:
  explicit CardArea(QWidget* parent = nullptr);

  void set_page(CardPage page);
  [[nodiscard]] const CardPage& page() const { return canvas_->page(); }
  [[nodiscard]] CardCanvas& canvas() { return *canvas_; }
  void scroll(int lines);

 signals:
  void followed(const pregate::Target& target);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  CardCanvas* canvas_;
};

}  // namespace pregate
