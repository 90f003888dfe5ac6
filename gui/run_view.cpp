// SPDX-License-Identifier: Apache-2.0
#include "gui/run_view.hpp"

namespace pregate {

RunView::RunView(std::shared_ptr<const RunDocument> document, QWidget* parent)
    : DocumentView(document->path, parent), document_(std::move(document)) {}

std::string RunView::scenario_text() const {
  return document_->run.header.scenario_text;
}

void RunView::compare_with(std::shared_ptr<const RunDocument> /*other*/) {}

}  // namespace pregate
