// SPDX-License-Identifier: Apache-2.0
// Private to experiments/plot/: who looks how. Names get colours, markers and dashes in order of first
// appearance in the figure, so that a name looks the same in every panel; the ninth name has the first one's
// colour and another dash.
#pragma once

#include <string>
#include <vector>

#include "experiments/plot/figure.hpp"

namespace pregate::plot {

struct Style {
  Colour colour;
  Marker marker = Marker::none;
  Dash dash = Dash::solid;
  bool joined = true;
  bool area = false;  // a part of a bar
};

struct LegendEntry {
  std::string name;
  Style style;
};

class Styles {
 public:
  explicit Styles(const Figure& figure);

  [[nodiscard]] Style of(const Series& series) const;
  [[nodiscard]] Style of(const BarPart& part) const;
  // One an appearing name, in order.
  [[nodiscard]] const std::vector<LegendEntry>& legend() const { return legend_; }

 private:
  [[nodiscard]] Style by_name(const std::string& name) const;
  void add(const Series& series);
  void add(const BarPart& part);

  std::vector<std::string> names_;
  std::vector<LegendEntry> legend_;
};

}  // namespace pregate::plot
