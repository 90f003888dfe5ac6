// SPDX-License-Identifier: Apache-2.0
#include "experiments/plot/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace pregate::plot {
namespace {

constexpr double kGap = 14, kTickGap = 6, kEdge = 14;
constexpr double kLeastPlot = 24;
constexpr TextStyle kTickText = {.size = kTickSize};

// What lies around a plot.
struct Insets {
  double left = 0, right = 0, top = 0, bottom = 0;
};

struct Span {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void add(const std::vector<double>& values) {
    for (const double value : values) {
      if (!std::isnan(value)) add(value);
    }
  }
  void add(const Span& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
  // Without data an axis runs from `low` to `high` all the same.
  [[nodiscard]] Range range(Range otherwise) const { return low <= high ? Range{low, high} : otherwise; }
};

struct Extent {
  Span x, y, colours;
};

Extent extent_of(const Lines& lines) {
  Extent out;
  for (const Series& s : lines.series) {
    out.x.add(s.x);
    for (const std::vector<double>* values : {&s.y, &s.low, &s.high}) out.y.add(*values);
  }
  for (const Reference& r : lines.references) {
    (r.direction == Reference::Direction::vertical ? out.x : out.y).add(r.at);
  }
  for (const Note& note : lines.notes) {
    out.x.add(note.x);
    out.y.add(note.y);
  }
  return out;
}

Extent extent_of(const Heatmap& map) {
  Extent out;
  out.colours.add(map.values);
  return out;
}

Extent extent_of(const StackedBars& bars) {
  Extent out;
  out.x.add(0);
  for (std::size_t c = 0; c < bars.categories.size(); ++c) {
    double sum = 0;
    for (const BarPart& part : bars.parts) sum += part.values[c];
    out.x.add(sum);
  }
  return out;
}

double widest(const std::vector<std::string>& texts, const Canvas& canvas) {
  double width = 0;
  for (const std::string& text : texts) width = std::max(width, canvas.text_width(text, kTickText));
  return width;
}

double widest(const Ruler& ruler, const Canvas& canvas) {
  double width = 0;
  for (const Tick& tick : ruler.ticks) width = std::max(width, canvas.text_width(tick.label, kTickText));
  return width;
}

// Numbers along the edge of a heatmap: whole ones only.
Ruler cell_ruler(std::int64_t first, std::size_t cells, int wanted) {
  const auto low = static_cast<double>(first);
  const auto high = low + static_cast<double>(cells) - 1;
  Ruler ruler = make_ruler({.min = low - 0.5, .max = high + 0.5}, {low, high}, wanted);
  std::erase_if(ruler.ticks, [](const Tick& tick) { return tick.value != std::round(tick.value); });
  for (Tick& tick : ruler.ticks) tick.label = number_text(tick.value, 0);
  return ruler;
}

// Whether all labels stand side by side with a gap between.
bool labels_fit(const Ruler& ruler, double width, const Canvas& canvas) {
  double end = -std::numeric_limits<double>::infinity();
  for (const Tick& tick : ruler.ticks) {
    const double half = canvas.text_width(tick.label, kTickText) / 2;
    const double middle = ruler.share(tick.value) * width;
    if (middle - half < end + 10) return false;
    end = middle + half;
  }
  return true;
}

// As many ticks as their labels have room for.
template <typename Make>
Ruler fitting_ruler(double width, const Canvas& canvas, const Make& make) {
  for (int wanted = std::max(2, static_cast<int>(width / 55));; --wanted) {
    Ruler ruler = make(wanted);
    if (wanted <= 2 || labels_fit(ruler, width, canvas)) return ruler;
  }
}

class Planner {
 public:
  Planner(const Figure& figure, const Box& area, const Canvas& canvas)
      : figure_(figure), area_(area), canvas_(canvas), plans_(figure.panels.size()) {
    columns_ = std::min(static_cast<std::size_t>(figure.columns), plans_.size());
    rows_ = (plans_.size() + columns_ - 1) / columns_;
    column_.resize(columns_);
    row_.resize(rows_);
  }

  Result<std::vector<PanelPlan>> plan() {
    measure();
    plan_down();
    plan_across();
    if (plot_width_ < kLeastPlot) return too_small("width", figure_.width);
    plan_heights();
    if (plot_height_ < kLeastPlot) return too_small("height", figure_.height);
    place();
    return std::move(plans_);
  }

 private:
  [[nodiscard]] std::size_t column_of(std::size_t i) const { return i % columns_; }
  [[nodiscard]] std::size_t row_of(std::size_t i) const { return i / columns_; }
  Error too_small(const char* what, std::int32_t size) const {
    return bad_input(fmt::format("a {} with room for {} panels and their labels", what, plans_.size()),
                     fmt::format("{} pixels", size), "figure");
  }

  void measure() {
    Extent all;
    for (const Panel& panel : figure_.panels) {
      extents_.push_back(std::visit([](const auto& content) { return extent_of(content); }, panel.content));
      all.x.add(extents_.back().x);
      all.y.add(extents_.back().y);
      all.colours.add(extents_.back().colours);
    }
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (figure_.share.x) extents_[i].x = all.x;
      if (figure_.share.y) extents_[i].y = all.y;
      if (figure_.share.colours) extents_[i].colours = all.colours;
      PanelPlan& plan = plans_[i];
      plan.panel = &figure_.panels[i];
      plan.labels_x = !figure_.share.x || i + columns_ >= plans_.size();
      plan.labels_y = !figure_.share.y || column_of(i) == 0;
      plan_colours(plan, extents_[i]);
    }
  }

  void plan_colours(PanelPlan& plan, const Extent& extent) const {
    const auto* map = std::get_if<Heatmap>(&plan.panel->content);
    if (map == nullptr) return;
    plan.colour_bar = !figure_.share.colours;
    Range range = extent.colours.range({0, 1});
    if (range.low >= range.high) range.high = range.low + 1;
    plan.colours =
        make_ruler({.min = map->min.value_or(range.low), .max = map->max.value_or(range.high)}, range, 5);
  }

  // Rulers of the y axes, from about as much height as there will be, and what stands left and right.
  void plan_down() {
    const double cell = (area_.height - kGap * static_cast<double>(rows_ - 1)) / static_cast<double>(rows_);
    const int wanted = static_cast<int>((cell - 50) / 38);
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      PanelPlan& plan = plans_[i];
      double labels = 0;
      if (const auto* map = std::get_if<Heatmap>(&plan.panel->content)) {
        plan.y = cell_ruler(map->first_row, map->rows, wanted);
        labels = map->row_names.empty() ? widest(plan.y, canvas_) : widest(map->row_names, canvas_);
      } else if (const auto* bars = std::get_if<StackedBars>(&plan.panel->content)) {
        labels = widest(bars->categories, canvas_);
      } else {
        plan.y = make_ruler(plan.panel->y, extents_[i].y.range({0, 1}), wanted);
        labels = widest(plan.y, canvas_);
      }
      Insets& column = column_[column_of(i)];
      const double title = plan.panel->y.label.empty() ? 0 : kLabelSize + 6;
      column.left = std::max(column.left, plan.labels_y ? labels + kTickGap + title : 4);
      column.right = std::max(column.right, right_of(plan));
    }
  }

  [[nodiscard]] double right_of(const PanelPlan& plan) const {
    if (plan.colour_bar) return 10 + colour_bar_room(plan.colours, canvas_);
    double room = kEdge;
    if (const auto* lines = std::get_if<Lines>(&plan.panel->content)) {
      for (const Reference& r : lines->references) {
        if (r.direction == Reference::Direction::horizontal)
          room = std::max(room, canvas_.text_width(r.label, kTickText) + 6);
      }
    }
    return room;
  }

  void plan_across() {
    double around = kGap * static_cast<double>(columns_ - 1);
    for (const Insets& column : column_) around += column.left + column.right;
    plot_width_ = std::floor((area_.width - around) / static_cast<double>(columns_));
    if (plot_width_ < kLeastPlot) return;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      PanelPlan& plan = plans_[i];
      const auto* map = std::get_if<Heatmap>(&plan.panel->content);
      plan.x = fitting_ruler(plot_width_, canvas_, [&](int wanted) {
        if (map != nullptr) return cell_ruler(map->first_column, map->columns, wanted);
        return make_ruler(plan.panel->x, extents_[i].x.range({0, 1}), wanted);
      });
      plan_vertical_references(plan);
    }
  }

  // Labels of vertical lines stand above the plot, each on the lowest level where it meets no other.
  void plan_vertical_references(PanelPlan& plan) const {
    const auto* lines = std::get_if<Lines>(&plan.panel->content);
    if (lines == nullptr) return;
    std::vector<double> ends;  // of what stands on each level
    std::vector<const Reference*> sorted;
    for (const Reference& r : lines->references) {
      if (r.direction == Reference::Direction::vertical) sorted.push_back(&r);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto* a, const auto* b) { return a->at < b->at; });
    for (const Reference* r : sorted) {
      const double half = canvas_.text_width(r->label, kTickText) / 2;
      const double wanted = plan.x.share(r->at) * plot_width_;
      const double middle =
          std::clamp(wanted, std::min(half, plot_width_ / 2), std::max(plot_width_ - half, plot_width_ / 2));
      std::size_t level = 0;
      while (level < ends.size() && ends[level] + 8 > middle - half) ++level;
      if (level == ends.size()) ends.push_back(0);
      ends[level] = middle + half;
      plan.reference_labels.push_back({r, middle, static_cast<int>(level)});
    }
    plan.reference_levels = static_cast<int>(ends.size());
  }

  void plan_heights() {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const PanelPlan& plan = plans_[i];
      Insets& row = row_[row_of(i)];
      const double title = plan.panel->title.empty() ? 0 : kPanelTitleSize + 6;
      const double note = plan.panel->note.empty() ? 0 : kPanelNoteLine;
      row.top = std::max(row.top, title + note + 5 + plan.reference_levels * kReferenceLine);
      const double label = plan.panel->x.label.empty() ? 0 : kLabelSize + 5;
      row.bottom = std::max(row.bottom, plan.labels_x ? kTickLength + kTickSize + 4 + label : 4);
    }
    double around = kGap * static_cast<double>(rows_ - 1);
    for (const Insets& row : row_) around += row.top + row.bottom;
    plot_height_ = std::floor((area_.height - around) / static_cast<double>(rows_));
  }

  void place() {
    double y = area_.y;
    for (std::size_t row = 0; row < rows_; ++row) {
      double x = area_.x;
      for (std::size_t column = 0; column < columns_; ++column) {
        const std::size_t i = row * columns_ + column;
        if (i < plans_.size()) {
          plans_[i].label_left = x + kLabelSize;
          plans_[i].plot = {std::round(x + column_[column].left), std::round(y + row_[row].top), plot_width_,
                            plot_height_};
          if (const auto* map = std::get_if<Heatmap>(&plans_[i].panel->content)) snap(plans_[i].plot, *map);
          for (ReferenceLabel& label : plans_[i].reference_labels) label.along += plans_[i].plot.x;
          plan_horizontal_references(plans_[i]);
        }
        x += column_[column].left + plot_width_ + column_[column].right + kGap;
      }
      y += row_[row].top + plot_height_ + row_[row].bottom + kGap;
    }
  }

  // Cells of whole pixels, where they have two or more.
  static void snap(Box& plot, const Heatmap& map) {
    const double wide = std::floor(plot.width / static_cast<double>(map.columns));
    const double high = std::floor(plot.height / static_cast<double>(map.rows));
    if (wide >= 2) plot.width = wide * static_cast<double>(map.columns);
    if (high >= 2) plot.height = high * static_cast<double>(map.rows);
  }

  // Labels of horizontal lines stand right of the plot, moved down where they would meet.
  static void plan_horizontal_references(PanelPlan& plan) {
    const auto* lines = std::get_if<Lines>(&plan.panel->content);
    if (lines == nullptr) return;
    std::vector<const Reference*> sorted;
    for (const Reference& r : lines->references) {
      if (r.direction == Reference::Direction::horizontal) sorted.push_back(&r);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto* a, const auto* b) { return a->at > b->at; });
    double next = plan.plot.y;
    for (const Reference* r : sorted) {
      next = std::max(next, plan.at_y(r->at) + kTickSize * 0.35);
      plan.reference_labels.push_back({r, next, 0});
      next += kReferenceLine;
    }
  }

  const Figure& figure_;
  Box area_;
  const Canvas& canvas_;
  std::vector<PanelPlan> plans_;
  std::vector<Extent> extents_;
  std::size_t columns_ = 1, rows_ = 1;
  std::vector<Insets> column_, row_;
  double plot_width_ = 0, plot_height_ = 0;
};

}  // namespace

Result<std::vector<PanelPlan>> plan_panels(const Figure& figure, const Box& area, const Canvas& canvas) {
  return Planner(figure, area, canvas).plan();
}

double colour_bar_room(const Ruler& colours, const Canvas& canvas) {
  return kColourBarWidth + kTickGap + widest(colours, canvas) + kLabelSize + 8;
}

std::string axis_text(const Axis& axis) {
  return axis.unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, axis.unit);
}

}  // namespace pregate::plot
