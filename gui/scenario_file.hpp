// SPDX-License-Identifier: Apache-2.0
// The scenario of a run as a file that the command takes again. The paths in it are as they were where the
// run was made, and relative ones lead nowhere from elsewhere: they are looked for and set anew.
#pragma once

#include <QtCore/QStringList>
#include <QtCore/QTemporaryDir>
#include <memory>
#include <string>

#include "traces/base/result.hpp"

namespace pregate {

// --set assignments of the files that a scenario names, where they are now. `beside`: the file of the run.
Result<QStringList> files_of_scenario(const std::string& scenario_text, const std::string& beside);

class ScenarioFile {
 public:
  // `beside`: the file of the run. Errors: no room for the file; a routing trace that is in neither the
  // viewer's folder nor that of the run or those above it.
  static Result<std::shared_ptr<ScenarioFile>> make(const std::string& scenario_text,
                                                    const std::string& beside);

  // What `pregate run` takes: the file, and what is set beside it.
  [[nodiscard]] QStringList arguments() const;

 private:
  [[nodiscard]] QString path() const { return folder_.filePath(QStringLiteral("run.scenario.textproto")); }

  QTemporaryDir folder_;
  QStringList set_;
};

}  // namespace pregate
