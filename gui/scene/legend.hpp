// SPDX-License-Identifier: Apache-2.0
// What the colours of a run's timeline mean: only those that occur in it.
#pragma once

#include <string_view>
#include <vector>

#include "gui/scene/picture.hpp"
#include "gui/scene/run_tracks.hpp"

namespace pregate {

struct LegendEntry {
  Ink ink = Ink::none;
  std::string_view words;
};

std::vector<LegendEntry> legend_of(const RunTracks& tracks);
// In lines of the width; zero for an empty legend.
int legend_height(const std::vector<LegendEntry>& entries, int width);
void draw_legend(Picture& picture, const std::vector<LegendEntry>& entries, int left, int top, int width);
// The states of an expert's lane.
std::vector<LegendEntry> life_legend();

}  // namespace pregate
