// SPDX-License-Identifier: Apache-2.0
#include "traces/run_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <queue>
#include <tuple>

#include "traces/run_uses.hpp"

namespace pregate {
namespace {

std::string_view table_name(NpuRow::Table table) {
  constexpr std::array<std::string_view, 3> kNames = {"operator", "management", "stall"};
  return kNames.at(static_cast<std::size_t>(table));
}

std::string place(std::string_view table, std::size_t row) {
  return fmt::format("{} {}", table, row);
}

Error early(const char* expected, SimTime at, SimTime earliest, std::string where) {
  return bad_input(expected, fmt::format("one {} ps too early", Int128{earliest.count_ps()} - at.count_ps()),
                   std::move(where));
}

// Builds a layout part by part; each part refuses what has no place in time.
class LayoutBuilder {
 public:
  explicit LayoutBuilder(const RunRecord& run) : run_(run) {}

  Result<RunLayout> build() {
    Status done = check_steps();
    if (done.ok()) done = take_npu_rows();
    if (done.ok()) done = check_marks();
    if (done.ok()) done = take_loads();
    if (!done) return done.error();
    add_lanes();
    connect();
    return std::move(out_);
  }

 private:
  void passes(SimTime at) { out_.end = std::max(out_.end, at); }
  Status check_steps();
  Status take_npu_rows();
  void add_span(const NpuRow& row);
  Status check_marks();
  Status take_loads();
  Status check_load(std::size_t i) const;
  void add_lanes();
  void connect();

  const RunRecord& run_;
  RunLayout out_;
};

Status LayoutBuilder::check_steps() {
  SimTime before;
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const StepRecord& step = run_.steps[i];
    if (step.begin < before)
      return early("a step that begins when the one before has ended", step.begin, before, place("step", i));
    before = step.end;
    passes(step.end);
  }
  return {};
}

void LayoutBuilder::add_span(const NpuRow& row) {
  LayerSpan* last = out_.layers.empty() ? nullptr : &out_.layers.back();
  const bool same = last != nullptr && last->step == row.step && last->head == row.head &&
                    (row.head || last->layer == row.layer);
  if (same) {
    last->end = row.end;
  } else {
    out_.layers.push_back(
        {.step = row.step, .layer = row.layer, .head = row.head, .begin = row.begin, .end = row.end});
  }
}

Status LayoutBuilder::take_npu_rows() {
  NpuRows rows(run_);
  SimTime before;
  std::int32_t step_before = 0;
  while (const auto row = rows.next()) {
    const std::string where = place(table_name(row->table), row->row);
    if (row->begin < before)
      return early("a slice that begins when the one before has ended", row->begin, before, where);
    const StepRecord& step = run_.steps[static_cast<std::size_t>(row->step)];
    if (row->begin < step.begin || row->end > step.end || row->step < step_before)
      return bad_input(fmt::format("a slice within step {}, in the order of steps", row->step), "another",
                       where);
    before = row->end;
    step_before = row->step;
    add_span(*row);
  }
  return {};
}

// Evictions, events and counters: points in time.
Status LayoutBuilder::check_marks() {
  const auto in_order = [this](std::string_view table, const auto& rows) -> Status {
    SimTime before;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].at < before) return early("times that do not go back", rows[i].at, before, place(table, i));
      before = rows[i].at;
    }
    passes(before);
    return {};
  };
  if (const Status fits = in_order("event", run_.events); !fits) return fits;
  if (const Status fits = in_order("eviction", run_.evictions); !fits) return fits;
  return in_order("counter", run_.counters);
}

bool has_started(const LoadRecord& load) {
  return load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
}

Status LayoutBuilder::check_load(std::size_t i) const {
  const LoadRecord& load = run_.loads[i];
  if (load.requested < SimTime())
    return early("a load that is asked for after the run's begin", load.requested, SimTime(),
                 place("load", i));
  if (has_started(load) && load.started < load.requested)
    return early("a load that starts when it was asked for, or later", load.started, load.requested,
                 place("load", i));
  if (load.state == LoadEnd::arrived && load.arrived < load.started)
    return early("a load that arrives when it has started, or later", load.arrived, load.started,
                 place("load", i));
  return {};
}

Status LayoutBuilder::take_loads() {
  Int128 bytes = 0;
  for (std::size_t i = 0; i < run_.loads.size(); ++i) {
    if (const Status fits = check_load(i); !fits) return fits;
    const LoadRecord& load = run_.loads[i];
    passes(load.requested);
    if (has_started(load)) passes(load.started);
    if (load.state == LoadEnd::arrived) passes(load.arrived);
    bytes += load.bytes.count();
    if (load.bytes < Bytes() || bytes > INT64_MAX)
      return bad_input("sizes of at least 0 whose sum is below 2^63", fmt::format("{}", load.bytes.count()),
                       place("load", i));
  }
  return {};
}

void LayoutBuilder::add_lanes() {
  std::vector<LaneSlice> flights, queue;
  for (std::uint32_t i = 0; i < run_.loads.size(); ++i) {
    const LoadRecord& load = run_.loads[i];
    const LoadId id(i);
    if (load.state == LoadEnd::cancelled) {
      out_.withdrawn.push_back(id);
      continue;
    }
    const SimTime started = has_started(load) ? load.started : out_.end;
    if (!has_started(load) || load.requested < started)
      queue.push_back({.load = id, .begin = load.requested, .end = started});
    if (has_started(load))
      flights.push_back(
          {.load = id, .begin = started, .end = load.state == LoadEnd::arrived ? load.arrived : out_.end});
  }
  std::stable_sort(out_.withdrawn.begin(), out_.withdrawn.end(), [this](LoadId a, LoadId b) {
    return run_.loads[a.value()].requested < run_.loads[b.value()].requested;
  });
  out_.flights = allocate_lanes(std::move(flights));
  out_.queue = allocate_lanes(std::move(queue));
}

void LayoutBuilder::connect() {
  const RunUses uses(run_);
  out_.lookup_of = uses.lookups_of_operators();
  out_.first_lookup_of = uses.first_lookups_of_loads();
  std::vector<bool> has_slices(run_.events.size());
  for (const LayerSpan& span : out_.layers) {
    const EventId event = span.head ? EventId() : uses.event_of(span.step, span.layer);
    out_.event_of_layer.push_back(event);
    if (event.valid()) has_slices[event.value()] = true;
  }
  out_.events_without_slices = std::count(has_slices.begin(), has_slices.end(), false);
  std::vector<bool> shown(run_.lookups.size());
  for (const std::uint32_t lookup : out_.lookup_of) {
    if (lookup != RunLayout::kNoRow) shown[lookup] = true;
  }
  out_.lookups_without_operator = std::count(shown.begin(), shown.end(), false);
  for (std::uint32_t i = 0; i < run_.loads.size(); ++i) {
    const LoadRecord& load = run_.loads[i];
    if (!load.first_use.valid()) continue;
    const std::uint32_t op = uses.operator_of(load.first_use, load.expert);
    const bool drawn =
        op != RunLayout::kNoRow && load.state == LoadEnd::arrived && load.arrived <= run_.operators[op].begin;
    if (drawn) {
      out_.uses.push_back({.load = LoadId(i), .row = op});
    } else {
      ++out_.uses_without_arrow;
    }
  }
  for (std::uint32_t i = 0; i < run_.stalls.size(); ++i) {
    const StallRecord& stall = run_.stalls[i];
    if (!stall.load.valid()) continue;
    const LoadRecord& load = run_.loads[stall.load.value()];
    if (load.state == LoadEnd::arrived && load.arrived <= stall.end) {
      out_.stalls.push_back({.load = stall.load, .row = i});
    } else {
      ++out_.stalls_without_arrow;
    }
  }
  std::stable_sort(out_.stalls.begin(), out_.stalls.end(),
                   [](const LoadArrow& a, const LoadArrow& b) { return a.load < b.load; });
}

}  // namespace

std::optional<NpuRow> NpuRows::peek(NpuRow::Table table) const {
  const std::size_t row = at_[static_cast<std::size_t>(table)];
  const auto of = [&](const auto& rows, bool head) -> std::optional<NpuRow> {
    if (row >= rows.size()) return std::nullopt;
    return NpuRow{.table = table,
                  .row = row,
                  .step = rows[row].step,
                  .layer = rows[row].layer,
                  .head = head,
                  .begin = rows[row].begin,
                  .end = rows[row].end};
  };
  switch (table) {
    case NpuRow::Table::operators:
      return of(run_.operators,
                row < run_.operators.size() && run_.operators[row].kind == OperatorKind::head);
    case NpuRow::Table::management:
      return of(run_.management, false);
    default:
      return of(run_.stalls, false);
  }
}

std::optional<NpuRow> NpuRows::next() {
  // Slices without length may share their time: then steps and layers say the order, as the NPU takes them.
  const auto key = [](const NpuRow& row) {
    return std::tie(row.step, row.begin, row.end, row.head, row.layer);
  };
  std::optional<NpuRow> first;
  for (const auto table : {NpuRow::Table::operators, NpuRow::Table::management, NpuRow::Table::stalls}) {
    const std::optional<NpuRow> row = peek(table);
    if (row && (!first || key(*row) < key(*first))) first = row;
  }
  if (first) ++at_[static_cast<std::size_t>(first->table)];
  return first;
}

Lanes allocate_lanes(std::vector<LaneSlice> slices) {
  Lanes out{.slices = std::move(slices)};
  std::sort(out.slices.begin(), out.slices.end(), [](const LaneSlice& a, const LaneSlice& b) {
    return std::tie(a.begin, a.load) < std::tie(b.begin, b.load);
  });
  using Taken = std::pair<SimTime, std::uint32_t>;  // until when, lane
  std::priority_queue<Taken, std::vector<Taken>, std::greater<>> taken;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
  for (LaneSlice& slice : out.slices) {
    for (; !taken.empty() && taken.top().first <= slice.begin; taken.pop()) free.push(taken.top().second);
    if (free.empty()) free.push(out.lanes++);
    slice.lane = free.top();
    free.pop();
    taken.emplace(slice.end, slice.lane);
  }
  return out;
}

std::vector<std::int32_t> numbers_in_phase(std::span<const StepRecord> steps) {
  std::vector<std::int32_t> out;
  std::int32_t prefills = 0, decoded = 0;
  for (const StepRecord& step : steps) out.push_back(step.phase == Phase::prefill ? prefills++ : decoded++);
  return out;
}

Result<RunLayout> lay_out_run(const RunRecord& run) {
  if (const Status valid = validate_run(run); !valid) return valid.error();
  return LayoutBuilder(run).build();
}

}  // namespace pregate
