// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/compare_scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/scene/compare_picture.hpp"
#include "traces/number_text.hpp"

namespace pregate {
namespace {

using Kind = Target::Kind;
constexpr int kLeastLayer = 6;  // pixels, from which on layers are told apart

std::string signed_ms(std::int64_t ps) {
  return fmt::format("{:+.3f} ms", pregate::rounded(seconds(Duration::ps(ps)) * 1e3, 3));
}

std::string both_text(std::string name, Duration a, Duration b, const TimeBins& change) {
  std::string out = fmt::format("{}: A {}, B {}: {}", name, milliseconds(a), milliseconds(b),
                                signed_ms((b - a).count_ps()));
  const TimeBin cause = main_cause(change);
  if (change[cause] != Duration())
    out += fmt::format("; most by {} ({})", words_of(cause), signed_ms(change[cause].count_ps()));
  return out;
}

}  // namespace

CompareScene::CompareScene(const RunPair& pair) : pair_(pair) {
  fit();
}

void CompareScene::resize(int width, int height) {
  width_ = std::max(width, names_width() + 1);
  height_ = std::max(height, 1);
}

std::int64_t CompareScene::axis_at(double x) const {
  const double part = (x - names_width()) / plot_width();
  return view_.first + static_cast<std::int64_t>(std::llround(part * static_cast<double>(view_.length())));
}

double CompareScene::x_of(std::int64_t axis) const {
  return names_width() +
         static_cast<double>(axis - view_.first) / static_cast<double>(view_.length()) * plot_width();
}

void CompareScene::fit() {
  view_ = pair_.axis().span();
  keep_in_bounds();
}

void CompareScene::keep_in_bounds() {
  const std::int64_t all = std::max<std::int64_t>(pair_.axis().span().last, 1);
  const std::int64_t length =
      std::clamp<std::int64_t>(view_.length(), std::min<std::int64_t>(all, 1000), all);
  const std::int64_t first = std::clamp<std::int64_t>(view_.first, 0, all - length);
  view_ = {first, first + length};
}

void CompareScene::zoom_to(TimeSpan span) {
  if (span.empty()) return;
  view_ = span;
  keep_in_bounds();
}

void CompareScene::zoom_at(double x, double factor) {
  if (!(factor > 0) || !std::isfinite(factor)) return;
  const double part = std::clamp((x - names_width()) / plot_width(), 0.0, 1.0);
  const double all = static_cast<double>(std::max<std::int64_t>(pair_.axis().span().last, 1));
  const double length = std::clamp(static_cast<double>(view_.length()) * factor, std::min(all, 1000.0), all);
  const double held = static_cast<double>(view_.first) + part * static_cast<double>(view_.length());
  const auto first = static_cast<std::int64_t>(std::llround(std::max(held - part * length, 0.0)));
  view_ = {first, first + static_cast<std::int64_t>(std::llround(length))};
  keep_in_bounds();
}

void CompareScene::pan(double pixels) {
  // No further than from one end to the other, however far the mouse was dragged.
  const auto all = static_cast<double>(pair_.axis().span().last);
  const double wanted = pixels / plot_width() * static_cast<double>(view_.length());
  const std::int64_t by = std::llround(std::clamp(wanted, -all, all));
  const std::int64_t length = view_.length(), latest = pair_.axis().span().last - length;
  view_.first = std::clamp<std::int64_t>(view_.first + by, 0, std::max<std::int64_t>(latest, 0));
  view_.last = view_.first + length;
  keep_in_bounds();
}

void CompareScene::set_area(std::optional<TimeSpan> area) {
  if (area && area->last < area->first) std::swap(area->first, area->last);
  area_ = area && !area->empty() ? area : std::nullopt;
}

std::optional<TimeSpan> CompareScene::place_of(const Target& target) const {
  const Side side = target.track == 1 ? Side::b : Side::a;
  const RunRecord& run = pair_.run(side);
  const auto span = [&](const auto& rows) -> std::optional<TimeSpan> {
    if (target.row >= rows.size()) return std::nullopt;
    const std::int64_t first = pair_.axis().from_time(side, rows[target.row].begin.count_ps());
    return TimeSpan{first,
                    std::max(first, pair_.axis().from_time(side, rows[target.row].end.count_ps(), true))};
  };
  switch (target.kind) {
    case Kind::step:
      return span(run.steps);
    case Kind::operation:
      return span(run.operators);
    case Kind::management:
      return span(run.management);
    case Kind::stall:
      return span(run.stalls);
    case Kind::cell: {
      if (target.row >= pair_.axis().intervals().size()) return std::nullopt;
      const std::int64_t first = pair_.axis().intervals()[target.row].axis;
      return TimeSpan{first, first + pair_.axis().width(target.row)};
    }
    case Kind::step_pair:
      for (const AlignedStep& step : pair_.axis().steps()) {
        if (target.row < pair_.diff().steps().size() && step.a == pair_.diff().steps()[target.row].a &&
            step.b == pair_.diff().steps()[target.row].b)
          return step.axis;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool CompareScene::reveal(const Target& target) {
  const std::optional<TimeSpan> place = place_of(target);
  if (!place) return false;
  select(target);
  if (place->first >= view_.first && place->last <= view_.last &&
      place->length() / 3 >= view_.length() / plot_width())
    return true;
  constexpr std::int64_t kMost = INT64_MAX / 20;
  const std::int64_t length = std::max<std::int64_t>(std::min(place->length(), kMost) * 10, 1000);
  const std::int64_t middle = place->first + place->length() / 2;
  zoom_to({middle - std::min(middle, length / 2), middle + length / 2});
  return true;
}

std::string CompareScene::describe(const Target& target) const {
  if (target.kind == Kind::step_pair) {
    if (target.row >= pair_.diff().steps().size()) return {};
    const StepDiff& step = pair_.diff().steps()[target.row];
    const Side side = step.a ? Side::a : Side::b;
    const std::string name = pair_.names(side).step(step.a ? *step.a : *step.b);
    if (!step.in_both()) return fmt::format("{}: {} alone has it", name, step.a ? "A" : "B");
    return both_text(name, step.sum.a.bins.total(), step.sum.b.bins.total(), step.sum.change());
  }
  if (target.kind == Kind::cell) {
    const RunPair::Place place = pair_.place_of(target.row);
    if (place.step == nullptr || !place.step->a || !place.step->b) return {};
    const StepDiff& step = pair_.diff().steps()[static_cast<std::size_t>(*place.step->a)];
    const bool head = place.layer == pair_.axis().layers();
    const RowDiff row = head ? pair_.diff().head(step) : pair_.diff().at(step, place.layer);
    const std::string name =
        fmt::format("{}, {}", pair_.names(Side::a).step(*place.step->a),
                    head ? std::string("output head") : fmt::format("layer {}", place.layer));
    return both_text(name, row.a.bins.total(), row.b.bins.total(), row.change());
  }
  const Side side = target.track == 1 ? Side::b : Side::a;
  const RunRecord& run = pair_.run(side);
  const RunNames& names = pair_.names(side);
  const auto told = [&](const auto& row, std::string_view what) {
    return fmt::format("{}: {}, {}: {}", side == Side::a ? "A" : "B", what, names.place(row.step, row.layer),
                       to_text(between(row.begin, row.end)));
  };
  if (target.kind == Kind::operation && target.row < run.operators.size())
    return told(run.operators[target.row], operator_words(run.operators[target.row].kind));
  if (target.kind == Kind::management && target.row < run.management.size())
    return told(run.management[target.row], "cache management");
  if (target.kind == Kind::stall && target.row < run.stalls.size())
    return told(run.stalls[target.row],
                fmt::format("stall, {}", spaced(to_text(run.stalls[target.row].cause))));
  if (target.kind == Kind::step && target.row < run.steps.size()) {
    const StepRecord& step = run.steps[target.row];
    return fmt::format("{}: {}: {}", side == Side::a ? "A" : "B",
                       names.step(static_cast<std::int32_t>(target.row)),
                       to_text(between(step.begin, step.end)));
  }
  return {};
}

Target CompareScene::in_a(const Target& target) const {
  const auto step = [](const std::optional<std::int32_t>& row) -> Target {
    return row ? Target{.kind = Kind::step, .row = static_cast<std::uint64_t>(*row)} : Target{};
  };
  if (target.kind == Kind::step_pair) {
    return target.row < pair_.diff().steps().size() ? step(pair_.diff().steps()[target.row].a) : Target{};
  }
  if (target.kind == Kind::cell) {
    const RunPair::Place place = pair_.place_of(target.row);
    return place.step == nullptr ? Target{} : step(place.step->a);
  }
  if (target.track == 0) return target;
  // Of B: the step of A that stands beside it.
  const std::optional<TimeSpan> place = place_of(target);
  if (!place) return {};
  const RunPair::Place beside = pair_.place_of(pair_.axis().interval_at(place->first));
  return beside.step == nullptr ? Target{} : step(beside.step->a);
}

bool CompareScene::by_layer() const {
  const std::size_t intervals = pair_.axis().intervals().size();
  if (intervals == 0) return false;
  const std::size_t shown = pair_.axis().interval_at(view_.last) - pair_.axis().interval_at(view_.first) + 1;
  return static_cast<int>(shown) * kLeastLayer <= plot_width();
}

Picture CompareScene::picture() const {
  return ComparePicture(*this).make();
}

}  // namespace pregate
