// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/counter_row.hpp"

#include <algorithm>

#include "traces/base/check.hpp"

namespace pregate {
namespace {

// Also of the least number, which has no negative.
std::int64_t negated(std::int64_t value) {
  return ~value;
}

}  // namespace

CounterRow::CounterRow(std::vector<CounterChange> changes, std::int64_t end)
    : changes_(std::move(changes)), end_(end) {
  const auto in_order = [](const CounterChange& a, const CounterChange& b) { return a.at < b.at; };
  check(std::is_sorted(changes_.begin(), changes_.end(), in_order), "a counter changes in order of time");
  const auto value = [this](std::size_t i) { return changes_[i].value; };
  most_.build(changes_.size(), value);
  least_.build(changes_.size(), [&](std::size_t i) { return negated(value(i)); });
  if (!changes_.empty()) most_value_ = most_.best(0, changes_.size(), value).value;
}

std::size_t CounterRow::changes_until(std::int64_t time) const {
  const auto found = std::partition_point(changes_.begin(), changes_.end(),
                                          [time](const CounterChange& change) { return change.at <= time; });
  return static_cast<std::size_t>(found - changes_.begin());
}

// In leaps of doubling length: the first change at or after `time`, at `from` or behind it.
std::size_t CounterRow::first_at(std::int64_t time, std::size_t from) const {
  while (from < changes_.size() && changes_[from].at < time) {
    std::size_t leap = 1;
    while (from + leap < changes_.size() && changes_[from + leap].at < time) leap *= 2;
    from += leap / 2 + 1;
  }
  return from;
}

void CounterRow::spans(const PixelGrid& grid, std::vector<CounterSpan>& out) const {
  out.clear();
  const auto value = [this](std::size_t i) { return changes_[i].value; };
  const auto negative = [this](std::size_t i) { return negated(changes_[i].value); };
  const std::int64_t stop = std::min(end_, grid.span().last);
  std::size_t next = changes_until(grid.span().first);
  for (int column = 0; column < grid.columns() && grid.edge(column) < stop; ++column) {
    const std::size_t before = next;
    next = first_at(grid.edge(column) + 1, next);  // the one in front of it holds when the column begins
    const std::size_t first = next == 0 ? 0 : next - 1;
    next = first_at(grid.edge(column + 1), next);
    if (next == 0) continue;  // no value yet
    const auto most = most_.best(first, next, value);
    const auto least = least_.best(first, next, negative);
    const CounterSpan span{.first_column = column,
                           .last_column = column + 1,
                           .least = negated(least.value),
                           .most = most.value,
                           .most_index = static_cast<std::uint32_t>(most.index),
                           .changes = static_cast<std::uint32_t>(next - before)};
    if (!out.empty() && out.back().last_column == column && out.back().least == span.least &&
        out.back().most == span.most && span.changes == 0) {
      ++out.back().last_column;
    } else {
      out.push_back(span);
    }
  }
}

}  // namespace pregate
