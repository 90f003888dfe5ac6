// SPDX-License-Identifier: Apache-2.0
// Qt's Fusion, whose boxes and buttons to tick have a frame that can be seen on dark ground too.
#pragma once

#include <QtWidgets/QProxyStyle>

namespace pregate {

class ViewerStyle : public QProxyStyle {
  Q_OBJECT

 public:
  ViewerStyle();
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;
};

}  // namespace pregate
