// SPDX-License-Identifier: Apache-2.0
#include "traces/run_uses.hpp"

#include <algorithm>
#include <numeric>

namespace pregate {

// Counting sort, then by expert; rows without an event are left out.
template <typename Row, typename EventOf>
RunUses::ByEvent RunUses::group(const std::vector<Row>& table, EventOf event_of_row) const {
  ByEvent out;
  out.first.assign(run_.events.size() + 1, 0);
  for (const Row& row : table) {
    if (const EventId event = event_of_row(row); event.valid()) ++out.first[event.value() + 1];
  }
  std::partial_sum(out.first.begin(), out.first.end(), out.first.begin());
  std::vector<std::uint32_t> next(out.first.begin(), out.first.end() - 1);
  out.rows.resize(out.first.back());
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    if (const EventId event = event_of_row(table[i]); event.valid()) out.rows[next[event.value()]++] = i;
  }
  for (std::size_t event = 0; event < run_.events.size(); ++event) {
    std::stable_sort(out.rows.begin() + static_cast<std::ptrdiff_t>(out.first[event]),
                     out.rows.begin() + static_cast<std::ptrdiff_t>(out.first[event + 1]),
                     [&](std::uint32_t a, std::uint32_t b) { return table[a].expert < table[b].expert; });
  }
  return out;
}

template <typename Row>
std::uint32_t RunUses::find(const ByEvent& rows, const std::vector<Row>& table, EventId event,
                            ExpertId expert) {
  const auto begin = rows.rows.begin() + static_cast<std::ptrdiff_t>(rows.first[event.value()]);
  const auto end = rows.rows.begin() + static_cast<std::ptrdiff_t>(rows.first[event.value() + 1]);
  const auto found = std::lower_bound(
      begin, end, expert, [&](std::uint32_t row, ExpertId wanted) { return table[row].expert < wanted; });
  return found != end && table[*found].expert == expert ? *found : kNone;
}

RunUses::RunUses(const RunRecord& run) : run_(run) {
  // Events by step, then by layer. Not a table of steps x layers: a file may claim very many of both.
  first_event_.assign(run.steps.size() + 1, 0);
  for (const EventRecord& event : run.events) ++first_event_[static_cast<std::size_t>(event.step) + 1];
  std::partial_sum(first_event_.begin(), first_event_.end(), first_event_.begin());
  by_layer_.resize(run.events.size());
  std::vector<std::uint32_t> next(first_event_.begin(), first_event_.end() - 1);
  for (std::uint32_t i = 0; i < run.events.size(); ++i)
    by_layer_[next[static_cast<std::size_t>(run.events[i].step)]++] = {run.events[i].layer, EventId(i)};
  for (std::size_t step = 0; step < run.steps.size(); ++step) {
    std::sort(by_layer_.begin() + static_cast<std::ptrdiff_t>(first_event_[step]),
              by_layer_.begin() + static_cast<std::ptrdiff_t>(first_event_[step + 1]));
  }
  operators_ = group(run.operators, [&](const OperatorRecord& op) {
    return op.expert.valid() ? event_of(op.step, op.layer) : EventId();
  });
  lookups_ = group(run.lookups, [](const LookupRecord& lookup) { return lookup.event; });
}

EventId RunUses::event_of(std::int32_t step, LayerId layer) const {
  const auto index = static_cast<std::size_t>(step);
  const auto begin = by_layer_.begin() + static_cast<std::ptrdiff_t>(first_event_[index]);
  const auto end = by_layer_.begin() + static_cast<std::ptrdiff_t>(first_event_[index + 1]);
  const auto found =
      std::lower_bound(begin, end, layer, [](const auto& a, LayerId b) { return a.first < b; });
  return found != end && found->first == layer ? found->second : EventId();
}

std::uint32_t RunUses::operator_of(EventId event, ExpertId expert) const {
  if (!event.valid() || !expert.valid()) return kNone;
  // The operators of an event may have been filed under another one of its step and layer.
  const EventRecord& record = run_.events[event.value()];
  return find(operators_, run_.operators, event_of(record.step, record.layer), expert);
}

std::vector<std::uint32_t> RunUses::lookups_of_operators() const {
  std::vector<std::uint32_t> out(run_.operators.size(), kNone);
  for (std::uint32_t i = 0; i < run_.operators.size(); ++i) {
    const OperatorRecord& op = run_.operators[i];
    if (!op.expert.valid()) continue;
    const EventId event = event_of(op.step, op.layer);
    if (event.valid()) out[i] = find(lookups_, run_.lookups, event, op.expert);
  }
  return out;
}

std::vector<std::uint32_t> RunUses::first_lookups_of_loads() const {
  std::vector<std::uint32_t> out(run_.loads.size(), kNone);
  for (std::uint32_t i = 0; i < run_.loads.size(); ++i) {
    const LoadRecord& load = run_.loads[i];
    if (load.first_use.valid() && load.expert.valid())
      out[i] = find(lookups_, run_.lookups, load.first_use, load.expert);
  }
  return out;
}

}  // namespace pregate
