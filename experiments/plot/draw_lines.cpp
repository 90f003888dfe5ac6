// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "experiments/plot/draw.hpp"

namespace pregate::plot {
namespace {

constexpr double kLineWidth = 1.8, kMarkerRadius = 3.2, kCap = 3;

std::vector<Place> places_of(const PanelPlan& plan, const std::vector<double>& x,
                             const std::vector<double>& y) {
  std::vector<Place> out;
  for (std::size_t i = 0; i < x.size(); ++i) out.push_back({plan.at_x(x[i]), plan.at_y(y[i])});
  return out;
}

void draw_spread(Canvas& canvas, const PanelPlan& plan, const Series& series, const Style& style) {
  if (series.low.empty()) return;
  std::vector<Place> low = places_of(plan, series.x, series.low);
  std::vector<Place> high = places_of(plan, series.x, series.high);
  if (series.spread == Spread::band) {
    high.insert(high.end(), low.rbegin(), low.rend());
    return canvas.fill(high, style.colour, 0.18);
  }
  const Stroke stroke{.colour = style.colour, .width = 1.1};
  for (std::size_t i = 0; i < low.size(); ++i) {
    canvas.line(std::array{low[i], high[i]}, stroke);
    for (const Place end : {low[i], high[i]})
      canvas.line(std::array{Place{end.x - kCap, end.y}, Place{end.x + kCap, end.y}}, stroke);
  }
}

void draw_series(Canvas& canvas, const PanelPlan& plan, const Series& series, const Style& style) {
  const std::vector<Place> places = places_of(plan, series.x, series.y);
  if (style.joined && places.size() > 1)
    canvas.line(places, {.colour = style.colour, .width = kLineWidth, .dash = style.dash});
  // Points so dense that markers would hide the line have none.
  const bool dense = style.joined && static_cast<double>(places.size()) * 5 > plan.plot.width;
  for (const Place place : places) {
    if (!dense) canvas.marker(style.marker, place, kMarkerRadius, style.colour);
  }
}

double reference_baseline(const PanelPlan& plan, const ReferenceLabel& label) {
  return plan.plot.y - 4 - label.level * kReferenceLine;
}

void draw_reference_line(Canvas& canvas, const PanelPlan& plan, const ReferenceLabel& label) {
  const Reference& r = *label.reference;
  const Stroke stroke{.colour = kFaintInk, .width = 1, .dash = Dash::dashed};
  if (r.direction == Reference::Direction::horizontal) {
    const double y = plan.at_y(r.at);
    return canvas.line(std::array{Place{plan.plot.x, y}, Place{plan.plot.right(), y}}, stroke);
  }
  const double x = plan.at_x(r.at);
  canvas.line(std::array{Place{x, reference_baseline(plan, label) + 2}, Place{x, plan.plot.bottom()}},
              stroke);
}

// After all lines: a label covers the line of one further up.
void draw_reference_label(Canvas& canvas, const PanelPlan& plan, const ReferenceLabel& label) {
  TextStyle style{.size = kTickSize, .colour = kFaintInk, .halo = true};
  if (label.reference->direction == Reference::Direction::horizontal)
    return canvas.text({plan.plot.right() + 4, label.along}, label.reference->label, style);
  style.anchor = Anchor::middle;
  const double width = canvas.text_width(label.reference->label, style);
  const double baseline = reference_baseline(plan, label);
  canvas.fill(Box{label.along - width / 2 - 2, baseline - kTickSize + 1, width + 4, kTickSize + 1}, kPaper);
  canvas.text({label.along, baseline}, label.reference->label, style);
}

// How much of the drawing a box would cover: points of the lines, sampled, and texts, which weigh more.
class Clutter {
 public:
  Clutter(const PanelPlan& plan, const Lines& lines) : plan_(plan) {
    for (const Series& series : lines.series) {
      const std::vector<Place> places = places_of(plan, series.x, series.y);
      points_.insert(points_.end(), places.begin(), places.end());
      for (std::size_t i = 1; series.joined && i < places.size(); ++i) add_between(places[i - 1], places[i]);
    }
  }
  [[nodiscard]] int cost(const Box& box) const {
    int cost = 0;
    for (const Place p : points_) cost += box.meets({p.x - 2, p.y - 2, 4, 4}) ? 1 : 0;
    for (const Box& text : texts_) cost += box.meets(text) ? 100 : 0;
    const Box& plot = plan_.plot;
    const bool inside =
        box.x >= plot.x && box.right() <= plot.right() && box.y >= plot.y && box.bottom() <= plot.bottom();
    return cost + (inside ? 0 : 50);
  }
  void add_text(const Box& box) { texts_.push_back(box); }

 private:
  void add_between(Place a, Place b) {
    constexpr int kSamples = 24;
    for (int i = 1; i < kSamples; ++i) {
      const double share = static_cast<double>(i) / kSamples;
      points_.push_back({a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share});
    }
  }
  const PanelPlan& plan_;
  std::vector<Place> points_;
  std::vector<Box> texts_;
};

void draw_note(Canvas& canvas, const PanelPlan& plan, const Note& note, Clutter& clutter) {
  TextStyle style{.size = kTickSize, .halo = true};
  const double width = canvas.text_width(note.text, style), height = kTickSize;
  const Place at{plan.at_x(note.x), plan.at_y(note.y)};
  constexpr double kAway = 7;
  const std::array candidates = {
      Box{at.x + kAway, at.y - height - kAway / 2, width, height},  // right above, then around
      Box{at.x - kAway - width, at.y - height - kAway / 2, width, height},
      Box{at.x + kAway, at.y + kAway / 2, width, height},
      Box{at.x - kAway - width, at.y + kAway / 2, width, height},
      Box{at.x - width / 2, at.y - height - kAway, width, height},
      Box{at.x - width / 2, at.y + kAway, width, height},
      Box{at.x - width / 2, at.y - 2 * height - 2 * kAway, width, height},
      Box{at.x - width / 2, at.y + height + 2 * kAway, width, height}};
  const Box& best =
      *std::min_element(candidates.begin(), candidates.end(),
                        [&clutter](const Box& a, const Box& b) { return clutter.cost(a) < clutter.cost(b); });
  canvas.text({best.x, best.bottom() - 2}, note.text, style);
  clutter.add_text(best);
}

}  // namespace

void draw_lines(Canvas& canvas, const PanelPlan& plan, const Lines& lines, const Styles& styles) {
  for (const ReferenceLabel& label : plan.reference_labels) draw_reference_line(canvas, plan, label);
  for (const ReferenceLabel& label : plan.reference_labels) draw_reference_label(canvas, plan, label);
  // Markers on the very edge show whole.
  const Box& plot = plan.plot;
  canvas.clip({plot.x - 5, plot.y - 5, plot.width + 10, plot.height + 10});
  for (const Series& series : lines.series) draw_spread(canvas, plan, series, styles.of(series));
  for (const Series& series : lines.series) draw_series(canvas, plan, series, styles.of(series));
  canvas.unclip();
  Clutter clutter(plan, lines);
  for (const Note& note : lines.notes) draw_note(canvas, plan, note, clutter);
}

void draw_sample(Canvas& canvas, Place middle, const Style& style) {
  const double half = kSampleWidth / 2;
  if (style.area) return canvas.fill(Box{middle.x - 6, middle.y - 5, 12, 10}, style.colour);
  if (style.joined) {
    canvas.line(std::array{Place{middle.x - half, middle.y}, Place{middle.x + half, middle.y}},
                {.colour = style.colour, .width = kLineWidth, .dash = style.dash});
  }
  canvas.marker(style.marker, middle, kMarkerRadius, style.colour);
}

}  // namespace pregate::plot
