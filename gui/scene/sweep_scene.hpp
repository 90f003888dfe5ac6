// SPDX-License-Identifier: Apache-2.0
// A sweep as a plot: one column across, one down, a third as colour. Points that differ in x alone are
// joined; the Pareto front, the token cycle T (the LRU cliff) and OPT's answer to each point can be shown. A
// point is Target::sweep_row with its row in the table.
//
//   const SweepScene scene(table, default_sweep_options(table));
//   Picture picture = scene.picture(1024, 700);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/scene/picture.hpp"
#include "gui/scene/plot.hpp"
#include "gui/scene/sweep_front.hpp"

namespace pregate {

// Rows with these values of an axis are left out; by the texts that SweepColumn::text() gives.
struct SweepFilter {
  std::size_t column = 0;
  std::vector<std::string> hidden;
};

struct SweepOptions {
  std::size_t x = 0, y = 0;
  std::optional<std::size_t> colour;
  bool log_x = false, log_y = false;
  bool front = true, ghosts = true;
  // none: as the column says.
  std::optional<Better> better_x, better_y;
  std::vector<SweepFilter> filters;
};

// Numbers above zero, the largest at least eight times the least.
bool suits_logarithm(const SweepTable& table, std::size_t column);

// The first axis of numbers that varies against tokens per second, coloured by the next axis.
SweepOptions default_sweep_options(const SweepTable& table);

// The same with columns by their names, or the last words of an axis' name; empty: as default. Errors name
// the option of `pregate-view --render` and what there is.
Result<SweepOptions> sweep_options(const SweepTable& table, const std::string& x, const std::string& y,
                                   const std::string& colour);

struct SweepMarks {
  std::vector<std::size_t> selected;  // rows
  std::optional<std::size_t> hovered;
};

class SweepScene {
 public:
  // `table` must outlive the scene; options that are none of its columns become the default ones.
  SweepScene(const SweepTable& table, SweepOptions options);

  [[nodiscard]] Picture picture(int width, int height, const SweepMarks& marks = {}) const;
  [[nodiscard]] const SweepOptions& options() const { return options_; }
  // Rows that the filters leave, in the table's order.
  [[nodiscard]] const std::vector<std::size_t>& shown() const { return shown_; }
  [[nodiscard]] const std::vector<PlotPoint>& front() const { return front_; }
  // The ghost's y of a row, in the unit of the column; NaN: none.
  [[nodiscard]] double ghost(std::size_t row) const { return ghosts_.empty() ? kNone : ghosts_[row]; }
  // All axes, the metric, its ghost, why it failed.
  [[nodiscard]] std::string tip(const Target& target) const;
  // One line: how many rows, of what.
  [[nodiscard]] std::string summary() const;

 private:
  static constexpr double kNone = __builtin_nan("");

  // How a column's numbers are put on an axis.
  struct Scale {
    double factor = 1;
    std::string unit;
  };
  void filter();
  void find_points();
  [[nodiscard]] double value(std::size_t column, std::size_t row) const;
  [[nodiscard]] Scale scale_of(std::size_t column) const;
  [[nodiscard]] std::string label_of(std::size_t column, const Scale& scale, bool bare = false) const;
  [[nodiscard]] std::string name_of(std::size_t column, const std::string& unit) const;
  // Where a row's ghost stands across: over the point, or where the ghost's own row has its number.
  [[nodiscard]] double ghost_x(std::size_t row) const;
  [[nodiscard]] PlotAxis axis_of(std::size_t column, bool logarithmic, int pixels) const;
  [[nodiscard]] PlotFrame frame_of(int width, int height) const;

  // What a colour is: a word's ink, or heat.
  struct Tint {
    Ink ink = Ink::series_0;
    float heat = 0;
  };
  [[nodiscard]] Tint tint_of(std::size_t row) const;
  // Dot, ring or cross, by the axis that neither x nor colour tells.
  [[nodiscard]] Shape shape_of(std::size_t row) const;
  void choose_shapes();

  void draw_head(Picture& picture, int width) const;
  void draw_cycle(Picture& picture, const PlotFrame& frame) const;
  void draw_lines(Picture& picture, const PlotFrame& frame) const;
  void draw_ghosts(Picture& picture, const PlotFrame& frame) const;
  void draw_front(Picture& picture, const PlotFrame& frame) const;
  void draw_points(Picture& picture, const PlotFrame& frame, const SweepMarks& marks) const;
  void draw_failed(Picture& picture, const PlotFrame& frame) const;
  // sweep_legend.cpp
  void draw_legend(Picture& picture, const PlotFrame& frame) const;
  float draw_shapes(Picture& picture, float x, float y, float width) const;
  float draw_colours(Picture& picture, float x, float y, float width, float bottom) const;

  const SweepTable& table_;
  SweepOptions options_;
  std::vector<std::size_t> shown_;
  std::vector<PlotPoint> points_;  // rows that ran and have both numbers, in raw units
  std::size_t below_ = 0;          // of these: not above zero, which a logarithmic axis cannot show
  std::vector<PlotPoint> front_;
  std::optional<GhostRule> rule_;
  std::vector<double> ghosts_;
  std::vector<std::optional<std::size_t>> ghost_rows_;
  Scale x_scale_, y_scale_;
  std::optional<std::size_t> shapes_;
  std::vector<double> shape_values_;         // in order; at most three
  double colour_low_ = 0, colour_high_ = 0;  // of numbers
};

}  // namespace pregate
