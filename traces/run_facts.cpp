// SPDX-License-Identifier: Apache-2.0
#include "traces/run_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "traces/eviction_score.hpp"
#include "traces/number_text.hpp"

namespace pregate {
namespace {

std::size_t index(std::int32_t step) {
  return static_cast<std::size_t>(step);
}

// A load that was begun was read, whether the run ended before it arrived or not.
bool was_read(const LoadRecord& load) {
  return load.state != LoadEnd::cancelled;
}

std::string name_of(const ExpertTable& table, ExpertId expert) {
  if (!expert.valid()) return "an unknown expert";
  return fmt::format("expert {} of bank {}", table.index_in_bank(expert), table.bank(expert).value());
}

std::string event_place(const RunRecord& run, EventId event) {
  const EventRecord& record = run.events[event.value()];
  return fmt::format("step {}, layer {}", record.step, record.layer.value());
}

std::string explain_eviction(const RunRecord& run, const ExpertTable& table, EvictionId id,
                             EvictionKind kind) {
  const EvictionRecord& eviction = run.evictions[id.value()];
  std::string out = "evicted";
  if (eviction.at_event.valid()) out += " in " + event_place(run, eviction.at_event);
  if (eviction.by_load.valid()) out += " for " + name_of(table, run.loads[eviction.by_load.value()].expert);
  out += " (" + explain(kind, eviction.score);
  if (eviction.opt_keeps) out += "; OPT would have kept it";
  return out + ")";
}

}  // namespace

std::vector<StepView> view_steps(const RunRecord& run) {
  std::vector<StepView> steps;
  for (const StepRecord& step : run.steps) {
    steps.push_back({.phase = step.phase,
                     .position = step.position,
                     .tokens = step.tokens,
                     .makespan = step.end - step.begin});
  }
  for (const OperatorRecord& op : run.operators) {
    steps[index(op.step)].compute += op.alone;
    steps[index(op.step)].dram_contention += (op.end - op.begin) - op.alone;
  }
  for (const ManagementRecord& slice : run.management)
    steps[index(slice.step)].management += slice.end - slice.begin;
  for (const StallRecord& stall : run.stalls) steps[index(stall.step)].stall += stall.end - stall.begin;
  for (const LookupRecord& lookup : run.lookups) {
    if (!lookup.event.valid()) continue;
    StepView& step = steps[index(run.events[lookup.event.value()].step)];
    step.hits += lookup.outcome == Outcome::resident_hit || lookup.outcome == Outcome::prefetch_hit ? 1 : 0;
    step.late += lookup.outcome == Outcome::late_prefetch ? 1 : 0;
    step.misses += lookup.outcome == Outcome::miss ? 1 : 0;
  }
  for (const LoadRecord& load : run.loads) {
    if (was_read(load)) steps[index(load.step)].bytes += load.bytes;
  }
  return steps;
}

std::vector<CauseView> view_causes(const RunRecord& run) {
  std::array<CauseView, kStallCauses> causes;
  for (std::size_t c = 0; c < kStallCauses; ++c) causes[c].cause = static_cast<StallCause>(c);
  for (const StallRecord& stall : run.stalls) {
    CauseView& view = causes[static_cast<std::size_t>(stall.cause)];
    view.time += stall.end - stall.begin;
    ++view.count;
    if (view.longest == nullptr || stall.end - stall.begin > view.longest->end - view.longest->begin) {
      view.longest = &stall;
    }
  }
  std::vector<CauseView> out;
  std::copy_if(causes.begin(), causes.end(), std::back_inserter(out),
               [](const CauseView& v) { return v.count > 0; });
  std::stable_sort(out.begin(), out.end(),
                   [](const CauseView& a, const CauseView& b) { return a.time > b.time; });
  return out;
}

std::vector<ExpertView> worst_experts(const RunRecord& run, std::size_t count) {
  const ExpertTable table(run.model);
  std::vector<ExpertView> experts(table.size());
  for (std::uint32_t e = 0; e < table.size(); ++e) {
    experts[e].bank = table.bank(ExpertId(e));
    experts[e].expert = table.index_in_bank(ExpertId(e));
  }
  for (const StallRecord& stall : run.stalls) {
    const ExpertId expert = stall.load.valid() ? run.loads[stall.load.value()].expert : ExpertId();
    if (expert.valid()) experts[expert.value()].stall += stall.end - stall.begin;
  }
  for (const LookupRecord& lookup : run.lookups) {
    if (!lookup.expert.valid()) continue;
    experts[lookup.expert.value()].misses += lookup.outcome == Outcome::miss ? 1 : 0;
  }
  for (const LoadRecord& load : run.loads) {
    if (!was_read(load) || !load.expert.valid()) continue;
    experts[load.expert.value()].reloads += load.reload ? 1 : 0;
    experts[load.expert.value()].bytes += load.bytes;
  }
  std::stable_sort(experts.begin(), experts.end(), [](const ExpertView& a, const ExpertView& b) {
    return a.stall != b.stall ? a.stall > b.stall : a.misses > b.misses;
  });
  const auto idle = [](const ExpertView& v) { return v.stall == Duration() && v.misses == 0; };
  experts.erase(std::find_if(experts.begin(), experts.end(), idle), experts.end());
  if (experts.size() > count) experts.resize(count);
  return experts;
}

std::string explain_stall(const RunRecord& run, const StallRecord& stall, EvictionKind eviction) {
  std::string out = fmt::format("step {}, layer {}", stall.step, stall.layer.value());
  if (!stall.load.valid()) return out;
  const ExpertTable table(run.model);
  const LoadRecord& load = run.loads[stall.load.value()];
  out += fmt::format(": waited for {} (load {}, {}{}, {}", name_of(table, load.expert), stall.load.value(),
                     to_text(load.purpose), load.adopted ? ", adopted" : "", to_text(load.bytes));
  if (load.queued_behind > 0) {
    out += fmt::format(", behind {} load{}", load.queued_behind, load.queued_behind == 1 ? "" : "s");
  }
  out += "); ";
  return out + (load.previous_eviction.valid()
                    ? explain_eviction(run, table, load.previous_eviction, eviction)
                    : std::string("never loaded before"));
}

double hit_rate(const PhaseSummary& phase) {
  if (phase.lookups == 0) return 0;
  const std::int64_t hits = phase.outcomes[static_cast<std::size_t>(Outcome::resident_hit)] +
                            phase.outcomes[static_cast<std::size_t>(Outcome::prefetch_hit)];
  return static_cast<double>(hits) / static_cast<double>(phase.lookups);
}

double tokens_per_second(const PhaseSummary& decode) {
  if (decode.makespan <= Duration()) return 0;
  return static_cast<double>(decode.tokens) * 1e12 / static_cast<double>(decode.makespan.count_ps());
}

Duration per_token(Duration time, std::int64_t tokens) {
  return tokens == 0 ? Duration() : Duration::ps((time.count_ps() + tokens / 2) / tokens);
}

double tokens_per_second_if_resident(const PhaseSummary& decode) {
  if (decode.compute <= Duration()) return 0;
  return static_cast<double>(decode.tokens) * 1e12 / static_cast<double>(decode.compute.count_ps());
}

TimeShares time_shares(const PhaseSummary& phase, std::int64_t tokens) {
  TimeShares out;
  const auto add = [&out](TimeBin bin, Duration time) { out.rows.push_back({.bin = bin, .time = time}); };
  add(TimeBin::compute, phase.compute);
  add(TimeBin::dram_contention, phase.dram_contention);
  add(TimeBin::management, phase.management);
  for (std::size_t c = 0; c < kStallCauses; ++c) {
    if (phase.stall_by_cause[c] != Duration())
      add(bin_of(static_cast<StallCause>(c)), phase.stall_by_cause[c]);
  }
  std::vector<std::int64_t> values;
  for (const TimeShare& row : out.rows) values.push_back(row.time.count_ps());
  constexpr std::int64_t kHundredthMs = 10'000'000;
  out.hundredths_ms = (per_token(phase.makespan, tokens).count_ps() + kHundredthMs / 2) / kHundredthMs;
  const std::vector<std::int64_t> times = apportion(values, out.hundredths_ms);
  const std::vector<std::int64_t> shares = apportion(values, 1000);
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    out.rows[i].hundredths_ms = times[i];
    out.rows[i].permille = shares[i];
    out.permille += shares[i];
  }
  return out;
}

const PhaseSummary& focus_of(const RunSummary& summary) {
  return summary.decode.tokens > 0 ? summary.decode : summary.all;
}

}  // namespace pregate
