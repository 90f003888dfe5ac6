// SPDX-License-Identifier: Apache-2.0
#include "sim/account/summary.hpp"

#include <algorithm>

namespace pregate {
namespace {

PhaseSummary& phase_of(RunSummary& summary, Phase phase) {
  return phase == Phase::prefill ? summary.prefill : summary.decode;
}

bool was_read(const LoadRecord& load) {
  return load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
}

void add(PhaseSummary& to, const PhaseSummary& from) {
  to.tokens += from.tokens;
  to.makespan += from.makespan;
  to.compute += from.compute;
  to.dram_contention += from.dram_contention;
  to.management += from.management;
  to.stall += from.stall;
  for (std::size_t i = 0; i < kStallCauses; ++i) to.stall_by_cause[i] += from.stall_by_cause[i];
  to.lookups += from.lookups;
  for (std::size_t i = 0; i < to.outcomes.size(); ++i) to.outcomes[i] += from.outcomes[i];
  to.loads += from.loads;
  to.reloads += from.reloads;
  to.evictions += from.evictions;
  to.bytes_read += from.bytes_read;
  to.dram_read += from.dram_read;
  to.macs += from.macs;
}

void count_by_phase(RunSummary& summary, const RunRecord& run, const Recorder& recorder) {
  summary.prefill = recorder.bins()[static_cast<std::size_t>(Phase::prefill)];
  summary.decode = recorder.bins()[static_cast<std::size_t>(Phase::decode)];
  const auto phase_of_step = [&](std::int32_t step) {
    return run.steps[static_cast<std::size_t>(step)].phase;
  };
  for (const StallRecord& stall : run.stalls) {
    phase_of(summary, phase_of_step(stall.step)).stall_by_cause[static_cast<std::size_t>(stall.cause)] +=
        stall.end - stall.begin;
  }
  for (const LookupRecord& lookup : run.lookups) {
    PhaseSummary& phase = phase_of(summary, phase_of_step(run.events[lookup.event.value()].step));
    ++phase.lookups;
    ++phase.outcomes[static_cast<std::size_t>(lookup.outcome)];
    ++summary.misses_by_class[static_cast<std::size_t>(lookup.miss_class)];
  }
  summary.misses_by_class[static_cast<std::size_t>(MissClass::none)] = 0;
  for (const LoadRecord& load : run.loads) {
    if (!was_read(load)) continue;
    PhaseSummary& phase = phase_of(summary, phase_of_step(load.step));
    ++phase.loads;
    phase.reloads += load.reload ? 1 : 0;
    phase.bytes_read += load.bytes;
  }
  for (const EvictionRecord& eviction : run.evictions) {
    const std::int32_t step = eviction.at_event.valid() ? run.events[eviction.at_event.value()].step : 0;
    ++phase_of(summary, phase_of_step(step)).evictions;
  }
  add(summary.all, summary.prefill);
  add(summary.all, summary.decode);
}

PrefetchSummary prefetch_quality(const RunRecord& run, std::int64_t redundant, std::int64_t plain_misses) {
  PrefetchSummary out;
  out.redundant = redundant;
  for (const LoadRecord& load : run.loads) {
    if (load.purpose == Purpose::demand) continue;
    if (!was_read(load)) {
      ++out.cancelled;  // withdrawn, or still queued when the run ended
      continue;
    }
    ++out.issued;
    const bool used = load.first_use.valid();
    out.useful += used ? 1 : 0;
    out.useless += used ? 0 : 1;
    out.late += load.adopted ? 1 : 0;
  }
  if (out.issued > 0) out.accuracy = static_cast<double>(out.useful) / static_cast<double>(out.issued);
  std::int64_t not_there = 0;
  for (const LookupRecord& lookup : run.lookups) {
    not_there += lookup.outcome == Outcome::miss || lookup.outcome == Outcome::late_prefetch ? 1 : 0;
  }
  if (plain_misses > 0 && out.issued > 0) {
    out.coverage = static_cast<double>(plain_misses - not_there) / static_cast<double>(plain_misses);
  }
  return out;
}

void measure_thrashing(RunSummary& summary, const RunRecord& run) {
  std::vector<std::int64_t> read(run.steps.size()), again(run.steps.size());
  std::int64_t total = 0, total_again = 0;
  for (const LoadRecord& load : run.loads) {
    if (!was_read(load)) continue;
    read[static_cast<std::size_t>(load.step)] += load.bytes.count();
    total += load.bytes.count();
    if (!load.reload) continue;
    again[static_cast<std::size_t>(load.step)] += load.bytes.count();
    total_again += load.bytes.count();
  }
  if (total > 0) summary.thrash_share = static_cast<double>(total_again) / static_cast<double>(total);
  for (std::size_t step = 0; step < read.size(); ++step) {
    if (again[step] * 2 <= read[step] || read[step] == 0) continue;
    summary.thrash_step = static_cast<std::int32_t>(step);
    return;
  }
}

void compare_with_opt(RunSummary& summary, const RunRecord& run, const SummaryInputs& inputs) {
  std::int64_t lookups = 0, opt_misses = 0;
  for (std::size_t i = 0; i < run.lookups.size(); ++i) {
    const EventRecord& event = run.events[run.lookups[i].event.value()];
    if (run.steps[static_cast<std::size_t>(event.step)].phase != Phase::decode) continue;
    ++lookups;
    opt_misses += inputs.opt_hits[i] ? 0 : 1;
  }
  if (lookups == 0) return;
  const auto all = static_cast<double>(lookups);
  summary.opt_hit_rate_decode = 1.0 - static_cast<double>(opt_misses) / all;
  summary.policy_hit_rate_decode = 1.0 - static_cast<double>(inputs.plain_misses_decode) / all;
  if (inputs.plain_misses_decode > 0) {
    summary.recoverable_gap = static_cast<double>(inputs.plain_misses_decode - opt_misses) /
                              static_cast<double>(inputs.plain_misses_decode);
  }
}

// Rounded down, so that a bound never passes what it bounds; a run's time fits the clock, so this does.
Duration time_of(std::int64_t amount, std::int64_t rate) {
  const Int128 ps = Int128{amount} * detail::kPsPerSecond / rate;
  return Duration::ps(ps > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(ps));
}

// No run can be faster than its busiest resource needs for what the run made it do.
void find_bound(RunSummary& summary, const RunRecord& run, const DeviceSpec& device) {
  Bytes arrived;
  for (const LoadRecord& load : run.loads) {
    if (load.state == LoadEnd::arrived) arrived += load.bytes;
  }
  const std::int64_t written =
      static_cast<std::int64_t>(Int128{arrived.count()} * device.dram.write_cost.value / 1000);
  Bandwidth flash = device.flash.read_bandwidth;
  if (device.link) flash = std::min(flash, device.link->bandwidth);
  const Duration flash_time = time_of(arrived.count(), flash.count());
  const Duration dram_time =
      time_of(summary.all.dram_read.count() + written, device.dram.usable_bandwidth.count());
  const Duration npu_time =
      std::max(time_of(summary.all.macs.count(), device.npu.mac_rate.count()),
               time_of(summary.all.dram_read.count(), device.npu.dram_bandwidth.count()));
  summary.bound = std::max({flash_time, dram_time, npu_time});
  summary.bound_by = summary.bound == flash_time ? "flash" : summary.bound == dram_time ? "dram" : "npu";
}

// What every byte and MAC of a phase costs at each level it passes. A byte from flash crosses the link where
// there is one and is written to DRAM; a byte that the compute unit streams is read from DRAM, put into
// on-chip memory and taken out.
std::optional<EnergySummary> energy(const PhaseSummary& phase, const DeviceSpec& device) {
  if (!device.energy) return std::nullopt;
  constexpr double kJoulesAPico = 1e-12;
  const EnergySpec& spec = *device.energy;
  const double flash_bits = 8.0 * static_cast<double>(phase.bytes_read.count());
  const double stream_bits = 8.0 * static_cast<double>(phase.dram_read.count());
  return EnergySummary{.flash = flash_bits * spec.flash_pj_per_bit * kJoulesAPico,
                       .link = device.link ? flash_bits * spec.link_pj_per_bit * kJoulesAPico : 0.0,
                       .dram = (stream_bits + flash_bits) * spec.dram_pj_per_bit * kJoulesAPico,
                       .mac = static_cast<double>(phase.macs.count()) * spec.mac_pj * kJoulesAPico,
                       .sram = 2 * stream_bits * spec.sram_pj_per_bit * kJoulesAPico,
                       .idle = spec.idle_watts * phase.makespan.to_seconds()};
}

}  // namespace

Bytes mean_token_cycle(const EventSequence& sequence, const ExpertTable& table) {
  std::vector<std::int32_t> seen(table.size(), -1);
  std::int64_t total[2] = {}, steps[2] = {};
  std::int32_t running = -1;
  for (std::uint32_t e = 0; e < sequence.size(); ++e) {
    const EventInfo& info = sequence.info(EventId(e));
    const auto phase = static_cast<std::size_t>(info.phase);
    if (info.step != running) ++steps[phase];
    running = info.step;
    for (const ExpertId expert : sequence.experts(EventId(e))) {
      if (std::exchange(seen[expert.value()], info.step) != info.step)
        total[phase] += table.bytes(expert).count();
    }
  }
  const std::size_t phase = static_cast<std::size_t>(
      steps[static_cast<std::size_t>(Phase::decode)] > 0 ? Phase::decode : Phase::prefill);
  return steps[phase] == 0 ? Bytes() : Bytes(total[phase] / steps[phase]);
}

RunSummary summarize(const RunRecord& run, const Recorder& recorder, const SummaryInputs& inputs) {
  RunSummary summary;
  count_by_phase(summary, run, recorder);
  summary.prefetch = prefetch_quality(run, recorder.redundant(), inputs.plain_misses);
  for (const StepRecord& step : run.steps) {
    if (step.phase != Phase::prefill) break;
    // A prompt in pieces goes on where the piece before ended; a position that starts again is another
    // turn's.
    if (&step != &run.steps.front() && step.position == 0) break;
    summary.ttft = step.end - SimTime();
  }
  measure_thrashing(summary, run);
  compare_with_opt(summary, run, inputs);
  find_bound(summary, run, inputs.device);
  summary.all.energy = energy(summary.all, inputs.device);
  summary.prefill.energy = energy(summary.prefill, inputs.device);
  summary.decode.energy = energy(summary.decode, inputs.device);
  if (summary.all.energy) summary.energy_j = summary.all.energy->total();
  summary.expert_budget = inputs.expert_budget;
  summary.peak_resident = inputs.peak_resident;
  summary.token_cycle = inputs.token_cycle;
  summary.events = static_cast<std::int64_t>(run.events.size());
  summary.kernel_events = inputs.kernel_events;
  return summary;
}

}  // namespace pregate
