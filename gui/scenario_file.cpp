// SPDX-License-Identifier: Apache-2.0
#include "gui/scenario_file.hpp"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>

#include "traces/scenario.hpp"

namespace pregate {
namespace {

constexpr int kMostFoldersUp = 8;

// Where `path` leads to a file, from here, from the run or from a folder above it; null: nowhere.
QString find_file(const QString& path, const QString& beside) {
  if (QFileInfo::exists(path)) return QFileInfo(path).absoluteFilePath();
  QDir folder = QFileInfo(beside).absoluteDir();
  for (int up = 0; up < kMostFoldersUp; ++up) {
    if (QFileInfo::exists(folder.filePath(path))) return folder.absoluteFilePath(path);
    if (!folder.cdUp()) break;
  }
  return {};
}

}  // namespace

Result<QStringList> files_of_scenario(const std::string& scenario_text, const std::string& beside) {
  const auto document = ScenarioDocument::parse({"scenario", scenario_text});
  if (!document) return document.error().at(beside);
  QStringList set;
  for (const char* field : {"workload.trace", "workload.forward.prompt_file"}) {
    const std::string path = document->has(field) ? document->text_at(field) : std::string();
    if (path.empty()) continue;
    const QString found = find_file(QString::fromStdString(path), QString::fromStdString(beside));
    if (found.isNull()) {
      return bad_input("the file that the run was made of, here or beside the run", "\"" + path + "\"", field)
          .at(beside);
    }
    set << QStringLiteral("--set") << QStringLiteral("%1=%2").arg(QLatin1String(field), found);
  }
  return set;
}

QStringList ScenarioFile::arguments() const {
  return QStringList{path()} + set_;
}

Result<std::shared_ptr<ScenarioFile>> ScenarioFile::make(const std::string& scenario_text,
                                                         const std::string& beside) {
  auto made = std::make_shared<ScenarioFile>();
  auto set = files_of_scenario(scenario_text, beside);
  if (!set) return set.error();
  made->set_ = std::move(*set);
  QFile file(made->path());
  const auto size = static_cast<qint64>(scenario_text.size());
  if (!file.open(QIODevice::WriteOnly) || file.write(scenario_text.data(), size) != size || !file.flush()) {
    return run_failed(made->path().toStdString(), "room for a scenario", file.errorString().toStdString());
  }
  return made;
}

}  // namespace pregate
