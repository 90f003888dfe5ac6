// SPDX-License-Identifier: Apache-2.0
// A routing trace: its heatmap. It has no times.
#pragma once

#include <memory>

#include "gui/document_view.hpp"
#include "gui/documents.hpp"
#include "gui/link.hpp"

namespace pregate {

class RouteView : public DocumentView {
  Q_OBJECT

 public:
  explicit RouteView(std::shared_ptr<const RouteDocument> document, QWidget* parent = nullptr);

 private:
  std::shared_ptr<const RouteDocument> document_;
  Link link_;
};

}  // namespace pregate
