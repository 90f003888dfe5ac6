// SPDX-License-Identifier: Apache-2.0
#include "gui/scenario_file.hpp"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>

#include "traces/scenario.hpp"

namespace pregate {
namespace {

constexpr int kMostFoldersUp = 8;

// The folder from which `path` leads to a file; null: none.
QString folder_of(const QString& path, const QString& beside) {
  if (QFileInfo::exists(path)) return QDir::currentPath();
  QDir folder = QFileInfo(beside).absoluteDir();
  for (int up = 0; up < kMostFoldersUp; ++up) {
    if (QFileInfo::exists(folder.filePath(path))) return folder.path();
    if (!folder.cdUp()) break;
  }
  return {};
}

Result<QString> working_folder_of(const std::string& scenario_text, const std::string& beside) {
  const auto document = ScenarioDocument::parse({"scenario", scenario_text});
  if (!document) return document.error().at(beside);
  for (const char* field : {"workload.trace", "workload.forward.prompt_file"}) {
    const std::string path = document->has(field) ? document->text_at(field) : std::string();
    if (path.empty()) continue;
    const QString folder = folder_of(QString::fromStdString(path), QString::fromStdString(beside));
    if (folder.isNull()) {
      return bad_input("the file that the run was made of, here or beside the run", "\"" + path + "\"", field)
          .at(beside);
    }
    return folder;
  }
  return QString();
}

}  // namespace

Result<std::shared_ptr<ScenarioFile>> ScenarioFile::make(const std::string& scenario_text,
                                                         const std::string& beside) {
  auto made = std::make_shared<ScenarioFile>();
  auto folder = working_folder_of(scenario_text, beside);
  if (!folder) return folder.error();
  made->working_folder_ = std::move(*folder);
  QFile file(made->path());
  const auto size = static_cast<qint64>(scenario_text.size());
  if (!file.open(QIODevice::WriteOnly) || file.write(scenario_text.data(), size) != size || !file.flush()) {
    return run_failed(made->path().toStdString(), "room for a scenario", file.errorString().toStdString());
  }
  return made;
}

}  // namespace pregate
