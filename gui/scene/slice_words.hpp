// SPDX-License-Identifier: Apache-2.0
// What is written on a slice, and what a tooltip says of it. Why something happened is told elsewhere.
#pragma once

#include <string>

#include "gui/scene/run_tracks.hpp"

namespace pregate {

// On a slice so many pixels wide: the longer or the shorter of two forms, or nothing.
std::string label_of(const RunTracks& tracks, const Slice& slice, int width);

// Lines: what it is, when, how long, how much. `merged`: slices that share the pixel.
std::string describe(const RunTracks& tracks, const Target& target, std::uint32_t merged = 1);

std::string_view words_of(StallCause cause);   // "late prefetch"
std::string_view words_of(OperatorKind kind);  // "shared experts"

}  // namespace pregate
