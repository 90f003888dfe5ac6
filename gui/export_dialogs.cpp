// SPDX-License-Identifier: Apache-2.0
#include "gui/export_dialogs.hpp"

#include <QtCore/QFileInfo>
#include <QtCore/QPointer>
#include <QtCore/QRegularExpression>
#include <QtCore/QSaveFile>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QMessageBox>

#include "gui/appearance.hpp"
#include "gui/scene/painter.hpp"

namespace pregate {
namespace {

QString beside(const std::string& path, const QString& ending) {
  const QFileInfo file(QString::fromStdString(path));
  return file.absolutePath() + u'/' + file.completeBaseName() + ending;
}

void complain(QWidget* parent, const QString& what) {
  QMessageBox::warning(parent, QObject::tr("It could not be saved"), what);
}

// Asks where to write; a name without an ending gets that of the kind that was chosen.
QString ask_to_save(QWidget* parent, const QString& title, const QString& suggested, const QString& kinds) {
  QString kind;
  const QString name = QFileDialog::getSaveFileName(parent, title, suggested, kinds, &kind);
  if (name.isEmpty() || !QFileInfo(name).suffix().isEmpty()) return name;
  static const QRegularExpression kEnding(QStringLiteral("\\*(\\.\\w+)"));
  return name + kEnding.match(kind.isEmpty() ? kinds : kind).captured(1);
}

}  // namespace

QStringList ask_for_files(QWidget* parent) {
  return QFileDialog::getOpenFileNames(
      parent, QObject::tr("Open"), {},
      QObject::tr("Runs, traces and sweeps (*.run *.route *.csv *.jsonl *.db *.sqlite);;All files (*)"));
}

QString ask_for_run(QWidget* parent, const QString& title) {
  return QFileDialog::getOpenFileName(parent, title, {}, QObject::tr("Runs (*.run);;All files (*)"));
}

QString ask_for_perfetto(const QString& run, QWidget* parent) {
  return ask_to_save(parent, QObject::tr("Export for Perfetto"),
                     beside(run.toStdString(), QStringLiteral(".pftrace")),
                     QObject::tr("Perfetto traces (*.pftrace)"));
}

void ask_and_save_picture(Page& page, const std::string& path, QWidget* parent) {
  // While the dialog is open, a job that ends may close the document.
  const QPointer<Page> shown(&page);
  const QString name =
      ask_to_save(parent, QObject::tr("Export the picture"), beside(path, QStringLiteral(".png")),
                  QObject::tr("PNG (*.png);;SVG (*.svg);;PDF (*.pdf)"));
  if (name.isEmpty() || shown == nullptr) return;
  const double scale = parent->devicePixelRatioF() * Appearance::instance().scale();
  const Picture picture = page.picture_of(page.size() / Appearance::instance().scale());
  const Status saved = save_picture(picture, Appearance::instance().theme(), name.toStdString(), scale);
  if (!saved) complain(parent, QString::fromStdString(saved.error().message()));
}

void ask_and_save_table(Page& page, const std::string& path, QWidget* parent) {
  const QPointer<Page> shown(&page);
  const QString name = ask_to_save(parent, QObject::tr("Export the table"),
                                   beside(path, QStringLiteral(".csv")), QObject::tr("CSV (*.csv)"));
  if (name.isEmpty() || shown == nullptr) return;
  QSaveFile file(name);
  const std::string csv = page.csv();
  const bool written =
      file.open(QIODevice::WriteOnly) &&
      file.write(csv.data(), static_cast<qint64>(csv.size())) == static_cast<qint64>(csv.size()) &&
      file.commit();
  if (!written) complain(parent, QStringLiteral("%1: %2").arg(name, file.errorString()));
}

}  // namespace pregate
