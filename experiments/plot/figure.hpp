// SPDX-License-Identifier: Apache-2.0
// A figure as data: panels in a grid, each with lines, a heatmap or stacked bars. write_figure() draws one
// description as SVG or PNG, by the path's extension:
//
//   plot::Figure figure{.title = "Decode hit rate", .subtitle = "simulated; qwen3-30b-a3b, recorded
//   routing"}; figure.panels.push_back({.title = "phone",
//                            .x = {.label = "expert budget", .unit = "MiB", .scale = plot::Scale::log2},
//                            .y = {.label = "hit rate", .unit = "%", .min = 0, .max = 100},
//                            .content = plot::Lines{.series = {{.name = "lru", .x = mib, .y = hits}}}});
//   if (const Status written = plot::write_figure(figure, "hits.svg"); !written) return written.error();
//
// A name has one colour, marker and dash in all panels, given out in order of first appearance; the legend
// stands above the panels. The same figure gives the same bytes. Leaves out interaction (the viewer has it),
// and three dimensions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "experiments/plot/palette.hpp"
#include "traces/base/result.hpp"
#include "traces/base/ticks.hpp"

namespace pregate::plot {

enum class Marker : std::uint8_t { none, circle, square, diamond, triangle, down_triangle, cross };
enum class Dash : std::uint8_t { solid, dashed, dotted };
// How the spread between low and high is shown: a shaded band, or an error bar at each point.
enum class Spread : std::uint8_t { band, bars };

struct Series {
  std::string name;               // in the legend; empty: not there
  std::vector<double> x, y;       // equally long; all finite
  std::vector<double> low, high;  // around y, in its unit; empty: no spread
  Spread spread = Spread::bars;
  bool joined = true;            // by lines; false: markers alone
  std::optional<Colour> colour;  // none: by name
  std::optional<Marker> marker;
  std::optional<Dash> dash;
};

// A value of an axis that matters: a thin line across the panel with its label in the margin.
struct Reference {
  enum class Direction : std::uint8_t { vertical, horizontal };
  Direction direction = Direction::vertical;  // of the line: a vertical one stands at an x
  double at = 0;
  std::string label;
};

// A remark at a point of the data, put where it covers least.
struct Note {
  double x = 0, y = 0;
  std::string text;
};

struct Lines {
  std::vector<Series> series;
  std::vector<Reference> references;
  std::vector<Note> notes;
};

// Cells from dark (low) to light (high), the first row on top. The panel's axes give only the labels.
struct Heatmap {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;      // row after row; NaN: no such cell, drawn grey
  std::optional<double> min, max;  // of the colours; none: of the values
  std::string value_label;         // of the colour bar, with its unit
  ColourMap map = ColourMap::viridis;
  std::int64_t first_row = 0, first_column = 0;  // the numbers at the axes begin here
  std::vector<std::string> row_names;            // instead of numbers; one a row
  std::vector<std::string> column_names;
  std::vector<std::size_t> row_breaks;  // a gap line above each of these rows
  std::optional<int> cell_decimals;     // the values are written into the cells
};

struct BarPart {
  std::string name;            // in the legend
  std::vector<double> values;  // one a category; not negative
};

// Horizontal bars, one a category from top to bottom, of parts side by side. The x axis is the value's.
struct StackedBars {
  std::vector<std::string> categories;
  std::vector<BarPart> parts;
};

struct Panel {
  std::string title;
  std::string note;  // a line below the title
  Axis x, y;
  std::variant<Lines, Heatmap, StackedBars> content;
};

// What panels have in common: one range, and its labels only at the grid's edge; one range of colours, and
// one colour bar.
struct Share {
  bool x = false, y = false, colours = false;
};

struct Figure {
  std::string title;
  std::string subtitle;                    // what was measured, simulated or trained, and on what; wraps
  std::int32_t width = 800, height = 480;  // pixels at 1x
  std::int32_t columns = 1;                // of the grid
  Share share;
  std::vector<Panel> panels;  // row after row
};

enum class Format : std::uint8_t { svg, png };
// By the extension, in either case; the error names what is known.
Result<Format> format_of(const std::string& path);

// Whether a figure can be drawn: sizes, equal lengths, finite numbers, positive ones on a logarithmic axis.
// The error names panel and series.
Status check_figure(const Figure& figure);

// The file's bytes. `pixels_per_unit`: 2 doubles the width and height of a PNG; an SVG has none.
struct PngOptions {
  double pixels_per_unit = 1;
};
Result<std::string> svg_of(const Figure& figure);
Result<std::string> png_of(const Figure& figure, const PngOptions& options = {});

// Errors: a figure that cannot be drawn, another extension, a path that cannot be written.
Status write_figure(const Figure& figure, const std::string& path);

}  // namespace pregate::plot
