// SPDX-License-Identifier: Apache-2.0
#include "gui/route_view.hpp"

#include "gui/heatmap_view.hpp"

namespace pregate {

RouteView::RouteView(std::shared_ptr<const RouteDocument> document, QWidget* parent)
    : DocumentView(document->path, parent), document_(std::move(document)) {
  add_page(Act::show_heatmap, new HeatmapPage(document_, link_));
}

}  // namespace pregate
