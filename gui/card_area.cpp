// SPDX-License-Identifier: Apache-2.0
#include "gui/card_area.hpp"

#include <QtWidgets/QScrollBar>

#include "gui/appearance.hpp"

namespace pregate {

void CardCanvas::set_page(CardPage page) {
  page_ = std::move(page);
  lay_out(width());
}

void CardCanvas::lay_out(int width) {
  const double scale = Appearance::instance().scale();
  const Picture laid_out = picture_of(page_, static_cast<int>(width / scale));
  setFixedHeight(static_cast<int>(laid_out.height * scale));
  refresh();
}

Picture CardCanvas::make_picture(int width, int height) {
  return picture_of(page_, width, height);
}

QString CardCanvas::tip(const Mark& mark) const {
  return mark.target.kind == Target::Kind::action ? QString() : QStringLiteral("Show it on the timeline");
}

CardArea::CardArea(QWidget* parent) : QScrollArea(parent), canvas_(new CardCanvas) {
  setWidget(canvas_);
  setWidgetResizable(true);
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusProxy(canvas_);
  connect(canvas_, &Canvas::clicked, this, [this](const Mark& mark) { emit followed(mark.target); });
  connect(canvas_, &Canvas::hovered, this, [this](const Mark* mark) {
    canvas_->setCursor(mark == nullptr ? Qt::ArrowCursor : Qt::PointingHandCursor);
  });
  connect(&Appearance::instance(), &Appearance::changed, this,
          [this] { canvas_->lay_out(viewport()->width()); });
}

void CardArea::set_page(CardPage page) {
  canvas_->set_page(std::move(page));
}

void CardArea::scroll(int lines) {
  QScrollBar& bar = *verticalScrollBar();
  bar.setValue(bar.value() + lines * bar.singleStep());
}

void CardArea::resizeEvent(QResizeEvent* event) {
  QScrollArea::resizeEvent(event);
  canvas_->lay_out(viewport()->width());
}

}  // namespace pregate
