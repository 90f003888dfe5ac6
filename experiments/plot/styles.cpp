// SPDX-License-Identifier: Apache-2.0
#include "experiments/plot/styles.hpp"

#include <algorithm>
#include <array>

namespace pregate::plot {
namespace {

constexpr std::array kMarkers = {Marker::circle,  Marker::square,        Marker::triangle,
                                 Marker::diamond, Marker::down_triangle, Marker::cross};
constexpr std::array kDashes = {Dash::solid, Dash::dashed, Dash::dotted};

}  // namespace

Styles::Styles(const Figure& figure) {
  for (const Panel& panel : figure.panels) {
    if (const auto* lines = std::get_if<Lines>(&panel.content)) {
      for (const Series& series : lines->series) add(series);
    } else if (const auto* bars = std::get_if<StackedBars>(&panel.content)) {
      for (const BarPart& part : bars->parts) add(part);
    }
  }
}

void Styles::add(const Series& series) {
  if (std::find(names_.begin(), names_.end(), series.name) != names_.end()) return;
  names_.push_back(series.name);
  if (!series.name.empty()) legend_.push_back({series.name, of(series)});
}

void Styles::add(const BarPart& part) {
  if (std::find(names_.begin(), names_.end(), part.name) != names_.end()) return;
  names_.push_back(part.name);
  if (!part.name.empty()) legend_.push_back({part.name, of(part)});
}

Style Styles::by_name(const std::string& name) const {
  const auto index = static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
  return {.colour = category_colour(index),
          .marker = kMarkers[index % kMarkers.size()],
          .dash = kDashes[index / kCategoryColours % kDashes.size()]};
}

Style Styles::of(const Series& series) const {
  Style style = by_name(series.name);
  style.colour = series.colour.value_or(style.colour);
  style.marker = series.marker.value_or(style.marker);
  style.dash = series.dash.value_or(style.dash);
  style.joined = series.joined;
  return style;
}

Style Styles::of(const BarPart& part) const {
  Style style = by_name(part.name);
  style.area = true;
  return style;
}

}  // namespace pregate::plot
