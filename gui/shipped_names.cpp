// SPDX-License-Identifier: Apache-2.0
#include "gui/shipped_names.hpp"

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QProcess>

#include "gui/command_job.hpp"

namespace pregate {

NameLookup::NameLookup(QObject* parent) : QObject(parent) {}

void NameLookup::start() {
  ask("devices");
  ask("models");
}

void NameLookup::ask(const QString& verb) {
  auto* process = new QProcess(this);
  connect(process, &QProcess::finished, this, [this, process, verb] {
    take(verb, process->readAllStandardOutput());
    process->deleteLater();
  });
  connect(process, &QProcess::errorOccurred, process, [process](QProcess::ProcessError error) {
    if (error == QProcess::FailedToStart) process->deleteLater();
  });
  process->start(CommandJob::program(), {verb, "--json"});
}

void NameLookup::take(const QString& verb, const QByteArray& json) {
  const bool devices = verb == "devices";
  const QJsonArray entries = QJsonDocument::fromJson(json).array();
  for (const QJsonValue& entry : entries) {
    const QString name = entry[devices ? "id" : "name"].toString();
    if (name.isEmpty()) continue;
    (devices ? names_.devices : names_.models).append(name);
    if (!devices && !entry["weights"].isNull()) names_.models_with_weights.append(name);
  }
  emit found();
}

}  // namespace pregate
