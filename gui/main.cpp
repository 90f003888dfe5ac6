// SPDX-License-Identifier: Apache-2.0
#include <QtWidgets/QApplication>

#include "gui/appearance.hpp"
#include "gui/main_window.hpp"

int main(int argc, char** argv) {
  const QApplication application(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("pregate"));
  QApplication::setApplicationName(QStringLiteral("pregate-view"));
  QApplication::setStyle(QStringLiteral("Fusion"));
  pregate::Appearance::instance().apply();
  pregate::MainWindow window;
  for (const QString& path : QApplication::arguments().mid(1)) window.open(path);
  window.show();
  return QApplication::exec();
}
