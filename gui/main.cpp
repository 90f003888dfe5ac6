// SPDX-License-Identifier: Apache-2.0
#include <QtWidgets/QApplication>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "gui/appearance.hpp"
#include "gui/arguments.hpp"
#include "gui/main_window.hpp"
#include "gui/render.hpp"
#include "gui/viewer_style.hpp"

namespace pregate {
namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "pregate-view: %s\n", error.message().c_str());
  return error.kind == Error::Kind::run_failed ? 1 : 2;
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// Qt ends the process without a word that helps when there is no display.
bool has_display() {
  return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("QT_QPA_PLATFORM");
}

void name_application() {
  QApplication::setOrganizationName(QStringLiteral("pregate"));
  QApplication::setApplicationName(QStringLiteral("pregate-view"));
  QApplication::setApplicationVersion(QStringLiteral(PREGATE_VERSION));
}

int draw(int argc, char** argv, const RenderRequest& request) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  const QApplication application(argc, argv);
  name_application();
  const Status drawn = render(request);
  return drawn ? 0 : complain(drawn.error());
}

int show(int argc, char** argv, const Arguments& arguments) {
  if (!has_display()) {
    return complain(
        run_failed({}, "a display (DISPLAY or WAYLAND_DISPLAY), or --render, which needs none", "none"));
  }
  const QApplication application(argc, argv);
  name_application();
  QApplication::setStyle(new ViewerStyle);
  Appearance::instance().apply();
  MainWindow window;
  for (const std::string& path : arguments.files) window.open(QString::fromStdString(path));
  if (!arguments.compare_with.empty()) {
    window.open_compared(QString::fromStdString(arguments.files.front()),
                         QString::fromStdString(arguments.compare_with));
  }
  window.show();
  return QApplication::exec();
}

int run(int argc, char** argv) {
  QStringList given;
  for (int i = 1; i < argc; ++i) given.append(QString::fromLocal8Bit(argv[i]));
  const auto arguments = parse_arguments(given);
  if (!arguments) return complain(arguments.error());
  if (arguments->help || arguments->version) {
    std::fputs(arguments->help ? help_text().c_str() : "pregate-view " PREGATE_VERSION "\n", stdout);
    return 0;
  }
  return arguments->render ? draw(argc, argv, *arguments->render) : show(argc, argv, *arguments);
}

}  // namespace
}  // namespace pregate

int main(int argc, char** argv) {
  try {
    return pregate::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pregate-view: %s\n", error.what());
    return 1;
  }
}
