// SPDX-License-Identifier: Apache-2.0
#include "gui/shipped_files.hpp"

#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QProcess>

#include "gui/command_job.hpp"

namespace pregate {
namespace {

QString verb_of(ShippedFiles::Kind kind) {
  switch (kind) {
    case ShippedFiles::Kind::scenario:
      return "scenarios";
    case ShippedFiles::Kind::device:
      return "devices";
    case ShippedFiles::Kind::model:
      break;
  }
  return "models";
}

// What a text document may have at most, and a byte more, so that its reader refuses it.
constexpr qint64 kMostText = (qint64{1} << 20) + 1;

}  // namespace

ShippedFiles::~ShippedFiles() {
  // Nobody waits for their answers any more.
  for (QProcess* process : findChildren<QProcess*>()) {
    process->disconnect();
    process->kill();
    process->waitForFinished(2000);
  }
}

void ShippedFiles::ask(const QStringList& arguments, const std::function<void(const QJsonDocument&)>& take) {
  auto* process = new QProcess(this);
  connect(process, &QProcess::finished, this, [process, take] {
    take(QJsonDocument::fromJson(process->readAllStandardOutput()));
    process->deleteLater();
  });
  connect(process, &QProcess::errorOccurred, process, [process](QProcess::ProcessError error) {
    if (error == QProcess::FailedToStart) process->deleteLater();
  });
  process->setStandardInputFile(QProcess::nullDevice());
  process->start(CommandJob::program(), arguments);
}

void ShippedFiles::start() {
  for (const Kind kind : {Kind::scenario, Kind::device, Kind::model}) list(kind);
}

void ShippedFiles::list(Kind kind) {
  ask({verb_of(kind), "--json"}, [this, kind](const QJsonDocument& json) {
    const QJsonArray entries = json.array();
    for (const QJsonValue& entry : entries) {
      const QString name = entry[kind == Kind::device ? "id" : "name"].toString();
      if (name.isEmpty()) continue;
      names_[static_cast<int>(kind)].append(name);
      if (kind == Kind::model && entry["weights"].isString()) with_weights_.append(name);
      if (entry["text"].isString()) texts_[static_cast<int>(kind)][name] = entry["text"].toString();
    }
    emit names_found();
  });
}

QString ShippedFiles::text(Kind kind, const QString& name_or_file) {
  QMap<QString, QString>& known = texts_[static_cast<int>(kind)];
  if (known.contains(name_or_file)) return known[name_or_file];
  if (!names(kind).contains(name_or_file)) {
    QFile file(name_or_file);
    if (!QFileInfo(name_or_file).isFile() || !file.open(QIODevice::ReadOnly)) return {};
    return QString::fromUtf8(file.read(kMostText));
  }
  known[name_or_file] = QString();  // asked once
  ask({verb_of(kind), name_or_file, "--json"}, [this, kind, name_or_file](const QJsonDocument& json) {
    texts_[static_cast<int>(kind)][name_or_file] = json["text"].toString();
    emit text_found();
  });
  return {};
}

}  // namespace pregate
