// SPDX-License-Identifier: Apache-2.0
// Private to traces/: the part of the locality numbers that is cheap enough to be asked hundreds of times, by
// the fit of the synthetic process. Leaves out bytes and chance; locality.hpp has the definitions.
#pragma once

#include <array>
#include <iterator>

#include "traces/locality.hpp"

namespace pregate {

struct LocalityMeasures {
  std::array<double, std::size(kLags)> overlap{};  // by kLags; 0 where has_lag is false
  std::array<bool, std::size(kLags)> has_lag{};    // whether the trace is long enough to tell
  double overlap_spread =
      0;  // deviation of the lag-1 overlap from layer to layer; 0 with fewer than two layers
  double entropy_bits = 0;
  double top8_share = 0;
  // Distinct experts of a layer's first batched step, mean over the layers with more than one token in it; 0:
  // none such.
  double prefill_distinct = 0;
  // Overlap of the same token's choices in two successive layers of one bank; 0 where no bank has two layers.
  double bank_overlap = 0;
};

LocalityMeasures measure_fast(const RouteTrace& trace);

}  // namespace pregate
