// SPDX-License-Identifier: Apache-2.0
// What a forward pass on this machine costs by its own packed weights: the shape that is simulated when the
// prediction is for this very program.
#pragma once

#include "models/weights.hpp"

namespace pregate {

// shape_of() the weights' spec, with the bytes of their packed form. `expert_bytes`: what one routed expert
// takes on disk and in memory (ExpertPack::stride).
ModelShape packed_shape(const Weights& weights, Bytes expert_bytes);

}  // namespace pregate
