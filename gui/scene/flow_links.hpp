// SPDX-License-Identifier: Apache-2.0
// What one item of a run hands to another: the load that a stall waited for, the stall and the operator that
// a load served. Drawn as arrows from the selected item.
#pragma once

#include <vector>

#include "gui/scene/run_tracks.hpp"

namespace pregate {

struct FlowLink {
  Target from, to;
  friend bool operator==(const FlowLink&, const FlowLink&) = default;
};

std::vector<FlowLink> links_of(const RunTracks& tracks, const Target& target);

// The load that brought what an operator used; invalid: none is recorded.
LoadId load_behind(const RunTracks& tracks, std::uint64_t operation);

}  // namespace pregate
