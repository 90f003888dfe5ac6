// SPDX-License-Identifier: Apache-2.0
#include "sim/account/recorder.hpp"

namespace pregate {

void Recorder::begin_step(const StepInfo& info, SimTime now) {
  record_.steps.push_back(
      {.phase = info.phase, .position = info.position, .tokens = info.tokens, .begin = now, .end = now});
}

void Recorder::end_step(SimTime now) {
  StepRecord& step = record_.steps.back();
  step.end = now;
  bin().makespan += step.end - step.begin;
  bin().tokens += step.tokens;
}

void Recorder::begin_event(LayerId layer, std::span<const Lookup> lookups, SimTime now) {
  const EventId event(static_cast<std::uint32_t>(record_.events.size()));
  record_.events.push_back({.step = step(),
                            .layer = layer,
                            .at = now,
                            .first_lookup = static_cast<std::uint32_t>(record_.lookups.size())});
  for (const Lookup& lookup : lookups) {
    const bool missed = lookup.outcome == Outcome::miss;
    const MissClass kind = !missed              ? MissClass::none
                           : lookup.seen_before ? MissClass::capacity
                                                : MissClass::compulsory;
    record_.lookups.push_back({.event = event,
                               .expert = lookup.expert,
                               .outcome = lookup.outcome,
                               .miss_class = kind,
                               .load = lookup.load});
    if (!lookup.load.valid()) continue;
    LoadRecord& load = record_.loads[lookup.load.value()];
    if (!load.first_use.valid()) load.first_use = event;
    if (lookup.outcome == Outcome::late_prefetch) load.adopted = true;
  }
}

void Recorder::operator_ran(LayerId layer, OperatorKind kind, ExpertId expert, SimTime begin, SimTime end,
                            Duration alone) {
  bin().compute += alone;
  bin().dram_contention += (end - begin) - alone;
  if (!keep_details_) return;
  record_.operators.push_back({.step = step(),
                               .layer = layer,
                               .kind = kind,
                               .expert = expert,
                               .begin = begin,
                               .end = end,
                               .alone = alone});
}

void Recorder::managed(LayerId layer, SimTime begin, SimTime end) {
  bin().management += end - begin;
  if (keep_details_)
    record_.management.push_back({.step = step(), .layer = layer, .begin = begin, .end = end});
}

void Recorder::stalled(LayerId layer, SimTime begin, SimTime end, LoadId load, bool lacked_room) {
  bin().stall += end - begin;
  record_.stalls.push_back({.step = step(), .layer = layer, .begin = begin, .end = end, .load = load});
  stall_lacked_room_.push_back(lacked_room);
}

void Recorder::requested(const Request& request, SimTime now) {
  check(request.load.value() == record_.loads.size(), "loads are numbered in order of request");
  record_.loads.push_back({.expert = request.expert,
                           .bytes = request.bytes,
                           .purpose = request.purpose,
                           .reload = request.reload,
                           .step = step(),
                           .layer = request.layer,
                           .queued_behind = request.behind,
                           .requested = now,
                           .previous_eviction = request.previous_eviction});
  // A demand load belongs to the miss that was just looked up.
  if (request.purpose != Purpose::demand) return;
  for (std::size_t i = record_.events.back().first_lookup; i < record_.lookups.size(); ++i) {
    LookupRecord& lookup = record_.lookups[i];
    if (lookup.expert != request.expert) continue;
    lookup.load = request.load;
    record_.loads.back().first_use = lookup.event;
  }
}

void Recorder::started(LoadId load, SimTime now) {
  record_.loads[load.value()].started = now;
  record_.loads[load.value()].state = LoadEnd::unfinished;
}

void Recorder::arrived(LoadId load, SimTime now) {
  record_.loads[load.value()].arrived = now;
  record_.loads[load.value()].state = LoadEnd::arrived;
}

void Recorder::cancelled(LoadId load) {
  record_.loads[load.value()].state = LoadEnd::cancelled;
}

void Recorder::evicted(std::span<const Eviction> evictions, SimTime now) {
  for (const Eviction& eviction : evictions) {
    check(eviction.id.value() == record_.evictions.size(), "evictions are numbered in order");
    EvictionRecord record{.expert = eviction.expert,
                          .by_load = eviction.by_load,
                          .at = now,
                          .last_used = eviction.last_used,
                          .score = eviction.score};
    if (!record_.events.empty())
      record.at_event = EventId(static_cast<std::uint32_t>(record_.events.size() - 1));
    record_.evictions.push_back(record);
  }
}

void Recorder::count(std::uint8_t counter, std::int64_t value, SimTime now) {
  if (!keep_details_ || last_count_[counter] == value) return;
  last_count_[counter] = value;
  record_.counters.push_back({.counter = counter, .at = now, .value = value});
}

void Recorder::measured(std::span<const MeasuredOperator> operators) {
  if (!keep_details_) return;
  for (const MeasuredOperator& m : operators) {
    record_.measured.push_back({.step = step(),
                                .layer = m.layer,
                                .kind = m.kind,
                                .experts = m.experts,
                                .begin = m.begin,
                                .duration = m.duration,
                                .bytes = m.bytes,
                                .macs = m.macs});
  }
}

void Recorder::worked(Phase phase, Bytes streamed, Macs macs) {
  PhaseSummary& sums = bins_[static_cast<std::size_t>(phase)];
  sums.dram_read += streamed;
  sums.macs += macs;
}

}  // namespace pregate
