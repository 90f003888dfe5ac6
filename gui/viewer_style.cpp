// SPDX-License-Identifier: Apache-2.0
#include "gui/viewer_style.hpp"

#include <QtGui/QPainter>
#include <QtWidgets/QStyleOption>

#include "gui/appearance.hpp"

namespace pregate {

ViewerStyle::ViewerStyle() : QProxyStyle(QStringLiteral("Fusion")) {}

void ViewerStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                                const QWidget* widget) const {
  QProxyStyle::drawPrimitive(element, option, painter, widget);
  if (element != PE_IndicatorCheckBox && element != PE_IndicatorRadioButton) return;
  painter->save();
  painter->setPen(Appearance::instance().theme().color(Ink::axis));
  painter->setBrush(Qt::NoBrush);
  if (element == PE_IndicatorCheckBox) {
    painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
  } else {
    painter->setRenderHint(QPainter::Antialiasing);
    painter->drawEllipse(QRectF(option->rect).adjusted(0.5, 0.5, -0.5, -0.5));
  }
  painter->restore();
}

}  // namespace pregate
