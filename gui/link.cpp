// SPDX-License-Identifier: Apache-2.0
#include "gui/link.hpp"

#include <algorithm>

namespace pregate {
namespace {

template <typename Id>
void sort_unique(std::vector<Id>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

void Link::set_area(std::optional<TimeSpan> area) {
  if (area && area->empty()) area.reset();
  if (area_ == area) return;
  area_ = area;
  emit area_changed();
}

void Link::select(const Target& target) {
  if (selected_ == target) return;
  selected_ = target;
  emit selected_changed();
}

void Link::set_brush(Brush brush) {
  sort_unique(brush.experts);
  sort_unique(brush.layers);
  if (brush_ == brush) return;
  brush_ = std::move(brush);
  emit brush_changed();
}

void Link::show(const Target& target) {
  select(target);
  emit shown(target);
}

void Link::clear() {
  set_area(std::nullopt);
  select({});
  set_brush({});
}

}  // namespace pregate
