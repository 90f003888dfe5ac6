// SPDX-License-Identifier: Apache-2.0
// A sweep as a figure: one axis along x, keys of the summary along y, a line a value of a second axis, a
// panel a value of a third and a row of panels a key. Where x is the expert budget, the token cycle T stands
// as a line.
#pragma once

#include <string>
#include <vector>

#include "experiments/plot/figure.hpp"
#include "experiments/sweep/store.hpp"

namespace pregate {

struct PlotRequest {
  std::string x, series, panels;  // axes; empty: numeric ones that vary along x, then the others in order
  std::vector<std::string> metrics = {"tokens_per_second"};
  std::string title;
};

// Errors as of a table (pivot.hpp); x must be an axis of numbers.
Status check_figure(const StoredSweep& sweep, const PlotRequest& request);
Result<plot::Figure> sweep_figure(const StoredSweep& sweep, const PlotRequest& request);

}  // namespace pregate
