// SPDX-License-Identifier: Apache-2.0
// A run: verdict, timeline, heatmap and, once a second run is given, the comparison; below them what is known
// of the selected item, of the selected area, and what a search finds.
#pragma once

#include <memory>

#include "gui/document_view.hpp"
#include "gui/documents.hpp"
#include "gui/link.hpp"

namespace pregate {

class RunView : public DocumentView {
  Q_OBJECT

 public:
  explicit RunView(std::shared_ptr<const RunDocument> document, QWidget* parent = nullptr);

  [[nodiscard]] const RunDocument& run_document() const { return *document_; }
  [[nodiscard]] std::string scenario_text() const override;
  void compare_with(std::shared_ptr<const RunDocument> other);

 private:
  std::shared_ptr<const RunDocument> document_;
  Link link_;
};

}  // namespace pregate
