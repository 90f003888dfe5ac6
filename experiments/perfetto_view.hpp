// SPDX-License-Identifier: Apache-2.0
// What a Perfetto trace holds, as text and JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "traces/perfetto_tracks.hpp"

namespace pregate {

// "12 tracks, 34,567 slices, ...", without a line end.
std::string text_of(const PerfettoCounts& counts);
nlohmann::ordered_json json_of(const PerfettoCounts& counts);

}  // namespace pregate
