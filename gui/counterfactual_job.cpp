// SPDX-License-Identifier: Apache-2.0
#include "gui/counterfactual_job.hpp"

#include <utility>

namespace pregate {

CounterfactualJob::CounterfactualJob(std::shared_ptr<const RunDocument> document, QObject* parent)
    : QObject(parent), document_(std::move(document)) {}

void CounterfactualJob::start() {
  if (state_.stage == CounterfactualState::Stage::running) return;
  auto scenario = ScenarioFile::make(document_->run.header.scenario_text, document_->path);
  if (!scenario) return fail(scenario.error().message());
  scenario_ = std::move(*scenario);
  job_ = std::make_unique<CommandJob>(CommandRequest{
      .arguments =
          QStringList{"run"} + scenario_->arguments() + QStringList{"--what-if", "--json", "--no-baseline"},
      .output_file = {},
      .title = tr("What would help")});
  connect(job_.get(), &CommandJob::progressed, this, [this] {
    state_.simulated = job_->progress().done;
    state_.all = job_->progress().total;
    emit changed();
  });
  connect(job_.get(), &CommandJob::finished, this, &CounterfactualJob::end);
  state_ = {.stage = CounterfactualState::Stage::running};
  emit changed();
  job_->start();
}

void CounterfactualJob::cancel() {
  if (job_ != nullptr) job_->cancel();
}

void CounterfactualJob::end() {
  if (job_->state() == CommandJob::State::cancelled) {
    state_ = {};
    emit changed();
    return;
  }
  if (job_->state() != CommandJob::State::done) return fail(job_->error_line().toStdString());
  auto list = parse_counterfactuals(job_->output().toStdString());
  if (!list) return fail(list.error().message());
  state_ = {.stage = CounterfactualState::Stage::done, .list = std::move(*list)};
  emit changed();
}

void CounterfactualJob::fail(const std::string& message) {
  state_ = {.stage = CounterfactualState::Stage::failed, .message = message};
  emit changed();
}

}  // namespace pregate
