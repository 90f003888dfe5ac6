// SPDX-License-Identifier: Apache-2.0
// Pictures of layers x experts. Two views: all layers over the experts of their banks, and, where
// layers share banks, group by group, to see whether the routers of layers i, i+1, i+2 pick different experts
// from the pool that they share.
#pragma once

#include <string>

#include "experiments/plot/figure.hpp"
#include "traces/expert_matrix.hpp"
#include "traces/locality_pairs.hpp"

namespace pregate {

// What one colour means: a value as it is, or as a share of its layer's sum.
enum class HeatScale : std::uint8_t { layer, absolute };

struct HeatSource {
  const ExpertMatrix& matrix;
  const LayerPairs& pairs;
  std::string model;
  std::string provenance;  // "counted: recorded routing, decode, 128 steps"
  HeatScale scale = HeatScale::layer;
};

plot::Figure layers_figure(const HeatSource& source);
// Errors: a model without layers that share a bank.
Result<plot::Figure> sharing_figure(const HeatSource& source);

// The sum over all cells, in the unit that pictures have: "36,864 choices", "1850.19 ms".
std::string sum_text(const ExpertMatrix& matrix);

}  // namespace pregate
