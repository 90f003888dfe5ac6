// SPDX-License-Identifier: Apache-2.0
// Asks the command what would make a run faster (`pregate run SCENARIO --what-if --json`), and says how far
// it is.
#pragma once

#include <QtCore/QObject>
#include <memory>

#include "gui/command_job.hpp"
#include "gui/documents.hpp"
#include "gui/scenario_file.hpp"
#include "gui/scene/counterfactuals.hpp"

namespace pregate {

class CounterfactualJob : public QObject {
  Q_OBJECT

 public:
  explicit CounterfactualJob(std::shared_ptr<const RunDocument> document, QObject* parent = nullptr);

  void start();
  void cancel();
  [[nodiscard]] const CounterfactualState& state() const { return state_; }

 signals:
  void changed();

 private:
  void end();
  void fail(const std::string& message);

  std::shared_ptr<const RunDocument> document_;
  std::shared_ptr<ScenarioFile> scenario_;
  std::unique_ptr<CommandJob> job_;
  CounterfactualState state_;
};

}  // namespace pregate
