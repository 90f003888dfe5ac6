// SPDX-License-Identifier: Apache-2.0
#include "traces/export_csv.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "traces/csv_writer.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

// Cells in people's terms.
class Row {
 public:
  Row(CsvWriter& out, const RunRecord& run, const ExpertTable& table) : out_(out), run_(run), table_(table) {}

  Row& number(std::int64_t value) {
    out_.cell(value);
    return *this;
  }
  Row& word(std::string_view text) {
    out_.cell(text);
    return *this;
  }
  Row& yes(bool value) { return number(value ? 1 : 0); }
  Row& time(SimTime at) { return number(at.count_ps()); }
  Row& time_if(bool known, SimTime at) { return known ? time(at) : none(); }
  template <typename Id>
  Row& id(Id id) {
    return id.valid() ? number(id.value()) : none();
  }
  // Two cells.
  Row& expert(ExpertId expert) {
    if (!expert.valid()) return none().none();
    return number(table_.bank(expert).value()).number(table_.index_in_bank(expert));
  }
  // Two cells: the step and the layer of an event.
  Row& event_place(EventId event) {
    if (!event.valid()) return none().none();
    const EventRecord& record = run_.events[event.value()];
    return number(record.step).id(record.layer);
  }
  Row& none() {
    out_.empty();
    return *this;
  }

 private:
  CsvWriter& out_;
  const RunRecord& run_;
  const ExpertTable& table_;
};

struct Table {
  const char* name;
  const char* columns;
  std::size_t (*rows)(const RunRecord&);
  void (*write)(Row& row, const RunRecord& run, std::size_t i);
};

void step_row(Row& row, const RunRecord& run, std::size_t i) {
  const StepRecord& r = run.steps[i];
  row.number(static_cast<std::int64_t>(i)).word(to_text(r.phase)).number(r.position).number(r.tokens);
  row.time(r.begin).time(r.end);
}

void event_row(Row& row, const RunRecord& run, std::size_t i) {
  const EventRecord& r = run.events[i];
  const std::size_t end = i + 1 < run.events.size() ? run.events[i + 1].first_lookup : run.lookups.size();
  row.number(static_cast<std::int64_t>(i)).number(r.step).id(r.layer).time(r.at);
  row.number(static_cast<std::int64_t>(end - r.first_lookup));
}

void lookup_row(Row& row, const RunRecord& run, std::size_t i) {
  const LookupRecord& r = run.lookups[i];
  row.number(static_cast<std::int64_t>(i)).id(r.event).event_place(r.event).expert(r.expert);
  row.word(to_text(r.outcome)).word(to_text(r.miss_class)).id(r.load);
}

void operator_row(Row& row, const RunRecord& run, std::size_t i) {
  const OperatorRecord& r = run.operators[i];
  row.number(static_cast<std::int64_t>(i)).number(r.step).id(r.layer).word(to_text(r.kind)).expert(r.expert);
  row.time(r.begin).time(r.end).number(r.alone.count_ps());
}

void management_row(Row& row, const RunRecord& run, std::size_t i) {
  const ManagementRecord& r = run.management[i];
  row.number(static_cast<std::int64_t>(i)).number(r.step).id(r.layer).time(r.begin).time(r.end);
}

void stall_row(Row& row, const RunRecord& run, std::size_t i) {
  const StallRecord& r = run.stalls[i];
  row.number(static_cast<std::int64_t>(i)).number(r.step).id(r.layer).word(to_text(r.cause)).id(r.load);
  row.expert(r.load.valid() ? run.loads[r.load.value()].expert : ExpertId()).time(r.begin).time(r.end);
}

void load_row(Row& row, const RunRecord& run, std::size_t i) {
  const LoadRecord& r = run.loads[i];
  const bool arrived = r.state == LoadEnd::arrived;
  row.number(static_cast<std::int64_t>(i)).expert(r.expert).number(r.bytes.count()).word(to_text(r.purpose));
  row.yes(r.adopted).yes(r.reload).word(to_text(r.state)).number(r.step).id(r.layer).number(r.queued_behind);
  row.time(r.requested).time_if(arrived || r.state == LoadEnd::unfinished, r.started);
  row.time_if(arrived, r.arrived).id(r.first_use).id(r.previous_eviction);
}

void eviction_row(Row& row, const RunRecord& run, std::size_t i) {
  const EvictionRecord& r = run.evictions[i];
  row.number(static_cast<std::int64_t>(i)).expert(r.expert).id(r.by_load).time(r.at).id(r.at_event);
  row.id(r.last_used).number(r.score).yes(r.opt_keeps).id(r.next_use);
}

void counter_row(Row& row, const RunRecord& run, std::size_t i) {
  const CounterRecord& r = run.counters[i];
  row.word(kCounterNames.at(r.counter)).time(r.at).number(r.value);
}

void measured_row(Row& row, const RunRecord& run, std::size_t i) {
  const MeasuredRecord& r = run.measured[i];
  row.number(static_cast<std::int64_t>(i)).number(r.step).id(r.layer).word(to_text(r.kind)).number(r.experts);
  row.number(r.begin.count_ps()).number(r.duration.count_ps()).number(r.bytes.count()).number(r.macs.count());
}

template <auto Member>
std::size_t rows_of(const RunRecord& run) {
  return (run.*Member).size();
}

constexpr std::array kTables = {
    Table{"steps", "step,phase,position,tokens,begin_ps,end_ps", rows_of<&RunRecord::steps>, step_row},
    Table{"events", "event,step,layer,at_ps,lookups", rows_of<&RunRecord::events>, event_row},
    Table{"lookups", "lookup,event,step,layer,bank,expert,outcome,miss_class,load",
          rows_of<&RunRecord::lookups>, lookup_row},
    Table{"operators", "operator,step,layer,kind,bank,expert,begin_ps,end_ps,alone_ps",
          rows_of<&RunRecord::operators>, operator_row},
    Table{"management", "management,step,layer,begin_ps,end_ps", rows_of<&RunRecord::management>,
          management_row},
    Table{"stalls", "stall,step,layer,cause,load,bank,expert,begin_ps,end_ps", rows_of<&RunRecord::stalls>,
          stall_row},
    Table{"loads",
          "load,bank,expert,bytes,purpose,adopted,reload,state,step,layer,queued_behind,requested_ps,started_"
          "ps,"
          "arrived_ps,first_use_event,previous_eviction",
          rows_of<&RunRecord::loads>, load_row},
    Table{"evictions",
          "eviction,bank,expert,by_load,at_ps,at_event,last_used_event,score,opt_keeps,next_use_event",
          rows_of<&RunRecord::evictions>, eviction_row},
    Table{"counters", "counter,at_ps,value", rows_of<&RunRecord::counters>, counter_row},
    Table{"measured", "measured,step,layer,kind,experts,begin_ps,duration_ps,bytes,macs",
          rows_of<&RunRecord::measured>, measured_row}};

Result<const Table*> find_table(const std::string& name) {
  const auto found = std::find_if(kTables.begin(), kTables.end(),
                                  [&name](const Table& table) { return table.name == name; });
  if (found != kTables.end()) return &*found;
  return bad_input(fmt::format("one of {}", fmt::join(run_table_names(), ", ")), quoted(name));
}

Status write_table(CsvWriter& out, const Table& table, const RunRecord& run, const ExpertTable& experts) {
  out.line(table.columns);
  Row row(out, run, experts);
  const std::size_t rows = table.rows(run);
  for (std::size_t i = 0; i < rows; ++i) {
    table.write(row, run, i);
    if (const Status ended = out.end(); !ended) return ended;
  }
  return out.finish();
}

}  // namespace

std::vector<std::string> run_table_names() {
  std::vector<std::string> out;
  for (const Table& table : kTables) out.emplace_back(table.name);
  return out;
}

Status export_csv(const RunRecord& run, std::span<CsvFile> files) {
  if (const Status valid = validate_run(run); !valid) return valid;
  const ExpertTable experts(run.model);
  std::vector<CsvWriter> written;
  for (CsvFile& file : files) {
    const Result<const Table*> table = find_table(file.table);
    if (!table) return table.error();
    Result<CsvWriter> out = CsvWriter::create(file.path);
    if (!out) return out.error();
    if (const Status done = write_table(*out, **table, run, experts); !done) return done;
    file.rows = static_cast<std::int64_t>((*table)->rows(run));
    written.push_back(std::move(*out));
  }
  for (CsvWriter& out : written) {
    if (const Status named = out.commit(); !named) return named;
  }
  return {};
}

}  // namespace pregate
