// SPDX-License-Identifier: Apache-2.0
// Steps, NPU, evictions and counters. Loads: perfetto_loads.cpp.
#include "traces/perfetto_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace pregate {
namespace {

using Event = PerfettoWriter::Event;

std::vector<std::uint32_t> by_row(const std::vector<LoadArrow>& arrows) {
  std::vector<std::uint32_t> out(arrows.size());
  std::iota(out.begin(), out.end(), 0U);
  std::stable_sort(out.begin(), out.end(),
                   [&arrows](std::uint32_t a, std::uint32_t b) { return arrows[a].row < arrows[b].row; });
  return out;
}

void note_expert(Event& event, const ExportedRun& run, ExpertId expert) {
  if (!expert.valid()) return;
  event.number("bank", run.table.bank(expert).value()).number("expert", run.table.index_in_bank(expert));
}

Result<std::int32_t> describe_one(PerfettoWriter& out, const PerfettoTrack& track) {
  const Status described = out.describe(track);
  if (!described) return described.error();
  return track.rank + 1;
}

// ---- steps and layers ----

class StepsSource final : public EventSource {
 public:
  explicit StepsSource(const ExportedRun& run) : run_(run) {}

  Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) override {
    return describe_one(out, {.uuid = kStepsTrack, .parent = parent, .name = "steps", .rank = rank});
  }

  [[nodiscard]] std::optional<SimTime> next() const override {
    if (step_ >= run_.run.steps.size()) return std::nullopt;
    const StepRecord& step = run_.run.steps[step_];
    if (!in_step_) return step.begin;
    if (!has_layer()) return step.end;
    return in_layer_ ? layer().end : layer().begin;
  }

  Status write(PerfettoWriter& out) override {
    const SimTime at = *next();
    if (!in_step_) {
      in_step_ = true;
      return write_step(out, at);
    }
    if (!has_layer()) {
      in_step_ = false;
      ++step_;
      return out.end(kStepsTrack, at).write();
    }
    in_layer_ = !in_layer_;
    if (in_layer_) return write_layer(out, at);
    ++layer_;
    return out.end(kStepsTrack, at).write();
  }

 private:
  [[nodiscard]] const LayerSpan& layer() const { return run_.layout.layers[layer_]; }
  [[nodiscard]] bool has_layer() const {
    return layer_ < run_.layout.layers.size() && static_cast<std::size_t>(layer().step) == step_;
  }

  Status write_step(PerfettoWriter& out, SimTime at) const {
    const StepRecord& step = run_.run.steps[step_];
    return out.begin(kStepsTrack, at)
        .unique_name(run_.step_name(static_cast<std::int32_t>(step_)))
        .category("step")
        .category(to_text(step.phase))
        .number("step", static_cast<std::int64_t>(step_))
        .number("position", step.position)
        .number("tokens", step.tokens)
        .number("duration_ps", (step.end - step.begin).count_ps())
        .write();
  }

  Status write_layer(PerfettoWriter& out, SimTime at) const {
    const LayerSpan& span = layer();
    Event event = out.begin(kStepsTrack, at);
    event.name(span.head            ? "head"
               : span.layer.valid() ? std::string_view(run_.layer_names[span.layer.value()])
                                    : "no layer");
    event.category("layer").number("step", span.step);
    if (span.layer.valid() && !span.head) event.number("layer", span.layer.value());
    event.number("duration_ps", (span.end - span.begin).count_ps());
    if (const EventId id = run_.layout.event_of_layer[layer_]; id.valid()) note_event(event, id);
    return event.write();
  }

  // How the lookups of an event went.
  void note_event(Event& event, EventId id) const {
    const std::vector<EventRecord>& events = run_.run.events;
    const std::size_t end =
        id.value() + 1 < events.size() ? events[id.value() + 1].first_lookup : run_.run.lookups.size();
    std::array<std::int64_t, 4> outcomes{};
    for (std::size_t i = events[id.value()].first_lookup; i < end; ++i)
      ++outcomes[static_cast<std::size_t>(run_.run.lookups[i].outcome)];
    event.number("event", id.value()).number("event_ps", events[id.value()].at.count_ps());
    for (std::size_t i = 0; i < outcomes.size(); ++i)
      event.number(to_text(static_cast<Outcome>(i)), outcomes[i]);
  }

  const ExportedRun& run_;
  std::size_t step_ = 0, layer_ = 0;
  bool in_step_ = false, in_layer_ = false;
};

// ---- the NPU ----

class NpuSource final : public EventSource {
 public:
  explicit NpuSource(const ExportedRun& run) : run_(run), rows_(run.run), row_(rows_.next()) {}

  Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) override {
    return describe_one(out, {.uuid = kNpuTrack, .parent = parent, .name = "NPU", .rank = rank});
  }

  [[nodiscard]] std::optional<SimTime> next() const override {
    if (!row_) return std::nullopt;
    return open_ ? row_->end : row_->begin;
  }

  Status write(PerfettoWriter& out) override {
    open_ = !open_;
    if (!open_) return close(out);
    Event event = out.begin(kNpuTrack, row_->begin);
    switch (row_->table) {
      case NpuRow::Table::operators:
        begin_operator(event);
        break;
      case NpuRow::Table::management:
        event.name("management").category("management");
        break;
      case NpuRow::Table::stalls:
        begin_stall(event);
    }
    event.number("step", row_->step);
    if (row_->layer.valid()) event.number("layer", row_->layer.value());
    return event.number("duration_ps", (row_->end - row_->begin).count_ps()).write();
  }

 private:
  void begin_operator(Event& event) {
    const OperatorRecord& op = run_.run.operators[row_->row];
    event.name(run_.expert_name(op.expert, to_text(op.kind))).category("operator").category(to_text(op.kind));
    note_expert(event, run_, op.expert);
    event.number("alone_ps", op.alone.count_ps());
    if (const std::uint32_t lookup = run_.layout.lookup_of[row_->row]; lookup != RunLayout::kNoRow) {
      const LookupRecord& found = run_.run.lookups[lookup];
      event.text("outcome", to_text(found.outcome));
      if (found.miss_class != MissClass::none) event.text("miss_class", to_text(found.miss_class));
      if (found.load.valid()) event.number("load", found.load.value());
    }
    for (; next_use_ < run_.uses_by_row.size(); ++next_use_) {
      const std::uint32_t use = run_.uses_by_row[next_use_];
      if (run_.layout.uses[use].row != row_->row) break;
      event.ends_flow(run_.use_flow(use));
    }
  }

  void begin_stall(Event& event) const {
    const StallRecord& stall = run_.run.stalls[row_->row];
    std::string name = "stall: ";
    name += to_text(stall.cause);
    event.name(name).category("stall").category(to_text(stall.cause));
    if (!stall.load.valid()) return;
    const LoadRecord& load = run_.run.loads[stall.load.value()];
    event.number("load", stall.load.value());
    note_expert(event, run_, load.expert);
    event.text("purpose", to_text(load.purpose)).number("queued_behind", load.queued_behind);
  }

  // A stall's arrow ends where the stall does: its load may well have started after the wait began.
  Status close(PerfettoWriter& out) {
    Event event = out.end(kNpuTrack, row_->end);
    if (row_->table == NpuRow::Table::stalls) {
      for (; next_stall_ < run_.stalls_by_row.size(); ++next_stall_) {
        const std::uint32_t arrow = run_.stalls_by_row[next_stall_];
        if (run_.layout.stalls[arrow].row != row_->row) break;
        event.ends_flow(run_.stall_flow(arrow));
      }
    }
    row_ = rows_.next();
    return event.write();
  }

  const ExportedRun& run_;
  NpuRows rows_;
  std::optional<NpuRow> row_;
  bool open_ = false;
  std::size_t next_use_ = 0, next_stall_ = 0;  // both tables are walked in order of their rows
};

// ---- evictions ----

class EvictionsSource final : public EventSource {
 public:
  explicit EvictionsSource(const ExportedRun& run) : run_(run) {}

  Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) override {
    return describe_one(out, {.uuid = kEvictionsTrack, .parent = parent, .name = "evictions", .rank = rank});
  }

  [[nodiscard]] std::optional<SimTime> next() const override {
    if (row_ >= run_.run.evictions.size()) return std::nullopt;
    return run_.run.evictions[row_].at;
  }

  Status write(PerfettoWriter& out) override {
    const EvictionRecord& eviction = run_.run.evictions[row_];
    Event event = out.instant(kEvictionsTrack, eviction.at);
    event.name(run_.expert_name(eviction.expert, "eviction")).category("eviction");
    event.number("eviction", static_cast<std::int64_t>(row_++));
    note_expert(event, run_, eviction.expert);
    if (eviction.by_load.valid()) {
      event.number("by_load", eviction.by_load.value());
      event.text("for", run_.expert_name(run_.run.loads[eviction.by_load.value()].expert, "an expert"));
    } else {
      event.text("for", "the end of the event");
    }
    event.number("score", eviction.score).flag("opt_keeps", eviction.opt_keeps);
    if (eviction.at_event.valid()) event.text("at_event", run_.event_name(eviction.at_event));
    event.text("last_used", eviction.last_used.valid() ? run_.event_name(eviction.last_used) : "never");
    event.text("next_use", eviction.next_use.valid() ? run_.event_name(eviction.next_use) : "never");
    return event.write();
  }

 private:
  const ExportedRun& run_;
  std::size_t row_ = 0;
};

// ---- counters ----

class CountersSource final : public EventSource {
 public:
  explicit CountersSource(const ExportedRun& run) : run_(run) {}

  Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) override {
    for (std::size_t i = 0; i < kCounterNames.size(); ++i) {
      const std::string name = kCounterNames.at(i);
      const Status described =
          out.describe({.uuid = kCounterTracks + i,
                        .parent = parent,
                        .name = name,
                        .rank = rank++,
                        .counter = true,
                        .unit = name.ends_with("_bytes") ? PerfettoUnit::bytes : PerfettoUnit::count});
      if (!described) return described.error();
    }
    return rank;
  }

  [[nodiscard]] std::optional<SimTime> next() const override {
    if (row_ >= run_.run.counters.size()) return std::nullopt;
    return run_.run.counters[row_].at;
  }

  Status write(PerfettoWriter& out) override {
    const CounterRecord& row = run_.run.counters[row_++];
    return out.sample(kCounterTracks + row.counter, row.at, row.value);
  }

 private:
  const ExportedRun& run_;
  std::size_t row_ = 0;
};

}  // namespace

ExportedRun::ExportedRun(const RunRecord& record, const RunLayout& plan)
    : run(record),
      layout(plan),
      table(record.model),
      step_numbers(numbers_in_phase(record.steps)),
      uses_by_row(by_row(plan.uses)),
      stalls_by_row(by_row(plan.stalls)) {
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    expert_names.push_back(
        fmt::format("bank {} expert {}", table.bank(ExpertId(i)).value(), table.index_in_bank(ExpertId(i))));
  }
  for (std::size_t i = 0; i < run.model.layers.size(); ++i) layer_names.push_back(fmt::format("layer {}", i));
}

std::string ExportedRun::step_name(std::int32_t step) const {
  const auto index = static_cast<std::size_t>(step);
  return fmt::format("{} {}", run.steps[index].phase == Phase::prefill ? "prefill" : "token",
                     step_numbers[index]);
}

std::string ExportedRun::event_name(EventId event) const {
  const EventRecord& record = run.events[event.value()];
  std::string out = step_name(record.step);
  if (record.layer.valid()) out += ", " + layer_names[record.layer.value()];
  return out;
}

std::string_view ExportedRun::expert_name(ExpertId expert, std::string_view otherwise) const {
  return expert.valid() ? std::string_view(expert_names[expert.value()]) : otherwise;
}

std::unique_ptr<EventSource> steps_source(const ExportedRun& run) {
  return std::make_unique<StepsSource>(run);
}
std::unique_ptr<EventSource> npu_source(const ExportedRun& run) {
  return std::make_unique<NpuSource>(run);
}
std::unique_ptr<EventSource> evictions_source(const ExportedRun& run) {
  return std::make_unique<EvictionsSource>(run);
}
std::unique_ptr<EventSource> counters_source(const ExportedRun& run) {
  return std::make_unique<CountersSource>(run);
}

}  // namespace pregate
