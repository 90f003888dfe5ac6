// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/sweep_scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "gui/scene/sweep_shape.hpp"
#include "traces/base/nearest.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

constexpr std::array kSeries{Ink::series_0, Ink::series_1, Ink::series_2, Ink::series_3,
                             Ink::series_4, Ink::series_5, Ink::series_6, Ink::series_7};

struct Unit {
  double size;
  const char* name;
};

// The largest unit in which the largest value is at least one.
Unit unit_for(double most, std::initializer_list<Unit> descending) {
  for (const Unit& unit : descending) {
    if (most >= unit.size) return unit;
  }
  return *(descending.end() - 1);
}

}  // namespace

bool suits_logarithm(const SweepTable& table, std::size_t column) {
  double low = 0, high = 0;
  for (const double value : table.columns[column].numbers) {
    if (std::isnan(value)) continue;
    if (value <= 0) return false;
    low = low == 0 ? value : std::min(low, value);
    high = std::max(high, value);
  }
  return low > 0 && high / low >= 8;
}

SweepOptions default_sweep_options(const SweepTable& table) {
  SweepOptions options;
  std::vector<std::size_t> varied = table.varied_axes();
  const auto number = std::find_if(varied.begin(), varied.end(),
                                   [&table](std::size_t a) { return !table.columns[a].is_words(); });
  if (number != varied.end()) {
    options.x = *number;
    varied.erase(number);
  } else if (!varied.empty()) {
    options.x = varied.front();
    varied.erase(varied.begin());
  }
  options.y = table.find("tokens_per_second").value_or(std::min(table.axes, table.columns.size() - 1));
  if (!varied.empty()) options.colour = varied.back();
  options.log_x = suits_logarithm(table, options.x);
  return options;
}

Result<SweepOptions> sweep_options(const SweepTable& table, const std::string& x, const std::string& y,
                                   const std::string& colour) {
  SweepOptions options = default_sweep_options(table);
  const auto column = [&table](const char* option, const std::string& name) -> Result<std::size_t> {
    if (const auto found = table.find(name)) return *found;
    std::vector<std::string> names;
    std::vector<std::size_t> ends;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      names.push_back(table.columns[c].name);
      if (c < table.axes && names.back().ends_with("." + name)) ends.push_back(c);
    }
    if (ends.size() == 1) return ends.front();
    return bad_input(fmt::format("an axis or a key of the sweep (nearest: {})", nearest(name, names)),
                     fmt::format("\"{}\"", name))
        .at(option);
  };
  if (!x.empty()) {
    const auto found = column("--x", x);
    if (!found) return found.error();
    options.x = *found;
    options.log_x = suits_logarithm(table, options.x);
    if (options.colour == options.x) options.colour.reset();
  }
  if (!y.empty()) {
    const auto found = column("--y", y);
    if (!found) return found.error();
    options.y = *found;
  }
  if (!colour.empty()) {
    const auto found = column("--color", colour);
    if (!found) return found.error();
    options.colour = *found;
  }
  return options;
}

SweepScene::SweepScene(const SweepTable& table, SweepOptions options)
    : table_(table), options_(std::move(options)) {
  const std::size_t columns = table_.columns.size();
  if (options_.x >= columns || options_.y >= columns) options_ = default_sweep_options(table_);
  if (options_.colour && *options_.colour >= columns) options_.colour.reset();
  filter();
  if (options_.ghosts) rule_ = ghost_rule(table_, options_.y);
  if (rule_) {
    ghosts_ = ghost_values(table_, *rule_, options_.y);
    ghost_rows_ = ghost_rows(table_, *rule_);
  }
  find_points();
}

void SweepScene::filter() {
  for (std::size_t row = 0; row < table_.rows.size(); ++row) {
    const bool hidden =
        std::any_of(options_.filters.begin(), options_.filters.end(), [&](const SweepFilter& f) {
          if (f.column >= table_.columns.size()) return false;
          return std::find(f.hidden.begin(), f.hidden.end(), table_.columns[f.column].text(row)) !=
                 f.hidden.end();
        });
    if (!hidden) shown_.push_back(row);
  }
}

double SweepScene::value(std::size_t column, std::size_t row) const {
  const SweepColumn& c = table_.columns[column];
  if (!c.has(row)) return kNone;
  return c.is_words() ? c.words[row] : c.numbers[row];
}

void SweepScene::find_points() {
  bool any = false;
  for (const std::size_t row : shown_) {
    if (!table_.rows[row].done) continue;
    const PlotPoint point{.x = value(options_.x, row), .y = value(options_.y, row), .row = row};
    if (std::isnan(point.x) || std::isnan(point.y)) continue;
    points_.push_back(point);
    const double colour = options_.colour ? value(*options_.colour, row) : kNone;
    if (std::isnan(colour)) continue;
    colour_low_ = any ? std::min(colour_low_, colour) : colour;
    colour_high_ = any ? std::max(colour_high_, colour) : colour;
    any = true;
  }
  const auto above = [this](std::size_t column, bool logarithmic, double v) {
    return !logarithmic || table_.columns[column].is_words() || v > 0;
  };
  below_ = static_cast<std::size_t>(std::count_if(points_.begin(), points_.end(), [&](const PlotPoint& p) {
    return !above(options_.x, options_.log_x, p.x) || !above(options_.y, options_.log_y, p.y);
  }));
  // Where all are, the axis is linear: see number_axis().
  if (below_ == points_.size()) below_ = 0;
  choose_shapes();
  x_scale_ = scale_of(options_.x);
  y_scale_ = scale_of(options_.y);
  if (!options_.front || table_.columns[options_.x].is_words() || table_.columns[options_.y].is_words())
    return;
  front_ = pareto_front(points_, options_.better_x.value_or(table_.columns[options_.x].better),
                        options_.better_y.value_or(table_.columns[options_.y].better));
}

SweepScene::Scale SweepScene::scale_of(std::size_t column) const {
  const SweepColumn& c = table_.columns[column];
  if (c.is_words()) return {};
  double most = 0;
  for (const std::size_t row : shown_) {
    if (!std::isnan(c.numbers[row])) most = std::max(most, std::abs(c.numbers[row]));
  }
  const bool bytes = c.unit == "bytes" || c.unit == "KiB" || c.unit == "MiB" || c.unit == "GiB";
  Unit unit{1 / c.factor, c.unit.c_str()};
  if (bytes) unit = unit_for(most, {{0x1p30, "GiB"}, {0x1p20, "MiB"}, {0x1p10, "KiB"}, {1, "bytes"}});
  if (c.is_axis && c.kind == Quantity::Kind::bandwidth)
    unit = unit_for(most, {{1e9, "GB/s"}, {1e6, "MB/s"}, {1e3, "kB/s"}});
  if (c.is_axis && c.kind == Quantity::Kind::duration)
    unit = unit_for(most, {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}});
  return {.factor = 1 / unit.size, .unit = unit.name};
}

// "stall s" of seconds is "stall".
std::string SweepScene::name_of(std::size_t column, const std::string& unit) const {
  std::string name = table_.columns[column].name;
  const bool seconds = (unit == "s" || unit == "ms") && name.ends_with("_s");
  const bool picoseconds = unit == "ms" && name.ends_with("_ps");
  const bool joules = unit == "J" && name.ends_with("_j");
  if (seconds || joules) name.resize(name.size() - 2);
  if (picoseconds) name.resize(name.size() - 3);
  return readable_name(name);
}

double SweepScene::ghost_x(std::size_t row) const {
  if (options_.x < table_.axes || !ghost_rows_[row]) return value(options_.x, row);
  return value(options_.x, *ghost_rows_[row]);
}

std::string SweepScene::label_of(std::size_t column, const Scale& scale, bool bare) const {
  const SweepColumn& c = table_.columns[column];
  std::string label = name_of(column, scale.unit);
  if (!scale.unit.empty()) label += fmt::format(" ({})", scale.unit);
  if (!bare && !c.known.empty()) label += fmt::format(", {}", c.known);
  return label;
}

PlotAxis SweepScene::axis_of(std::size_t column, bool logarithmic, int pixels) const {
  const SweepColumn& c = table_.columns[column];
  const bool across = column == options_.x && pixels > 0;
  const Scale& scale = column == options_.x ? x_scale_ : y_scale_;
  if (c.is_words()) return word_axis(label_of(column, scale), c.dictionary);
  // What failed has no say: it stands at the border.
  std::vector<double> numbers;
  for (const PlotPoint& point : points_) {
    numbers.push_back((column == options_.x ? point.x : point.y) * scale.factor);
    if (ghosts_.empty()) continue;
    numbers.push_back((column == options_.y ? ghosts_[point.row] : ghost_x(point.row)) * scale.factor);
  }
  const bool binary =
      scale.unit == "GiB" || scale.unit == "MiB" || scale.unit == "KiB" || scale.unit == "bytes";
  const plot::Scale kind = !logarithmic ? plot::Scale::linear
                           : binary     ? plot::Scale::log2
                                        : plot::Scale::log10;
  const int wanted = std::clamp(std::abs(pixels) / (across ? 110 : 60), 2, 12);
  PlotAxis axis = number_axis(label_of(column, scale), kind, std::move(numbers), wanted);
  if (axis.ruler.scale != plot::Scale::log2) return axis;
  // Factors of two of one unit are others' whole numbers: 0.25 GiB is 256 MiB.
  axis.label = label_of(column, {.factor = scale.factor, .unit = {}});
  for (plot::Tick& tick : axis.ruler.ticks) {
    const double bytes = tick.value / scale.factor;
    constexpr double kMostBytes = 9e18;
    if (bytes < kMostBytes) tick.label = to_text(Bytes(std::llround(bytes)));
  }
  return axis;
}

PlotFrame SweepScene::frame_of(int width, int height) const {
  const PlotBox box{
      .x = shape::kPlotLeft,
      .y = shape::kPlotTop,
      .w = static_cast<float>(std::max(40, width - shape::kPlotLeft - shape::legend_width(width))),
      .h = static_cast<float>(std::max(40, height - shape::kPlotTop - shape::kPlotBottom))};
  return {box, axis_of(options_.x, options_.log_x, static_cast<int>(box.w)),
          axis_of(options_.y, options_.log_y, -static_cast<int>(box.h))};
}

SweepScene::Tint SweepScene::tint_of(std::size_t row) const {
  if (!options_.colour) return {};
  const SweepColumn& c = table_.columns[*options_.colour];
  const double v = value(*options_.colour, row);
  if (std::isnan(v)) return {.ink = Ink::ghost};
  if (c.is_words()) {
    return {.ink = kSeries[static_cast<std::size_t>(c.words[row]) % kSeries.size()]};
  }
  // Of halves: the largest numbers have no difference.
  const double span = colour_high_ / 2 - colour_low_ / 2, part = (v / 2 - colour_low_ / 2) / span;
  // The lightest heat is the background's neighbour.
  const double share = span > 0 && std::isfinite(part) ? part : 1;
  return {.ink = Ink::heat, .heat = static_cast<float>(shape::kLeastHeat + (1 - shape::kLeastHeat) * share)};
}

void SweepScene::choose_shapes() {
  constexpr std::size_t kMost = 3;
  for (const std::size_t axis : table_.varied_axes()) {
    if (axis == options_.x || axis == options_.y || axis == options_.colour) continue;
    std::set<double> values;
    for (const PlotPoint& point : points_) {
      const double v = value(axis, point.row);
      if (!std::isnan(v) && values.size() <= kMost) values.insert(v);
    }
    if (values.size() < 2 || values.size() > kMost) continue;
    shapes_ = axis;
    shape_values_.assign(values.begin(), values.end());
    return;
  }
}

Shape SweepScene::shape_of(std::size_t row) const {
  static constexpr std::array kShapes{Shape::dot, Shape::ring, Shape::cross};
  if (!shapes_) return Shape::dot;
  const auto at = std::find(shape_values_.begin(), shape_values_.end(), value(*shapes_, row));
  return at == shape_values_.end() ? Shape::dot
                                   : kShapes[static_cast<std::size_t>(at - shape_values_.begin())];
}

Picture SweepScene::picture(int width, int height, const SweepMarks& marks) const {
  Picture picture;
  picture.width = width;
  picture.height = height;
  draw_head(picture, width);
  const PlotFrame frame = frame_of(width, height);
  frame.draw(picture);
  draw_cycle(picture, frame);
  draw_lines(picture, frame);
  draw_ghosts(picture, frame);
  draw_front(picture, frame);
  draw_points(picture, frame, marks);
  draw_failed(picture, frame);
  draw_legend(picture, frame);
  if (points_.empty()) {
    const PlotBox& box = frame.box();
    picture.write(Ink::text_dim, box.x, box.y + box.h / 2 - 10, box.w, 20, "No row has both values",
                  Align::centre);
  }
  return picture;
}

std::string SweepScene::summary() const {
  const auto failed = static_cast<std::size_t>(std::count_if(
      shown_.begin(), shown_.end(), [this](std::size_t row) { return !table_.rows[row].done; }));
  std::string text = fmt::format("{} of {} scenarios", shown_.size(), table_.rows.size());
  if (shown_.size() == table_.rows.size()) text = fmt::format("{} scenarios", shown_.size());
  if (failed > 0) text += fmt::format(", {} of them failed", failed);
  const std::size_t without = shown_.size() - failed - points_.size();
  if (without > 0) text += fmt::format(", {} without both values", without);
  if (below_ > 0) text += fmt::format(", {} not above zero: no place on a logarithmic axis", below_);
  if (!front_.empty()) text += fmt::format("; {} on the front", front_.size());
  return text;
}

std::string SweepScene::tip(const Target& target) const {
  if (target.kind != Target::Kind::sweep_row || target.row >= table_.rows.size()) return {};
  const auto row = static_cast<std::size_t>(target.row);
  std::string text;
  const auto add = [&](std::size_t column) {
    const std::string shown = table_.columns[column].text(row);
    if (!shown.empty())
      text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", table_.columns[column].name, shown);
  };
  for (std::size_t axis = 0; axis < table_.axes; ++axis) add(axis);
  for (const std::size_t column : {options_.x, options_.y}) {
    if (column >= table_.axes) add(column);
  }
  if (options_.colour && *options_.colour >= table_.axes && *options_.colour != options_.y)
    add(*options_.colour);
  if (!table_.rows[row].done) text += "\nfailed: " + table_.rows[row].error;
  if (!std::isnan(ghost(row))) {
    SweepColumn like = table_.columns[options_.y];
    like.dictionary.clear();
    like.numbers = {ghost(row)};
    text += fmt::format("\n{}: {}", rule_->name, like.text(0));
  }
  return text;
}

}  // namespace pregate
