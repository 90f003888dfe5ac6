// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/alignment.hpp"

#include <algorithm>

#include "traces/base/units.hpp"

namespace pregate {
namespace {

constexpr std::size_t index(Side side) {
  return static_cast<std::size_t>(side);
}

// Where each layer of each step ends, and the step's head behind them, from the slices that fill the steps.
// Ends never go back, and the last is the step's.
class LayerEnds {
 public:
  LayerEnds(const RunRecord& run, std::size_t layers) : run_(run), columns_(layers + 1) {
    ends_.assign(run.steps.size() * columns_, INT64_MIN);
    for (const OperatorRecord& op : run.operators)
      note(op.step, op.kind == OperatorKind::head ? layers : op.layer.value(), op.end);
    for (const ManagementRecord& slice : run.management) note(slice.step, slice.layer.value(), slice.end);
    for (const StallRecord& stall : run.stalls) note(stall.step, stall.layer.value(), stall.end);
    for (std::size_t step = 0; step < run.steps.size(); ++step) put_in_order(step);
  }

  [[nodiscard]] std::int64_t end(std::int32_t step, std::size_t column) const {
    return ends_[static_cast<std::size_t>(step) * columns_ + column];
  }

 private:
  void note(std::int32_t step, std::size_t column, SimTime end) {
    if (column >= columns_) return;
    std::int64_t& known = ends_[static_cast<std::size_t>(step) * columns_ + column];
    known = std::max(known, end.count_ps());
  }
  void put_in_order(std::size_t step) {
    const StepRecord& row = run_.steps[step];
    std::int64_t before = row.begin.count_ps();
    for (std::size_t column = 0; column < columns_; ++column) {
      std::int64_t& end = ends_[step * columns_ + column];
      end = std::clamp(end, before, row.end.count_ps());
      before = end;
    }
    ends_[(step + 1) * columns_ - 1] = row.end.count_ps();
  }

  const RunRecord& run_;
  std::size_t columns_;
  std::vector<std::int64_t> ends_;
};

// Which step of the other run has the same number within the same phase; -1: none.
std::vector<std::int64_t> partners(const RunRecord& of, const RunRecord& other) {
  std::array<std::vector<std::int64_t>, 2> rows;
  for (std::size_t i = 0; i < other.steps.size(); ++i)
    rows[static_cast<std::size_t>(other.steps[i].phase)].push_back(static_cast<std::int64_t>(i));
  std::array<std::size_t, 2> next{};
  std::vector<std::int64_t> out;
  out.reserve(of.steps.size());
  for (const StepRecord& step : of.steps) {
    const auto phase = static_cast<std::size_t>(step.phase);
    const std::size_t number = next[phase]++;
    out.push_back(number < rows[phase].size() ? rows[phase][number] : -1);
  }
  return out;
}

}  // namespace

class Aligner {
 public:
  Aligner(const RunRecord& a, const RunRecord& b, AxisScale scale)
      : a_(a),
        b_(b),
        layers_(std::max(a.model.layers.size(), b.model.layers.size())),
        ends_{LayerEnds(a, layers_), LayerEnds(b, layers_)} {
    out_.scale_ = scale;
    out_.layers_ = layers_;
  }

  Alignment build() {
    const std::vector<std::int64_t> of_a = partners(a_, b_), of_b = partners(b_, a_);
    std::size_t i = 0, j = 0;
    while (i < of_a.size() || j < of_b.size()) {
      const bool more_a = i < of_a.size(), more_b = j < of_b.size();
      // A counterpart that has passed, or never comes, leaves a step alone; A's goes first.
      const bool waits_a = more_a && of_a[i] > static_cast<std::int64_t>(j);
      const bool waits_b = more_b && of_b[j] > static_cast<std::int64_t>(i);
      if (more_a && more_b && of_a[i] == static_cast<std::int64_t>(j)) {
        add(i++, j++);
      } else if (more_a && (!waits_a || (waits_b || !more_b))) {
        add(i++, std::nullopt);
      } else {
        add(std::nullopt, j++);
      }
    }
    out_.end_ = axis_;
    return std::move(out_);
  }

 private:
  using Row = std::optional<std::size_t>;

  void add(Row a, Row b) {
    const std::array<const RunRecord*, 2> runs = {&a_, &b_};
    const std::array<Row, 2> rows = {a, b};
    std::array<std::int64_t, 2> idle = now_;
    for (std::size_t s = 0; s < 2; ++s) {
      if (rows[s]) idle[s] = std::max(now_[s], runs[s]->steps[*rows[s]].begin.count_ps());
    }
    interval(idle);  // what lies before the step
    AlignedStep step{.a = {}, .b = {}, .axis = {axis_, axis_}, .first_interval = out_.intervals_.size()};
    if (a) step.a = static_cast<std::int32_t>(*a);
    if (b) step.b = static_cast<std::int32_t>(*b);
    for (std::size_t column = 0; column <= layers_; ++column) {
      std::array<std::int64_t, 2> until = now_;
      if (step.a) until[0] = std::max(now_[0], ends_[0].end(*step.a, column));
      if (step.b) until[1] = std::max(now_[1], ends_[1].end(*step.b, column));
      interval(until);
    }
    step.axis.last = axis_;
    out_.steps_.push_back(step);
  }

  void interval(const std::array<std::int64_t, 2>& until) {
    AlignedInterval next{.axis = axis_, .begin = now_, .duration = {until[0] - now_[0], until[1] - now_[1]}};
    const bool own = out_.scale_ == AxisScale::as_a && next.duration[0] > 0;
    axis_ += own ? next.duration[0] : std::max(next.duration[0], next.duration[1]);
    now_ = until;
    out_.intervals_.push_back(next);
  }

  const RunRecord &a_, &b_;
  std::size_t layers_;
  std::array<LayerEnds, 2> ends_;
  Alignment out_;
  std::array<std::int64_t, 2> now_{};
  std::int64_t axis_ = 0;
};

Alignment Alignment::build(const RunRecord& a, const RunRecord& b, AxisScale scale) {
  return Aligner(a, b, scale).build();
}

std::int64_t Alignment::width(std::size_t interval) const {
  return (interval + 1 < intervals_.size() ? intervals_[interval + 1].axis : end_) -
         intervals_[interval].axis;
}

// Of an offset from the interval's begin; where the interval is too short for it, it is shrunk.
std::int64_t Alignment::place(Side side, std::size_t interval, std::int64_t offset) const {
  const AlignedInterval& at = intervals_[interval];
  const std::int64_t duration = at.duration[index(side)], wide = width(interval);
  const std::int64_t inside = std::clamp<std::int64_t>(offset, 0, duration);
  if (duration == 0) return at.axis;
  if (scale_ == AxisScale::longer || side == Side::a) return at.axis + inside;
  return at.axis + static_cast<std::int64_t>(Int128{inside} * wide / duration);
}

std::int64_t Alignment::from_time(Side side, std::int64_t time, bool end) const {
  if (intervals_.empty()) return 0;
  const std::size_t s = index(side);
  // The last interval that begins at or before the time; for an end, before it.
  const auto after =
      std::partition_point(intervals_.begin(), intervals_.end(), [&](const AlignedInterval& interval) {
        return end ? interval.begin[s] < time : interval.begin[s] <= time;
      });
  if (after == intervals_.begin()) return 0;
  const auto found = static_cast<std::size_t>(after - intervals_.begin()) - 1;
  return place(side, found, time - intervals_[found].begin[s]);
}

std::size_t Alignment::interval_at(std::int64_t axis) const {
  const auto after =
      std::partition_point(intervals_.begin(), intervals_.end(),
                           [axis](const AlignedInterval& interval) { return interval.axis <= axis; });
  return after == intervals_.begin() ? 0 : static_cast<std::size_t>(after - intervals_.begin()) - 1;
}

std::int64_t Alignment::to_time(Side side, std::int64_t axis) const {
  if (intervals_.empty()) return 0;
  const std::size_t found = interval_at(axis), s = index(side);
  const AlignedInterval& at = intervals_[found];
  const std::int64_t offset = std::max<std::int64_t>(axis - at.axis, 0), duration = at.duration[s];
  if (scale_ == AxisScale::longer || side == Side::a || width(found) == 0)
    return at.begin[s] + std::min(offset, duration);
  const std::int64_t inside = std::min(offset, width(found));
  // Rounded up, so that the way there and back ends where it began.
  return at.begin[s] +
         static_cast<std::int64_t>((Int128{inside} * duration + width(found) - 1) / width(found));
}

}  // namespace pregate
