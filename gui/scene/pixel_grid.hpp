// SPDX-License-Identifier: Apache-2.0
// The pixel columns of a stretch of time, in whole picoseconds: column k holds the times from edge(k) up to
// edge(k + 1), so that a time lies in exactly one column and everybody agrees in which.
//
//   const PixelGrid grid({0, 1'000'000}, 1920);
//   grid.column_of(500'000);  // 960
#pragma once

#include <cstdint>
#include <vector>

#include "gui/scene/time_span.hpp"

namespace pregate {

class PixelGrid {
 public:
  // A span that is not empty, at least one column.
  PixelGrid(TimeSpan span, int columns);

  [[nodiscard]] const TimeSpan& span() const { return span_; }
  [[nodiscard]] int columns() const { return static_cast<int>(edges_.size()) - 1; }
  // The first time of column k; edge(columns()) is the end. Equal edges: a column of less than a picosecond.
  [[nodiscard]] std::int64_t edge(int k) const { return edges_[static_cast<std::size_t>(k)]; }
  // -1 before the first column, columns() at the end and after it.
  [[nodiscard]] int column_of(std::int64_t time) const;

  friend bool operator==(const PixelGrid& a, const PixelGrid& b) {
    return a.span_ == b.span_ && a.columns() == b.columns();
  }

 private:
  TimeSpan span_;
  std::vector<std::int64_t> edges_;
  double columns_per_ps_;
};

}  // namespace pregate
