// SPDX-License-Identifier: Apache-2.0
// The scenario of a run as a file that the command takes again. The paths in it are as they were where the
// run was made; the folder where they lead somewhere is looked for.
#pragma once

#include <QtCore/QString>
#include <QtCore/QTemporaryDir>
#include <memory>
#include <string>

#include "traces/base/result.hpp"

namespace pregate {

class ScenarioFile {
 public:
  // `beside`: the file of the run. Errors: no room for the file; a routing trace that is in neither the
  // viewer's folder nor that of the run or those above it.
  static Result<std::shared_ptr<ScenarioFile>> make(const std::string& scenario_text,
                                                    const std::string& beside);

  [[nodiscard]] QString path() const { return folder_.filePath(QStringLiteral("run.scenario.textproto")); }
  // Where the command has to run; empty: anywhere.
  [[nodiscard]] const QString& working_folder() const { return working_folder_; }

 private:
  QTemporaryDir folder_;
  QString working_folder_;
};

}  // namespace pregate
