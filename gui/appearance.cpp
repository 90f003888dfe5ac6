// SPDX-License-Identifier: Apache-2.0
#include "gui/appearance.hpp"

#include <QtCore/QSettings>
#include <QtGui/QPalette>
#include <QtWidgets/QApplication>
#include <QtWidgets/QToolTip>
#include <algorithm>

#include "gui/scene/painter.hpp"

namespace pregate {
namespace {

const QString kDark = QStringLiteral("appearance/dark");
const QString kScale = QStringLiteral("appearance/scale");

QPalette palette_of(const Theme& theme) {
  QPalette palette;
  const QColor text = theme.color(Ink::text), panel = theme.color(Ink::panel);
  palette.setColor(QPalette::Window, panel);
  palette.setColor(QPalette::Base, theme.color(Ink::background));
  palette.setColor(QPalette::AlternateBase, theme.color(Ink::stripe));
  palette.setColor(QPalette::Button, panel);
  palette.setColor(QPalette::ToolTipBase, panel);
  for (const auto role :
       {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText}) {
    palette.setColor(role, text);
  }
  palette.setColor(QPalette::PlaceholderText, theme.color(Ink::text_dim));
  palette.setColor(QPalette::Highlight, theme.color(Ink::selection));
  palette.setColor(QPalette::HighlightedText, Theme::text_on(theme.color(Ink::selection)));
  palette.setColor(QPalette::Link, theme.color(Ink::link));
  palette.setColor(QPalette::LinkVisited, theme.color(Ink::link));
  palette.setColor(QPalette::Mid, theme.color(Ink::grid));
  palette.setColor(QPalette::Dark, theme.color(Ink::grid));
  palette.setColor(QPalette::Light, theme.is_dark() ? panel.lighter(120) : QColor(Qt::white));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
    palette.setColor(QPalette::Disabled, role, theme.color(Ink::axis));
  }
  return palette;
}

}  // namespace

Appearance& Appearance::instance() {
  static Appearance appearance;
  return appearance;
}

Appearance::Appearance()
    : dark_(QSettings().value(kDark, false).toBool()),
      scale_(std::clamp(QSettings().value(kScale, 1.0).toDouble(), 0.75, 3.0)) {}

const Theme& Appearance::theme() const {
  return dark_ ? Theme::dark() : Theme::light();
}

void Appearance::set_dark(bool dark) {
  dark_ = dark;
  QSettings().setValue(kDark, dark);
  apply();
}

void Appearance::set_scale(double scale) {
  scale_ = std::clamp(scale, 0.75, 3.0);
  QSettings().setValue(kScale, scale_);
  apply();
}

void Appearance::apply() {
  QFont font = font_of(TextSize::normal, false);
  font.setPixelSize(static_cast<int>(font.pixelSize() * scale_));
  QApplication::setFont(font);
  QApplication::setPalette(palette_of(theme()));
  QToolTip::setPalette(palette_of(theme()));
  emit changed();
}

}  // namespace pregate
