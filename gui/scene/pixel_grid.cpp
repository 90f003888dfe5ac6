// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/pixel_grid.hpp"

#include "traces/base/check.hpp"
#include "traces/base/units.hpp"

namespace pregate {

PixelGrid::PixelGrid(TimeSpan span, int columns)
    : span_(span),
      columns_per_ps_(static_cast<double>(columns) /
                      (static_cast<double>(span.last) - static_cast<double>(span.first))) {
  check(!span.empty() && columns > 0, "a pixel grid has time and columns");
  edges_.reserve(static_cast<std::size_t>(columns) + 1);
  const Int128 length = Int128{span.last} - span.first;
  for (int k = 0; k <= columns; ++k) {
    edges_.push_back(static_cast<std::int64_t>(span.first + (length * k + columns - 1) / columns));
  }
}

int PixelGrid::column_of(std::int64_t time) const {
  if (time < span_.first) return -1;
  if (time >= span_.last) return columns();
  // The guess is off by a column at most where doubles round; the edges decide.
  int k = static_cast<int>((static_cast<double>(time) - static_cast<double>(span_.first)) * columns_per_ps_);
  k = std::clamp(k, 0, columns() - 1);
  while (k + 1 < columns() && edge(k + 1) <= time) ++k;
  while (k > 0 && edge(k) > time) --k;
  return k;
}

}  // namespace pregate
