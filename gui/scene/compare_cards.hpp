// SPDX-License-Identifier: Apache-2.0
// The numbers of a comparison as cards: who is faster, where the time between the two went (a waterfall that
// sums exactly), what the scenarios say differently, layer by layer, side by side. The numbers and words are
// those of `pregate compare`.
#pragma once

#include "gui/scene/card.hpp"
#include "gui/scene/run_pair.hpp"

namespace pregate {

CardPage comparison_of(const RunPair& pair);

}  // namespace pregate
