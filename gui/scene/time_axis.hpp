// SPDX-License-Identifier: Apache-2.0
// Ticks of a ruler: at round times, far enough apart to be read. A tick at a multiple of a thousand of the
// unit says the whole time ("13 s"), the ones behind it what is added ("+200 ms"), so that labels stay short
// at any zoom.
#pragma once

#include <string>
#include <vector>

#include "gui/scene/time_span.hpp"

namespace pregate {

struct Tick {
  std::int64_t at = 0;
  std::string label;   // empty: a small tick between two
  bool whole = false;  // the label says the whole time

  friend bool operator==(const Tick&, const Tick&) = default;
};

struct TimeAxis {
  std::vector<Tick> ticks;  // in order, within the view
  std::string base;         // what the labels in front of the first whole one add to; empty: none is needed
};

// Of a view that is not empty, `width` pixels wide, labels at least `apart` pixels apart.
TimeAxis time_axis(TimeSpan view, int width, int apart = 90);

// A time in its largest unit, to the resolution: 12345678 us to a ms is "12.346 s".
std::string time_text(std::int64_t ps, std::int64_t resolution = 1);

}  // namespace pregate
