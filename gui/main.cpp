// SPDX-License-Identifier: Apache-2.0
#include <QtWidgets/QApplication>

int main(int argc, char** argv) {
  const QApplication application(argc, argv);
  return 0;
}
