// SPDX-License-Identifier: Apache-2.0
// Private to experiments/validation/: the fields of a validation, each once with its key. What writes, reads
// or checks them is a visitor that is called with (key, field): three lists could disagree, one cannot.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>

#include "experiments/validation/cell.hpp"

namespace pregate {

// `S` is T, or T const.
template <typename S, typename T>
concept Is = std::same_as<std::remove_const_t<S>, T>;

// An array whose places have words: an object with a key for each, from `first` on.
template <typename Array, typename Kind>
struct NamedValues {
  Array& values;
  std::size_t first = 0;
};

template <typename V, typename Array, typename Kind>
void each_field(V& visit, const NamedValues<Array, Kind>& named) {
  for (std::size_t i = named.first; i < named.values.size(); ++i)
    visit(std::string(to_text(static_cast<Kind>(i))), named.values[i]);
}

template <typename V, Is<EnergySummary> S>
void each_field(V& visit, S& energy) {
  visit("flash", energy.flash);
  visit("link", energy.link);
  visit("dram", energy.dram);
  visit("mac", energy.mac);
  visit("sram", energy.sram);
  visit("idle", energy.idle);
}

template <typename V, Is<PhaseSummary> S>
void each_field(V& visit, S& phase) {
  using Causes = std::remove_reference_t<decltype((phase.stall_by_cause))>;
  using Outcomes = std::remove_reference_t<decltype((phase.outcomes))>;
  visit("tokens", phase.tokens);
  visit("makespan_ps", phase.makespan);
  visit("compute_ps", phase.compute);
  visit("dram_contention_ps", phase.dram_contention);
  visit("management_ps", phase.management);
  visit("stall_ps", phase.stall);
  visit("stall_by_cause_ps", NamedValues<Causes, StallCause>{phase.stall_by_cause});
  visit("lookups", phase.lookups);
  visit("outcomes", NamedValues<Outcomes, Outcome>{phase.outcomes});
  visit("loads", phase.loads);
  visit("reloads", phase.reloads);
  visit("evictions", phase.evictions);
  visit("bytes_read", phase.bytes_read);
  visit("dram_bytes_read", phase.dram_read);
  visit("macs", phase.macs);
  visit("energy_j", phase.energy);
}

template <typename V, Is<PrefetchSummary> S>
void each_field(V& visit, S& prefetch) {
  visit("issued", prefetch.issued);
  visit("useful", prefetch.useful);
  visit("late", prefetch.late);
  visit("useless", prefetch.useless);
  visit("redundant", prefetch.redundant);
  visit("cancelled", prefetch.cancelled);
  visit("accuracy", prefetch.accuracy);
  visit("coverage", prefetch.coverage);
}

template <typename V, Is<RunSummary> S>
void each_field(V& visit, S& summary) {
  using Misses = std::remove_reference_t<decltype((summary.misses_by_class))>;
  visit("all", summary.all);
  visit("prefill", summary.prefill);
  visit("decode", summary.decode);
  // A lookup without a miss has no class: the first place is always 0.
  visit("misses_by_class", NamedValues<Misses, MissClass>{summary.misses_by_class, 1});
  visit("prefetch", summary.prefetch);
  visit("ttft_ps", summary.ttft);
  visit("thrash_share", summary.thrash_share);
  visit("thrash_step", summary.thrash_step);
  visit("opt_hit_rate_decode", summary.opt_hit_rate_decode);
  visit("policy_hit_rate_decode", summary.policy_hit_rate_decode);
  visit("recoverable_gap", summary.recoverable_gap);
  visit("bound_ps", summary.bound);
  visit("bound_by", summary.bound_by);
  visit("energy_j", summary.energy_j);
  visit("expert_budget_bytes", summary.expert_budget);
  visit("peak_resident_bytes", summary.peak_resident);
  visit("token_cycle_bytes", summary.token_cycle);
  visit("events", summary.events);
  visit("kernel_events", summary.kernel_events);
}

template <typename V, Is<ValidationCell> S>
void each_field(V& visit, S& cell) {
  visit("model", cell.of.model);
  visit("budget_share", cell.of.budget_share);
  visit("budget_bytes", cell.of.budget);
  visit("prefetch", cell.of.prefetch);
  visit("lanes", cell.of.lanes);
  visit("eviction", cell.of.eviction);
  visit("predicted", cell.predicted);
  visit("measured", cell.measured);
  visit("wall_s", cell.wall_s);
}

template <typename V, Is<PlainRead> S>
void each_field(V& visit, S& read) {
  visit("lanes", read.lanes);
  visit("mib_per_s", read.mib_s);
}

template <typename V, Is<ResidentRun> S>
void each_field(V& visit, S& run) {
  visit("tokens_per_s", run.tokens_s);
}

template <typename V, Is<ValidationHead> S>
void each_field(V& visit, S& head) {
  visit("version", head.version);
  visit("date", head.date);
  visit("machine", head.machine);
  visit("device", head.device);
  visit("engine", head.engine);
  visit("workload", head.workload);
  visit("npu", head.npu);
  visit("resident_predicted_tokens_per_s", head.resident_predicted);
  visit("resident", head.resident);
  visit("dropped_repeats", head.dropped);
  visit("plain_reads", head.plain_reads);
}

template <typename V, Is<Validation> S>
void each_field(V& visit, S& validation) {
  visit("head", validation.head);
  visit("cells", validation.cells);
}

}  // namespace pregate
