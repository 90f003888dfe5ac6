// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "traces/proto_convert.hpp"

namespace pregate::convert {
namespace {

// Copies a column of exactly as many values as the array has.
template <typename Column, typename Array, typename Make>
Status to_array(const Column& column, const char* field, Array& out, Make make) {
  if (static_cast<std::size_t>(column.size()) != out.size()) {
    return bad_input(fmt::format("{} values", out.size()), fmt::format("{}", column.size()), field);
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = make(column[static_cast<int>(i)]);
  return {};
}

constexpr auto kSame = [](std::int64_t value) { return value; };

void to_proto(const PhaseSummary& from, schema::PhaseSummary& out) {
  out.set_tokens(from.tokens);
  out.set_makespan(from.makespan.count_ps());
  out.set_compute(from.compute.count_ps());
  out.set_dram_contention(from.dram_contention.count_ps());
  out.set_management(from.management.count_ps());
  out.set_stall(from.stall.count_ps());
  for (const Duration stall : from.stall_by_cause) out.add_stall_by_cause(stall.count_ps());
  out.set_lookups(from.lookups);
  for (const std::int64_t outcome : from.outcomes) out.add_outcomes(outcome);
  out.set_loads(from.loads);
  out.set_reloads(from.reloads);
  out.set_evictions(from.evictions);
  out.set_bytes_read(from.bytes_read.count());
  out.set_dram_read(from.dram_read.count());
  out.set_macs(from.macs.count());
  if (!from.energy) return;
  for (const double joules : {from.energy->flash, from.energy->link, from.energy->dram, from.energy->mac,
                              from.energy->sram, from.energy->idle}) {
    out.add_energy(joules);
  }
}

Status from_proto(const schema::PhaseSummary& from, PhaseSummary& out) {
  out.tokens = from.tokens();
  out.makespan = Duration::ps(from.makespan());
  out.compute = Duration::ps(from.compute());
  out.dram_contention = Duration::ps(from.dram_contention());
  out.management = Duration::ps(from.management());
  out.stall = Duration::ps(from.stall());
  out.lookups = from.lookups();
  out.loads = from.loads();
  out.reloads = from.reloads();
  out.evictions = from.evictions();
  out.bytes_read = Bytes(from.bytes_read());
  out.dram_read = Bytes(from.dram_read());
  out.macs = Macs(from.macs());
  if (from.energy_size() > 0) {
    std::array<double, 6> joules{};
    const Status all = to_array(from.energy(), "energy", joules, [](double value) { return value; });
    if (!all) return all;
    out.energy = {joules[0], joules[1], joules[2], joules[3], joules[4], joules[5]};
  }
  Status fits = to_array(from.stall_by_cause(), "stall_by_cause", out.stall_by_cause, &Duration::ps);
  if (fits) fits = to_array(from.outcomes(), "outcomes", out.outcomes, kSame);
  return fits;
}

void to_proto(const PrefetchSummary& from, schema::PrefetchSummary& out) {
  out.set_issued(from.issued);
  out.set_useful(from.useful);
  out.set_late(from.late);
  out.set_useless(from.useless);
  out.set_redundant(from.redundant);
  out.set_cancelled(from.cancelled);
  out.set_accuracy(from.accuracy);
  out.set_coverage(from.coverage);
}

PrefetchSummary from_proto(const schema::PrefetchSummary& from) {
  return {.issued = from.issued(),
          .useful = from.useful(),
          .late = from.late(),
          .useless = from.useless(),
          .redundant = from.redundant(),
          .cancelled = from.cancelled(),
          .accuracy = from.accuracy(),
          .coverage = from.coverage()};
}

// The fields that are plain numbers.
void copy_numbers(const schema::RunSummary& from, RunSummary& out) {
  out.prefetch = from_proto(from.prefetch());
  out.ttft = Duration::ps(from.ttft());
  out.thrash_share = from.thrash_share();
  out.thrash_step = from.thrash_step();
  out.opt_hit_rate_decode = from.opt_hit_rate_decode();
  out.policy_hit_rate_decode = from.policy_hit_rate_decode();
  out.recoverable_gap = from.recoverable_gap();
  out.bound = Duration::ps(from.bound());
  if (from.has_energy_j()) out.energy_j = from.energy_j();
  out.expert_budget = Bytes(from.expert_budget());
  out.peak_resident = Bytes(from.peak_resident());
  out.token_cycle = Bytes(from.token_cycle());
  out.events = from.events();
  out.kernel_events = from.kernel_events();
}

}  // namespace

void to_proto(const RunSummary& summary, schema::RunSummary& out) {
  to_proto(summary.all, *out.mutable_all());
  to_proto(summary.prefill, *out.mutable_prefill());
  to_proto(summary.decode, *out.mutable_decode());
  for (const std::int64_t misses : summary.misses_by_class) out.add_misses_by_class(misses);
  to_proto(summary.prefetch, *out.mutable_prefetch());
  out.set_ttft(summary.ttft.count_ps());
  out.set_thrash_share(summary.thrash_share);
  out.set_thrash_step(summary.thrash_step);
  out.set_opt_hit_rate_decode(summary.opt_hit_rate_decode);
  out.set_policy_hit_rate_decode(summary.policy_hit_rate_decode);
  out.set_recoverable_gap(summary.recoverable_gap);
  out.set_bound(summary.bound.count_ps());
  out.set_bound_by(summary.bound_by);
  if (summary.energy_j) out.set_energy_j(*summary.energy_j);
  out.set_expert_budget(summary.expert_budget.count());
  out.set_peak_resident(summary.peak_resident.count());
  out.set_token_cycle(summary.token_cycle.count());
  out.set_events(summary.events);
  out.set_kernel_events(summary.kernel_events);
}

Result<RunSummary> from_proto(const schema::RunSummary& message) {
  RunSummary summary;
  Status fits = from_proto(message.all(), summary.all);
  if (fits) fits = from_proto(message.prefill(), summary.prefill);
  if (fits) fits = from_proto(message.decode(), summary.decode);
  if (fits) fits = to_array(message.misses_by_class(), "misses_by_class", summary.misses_by_class, kSame);
  if (!fits) return fits.error();
  copy_numbers(message, summary);
  auto bound_by = to_utf8(message.bound_by(), "bound_by");
  if (!bound_by) return bound_by.error();
  summary.bound_by = std::move(*bound_by);
  return summary;
}

}  // namespace pregate::convert
