// SPDX-License-Identifier: Apache-2.0
// The numbers of a comparison as cards: who is faster, where the time between the two went (a waterfall that
// sums exactly), what the scenarios say differently, layer by layer, side by side. The numbers and words are
// those of `pregate compare`.
#pragma once

#include "gui/scene/card.hpp"
#include "gui/scene/compare_scene.hpp"

namespace pregate {

CardPage comparison_of(const RunPair& pair);

// The lanes above, as high as they are in a window, and the cards below: what is exported. As high as it
// needs, at least `height`. The scene keeps its own size.
Picture picture_of_comparison(const CompareScene& scene, const CardPage& page, int width, int height);

}  // namespace pregate
