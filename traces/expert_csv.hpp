// SPDX-License-Identifier: Apache-2.0
// Layers x experts and pairs of layers as CSV, one for the command and the viewer.
#pragma once

#include <string>

#include "traces/expert_matrix.hpp"
#include "traces/locality_pairs.hpp"

namespace pregate {

// A line a (layer, expert): layer,bank,expert,uses_choices,share_of_layer.
std::string matrix_csv(const ExpertMatrix& matrix);
// A line a pair of layers that share a bank.
std::string pairs_csv(const LayerPairs& pairs);

}  // namespace pregate
