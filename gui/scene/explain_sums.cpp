// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gui/scene/explain_parts.hpp"
#include "traces/number_text.hpp"

namespace pregate::detail {
namespace {

using Kind = Target::Kind;

// Of spans that a file says, which may be more than fits.
class TimeSum {
 public:
  void add(SimTime begin, SimTime end) { add(between(begin, end)); }
  void add(Duration span) { ps_ += span.count_ps(); }
  [[nodiscard]] Duration get() const {
    return Duration::ps(static_cast<std::int64_t>(std::clamp<Int128>(ps_, INT64_MIN, INT64_MAX)));
  }

 private:
  Int128 ps_ = 0;
};

struct Lookups {
  std::array<std::int64_t, 4> outcomes{};
  void add(const LookupRecord& row) { ++outcomes[static_cast<std::size_t>(row.outcome)]; }
  [[nodiscard]] std::int64_t all() const { return outcomes[0] + outcomes[1] + outcomes[2] + outcomes[3]; }
};

// "4 resident, 1 prefetched in time, 1 late, 0 missed", as the report says it.
std::string words_of(const Lookups& lookups) {
  return fmt::format("{} resident, {} prefetched in time, {} late, {} missed",
                     with_commas(lookups.outcomes[0]), with_commas(lookups.outcomes[1]),
                     with_commas(lookups.outcomes[2]), with_commas(lookups.outcomes[3]));
}

std::string outcome_words(Outcome outcome) {
  constexpr std::array<std::string_view, 4> kWords = {"resident", "prefetched in time", "a late prefetch",
                                                      "a miss"};
  return std::string(kWords.at(static_cast<std::size_t>(outcome)));
}

struct Waits {
  TimeSum time;
  std::int64_t count = 0;
  void add(const StallRecord& row) {
    time.add(row.begin, row.end);
    ++count;
  }
  [[nodiscard]] std::string words() const {
    return count == 0
               ? std::string("no wait")
               : fmt::format("{} of waiting in {}", to_text(time.get()), counted(count, "stall", "stalls"));
  }
};

struct Work {
  TimeSum alone, contention, management;
  Waits waits;
  void add(const OperatorRecord& row) {
    alone.add(row.alone);
    contention.add(Duration::ps(static_cast<std::int64_t>(std::clamp<Int128>(
        Int128{between(row.begin, row.end).count_ps()} - row.alone.count_ps(), INT64_MIN, INT64_MAX))));
  }
  [[nodiscard]] std::string words() const {
    return fmt::format("compute {}, DRAM contention {}, cache management {}, {}", to_text(alone.get()),
                       to_text(contention.get()), to_text(management.get()), waits.words());
  }
};

template <typename Of>
Work work_where(const RunRecord& run, const Of& belongs) {
  Work out;
  for (const OperatorRecord& row : run.operators) {
    if (belongs(row)) out.add(row);
  }
  for (const ManagementRecord& row : run.management) {
    if (belongs(row)) out.management.add(row.begin, row.end);
  }
  for (const StallRecord& row : run.stalls) {
    if (belongs(row)) out.waits.add(row);
  }
  return out;
}

}  // namespace

void explain_operation(Sentence& out, std::uint64_t row) {
  const OperatorRecord& op = out.run().operators[row];
  out.link(operator_words(op.kind), Kind::operation, row);
  if (op.expert.valid()) out.say(" of ").expert(op.expert);
  const Duration lasted = between(op.begin, op.end);
  out.say(", ")
      .place(op.step, op.layer)
      .say(fmt::format(": {} from {} on", to_text(lasted), clock_text(op.begin)));
  const Duration contention = lasted - std::clamp(op.alone, Duration(), std::max(lasted, Duration()));
  out.say(contention == Duration() ? std::string(", as long as with DRAM to itself")
                                   : fmt::format("; with DRAM to itself {}, so DRAM contention is {}",
                                                 to_text(op.alone), to_text(contention)));
}

void explain_management(Sentence& out, std::uint64_t row) {
  const ManagementRecord& slice = out.run().management[row];
  out.link("cache management", Kind::management, row).say(", ").place(slice.step, slice.layer);
  out.say(fmt::format(": {} from {} on, in which the compute unit admits and evicts experts",
                      to_text(between(slice.begin, slice.end)), clock_text(slice.begin)));
}

void explain_event(Sentence& out, std::uint64_t row) {
  const RunRecord& run = out.run();
  const EventRecord& event = run.events[row];
  const std::size_t end = row + 1 < run.events.size() ? run.events[row + 1].first_lookup : run.lookups.size();
  Lookups lookups;
  for (std::size_t i = event.first_lookup; i < end; ++i) lookups.add(run.lookups[i]);
  out.link(out.names().step(event.step), Kind::step, static_cast<std::uint64_t>(event.step)).say(", ");
  out.link(out.names().layer(event.layer), Kind::event, row);
  out.say(fmt::format(" looked up {} at {}: {}", counted(lookups.all(), "expert", "experts"),
                      clock_text(event.at), words_of(lookups)));
  std::string_view before = "; not there: ";
  for (std::size_t i = event.first_lookup; i < end; ++i) {
    const LookupRecord& lookup = run.lookups[i];
    if (lookup.outcome != Outcome::miss && lookup.outcome != Outcome::late_prefetch) continue;
    out.say(std::exchange(before, ", ")).link(out.names().expert(lookup.expert), Kind::lookup, i);
  }
  Waits waits;
  const auto stalls = event.layer.valid() ? out.why().index().stalls_of(event.step, event.layer)
                                          : std::span<const std::uint32_t>();
  for (const std::uint32_t stall : stalls) waits.add(run.stalls[stall]);
  out.say("; ");
  if (stalls.empty()) {
    out.say(waits.words());
  } else {
    out.link(waits.words(), Kind::stall, stalls.front());
  }
}

void explain_lookup(Sentence& out, std::uint64_t row) {
  const LookupRecord& lookup = out.run().lookups[row];
  out.expert(lookup.expert).say(", looked up");
  if (lookup.event.valid()) out.say(" by ").event(lookup.event);
  out.say(fmt::format(": {}", outcome_words(lookup.outcome)));
  if (lookup.miss_class != MissClass::none) out.say(fmt::format(" ({})", to_text(lookup.miss_class)));
  if (!lookup.load.valid()) {
    out.say("; it was in DRAM from the start");
    return;
  }
  const LoadRecord& load = out.run().loads[lookup.load.value()];
  out.say("; its ").link("load", Kind::load, lookup.load.value()).say(", ");
  out.say(load.purpose == Purpose::demand ? "on demand" : Sentence::purpose(load.purpose)).say(",");
  out.progress(load, false);
}

void explain_step(Sentence& out, std::uint64_t row) {
  const RunRecord& run = out.run();
  const StepRecord& step = run.steps[row];
  const auto number = static_cast<std::int32_t>(row);
  const Work work = work_where(run, [number](const auto& r) { return r.step == number; });
  Lookups lookups;
  for (const LookupRecord& lookup : run.lookups) {
    if (lookup.event.valid() && run.events[lookup.event.value()].step == number) lookups.add(lookup);
  }
  out.link(out.names().step(number), Kind::step, row);
  out.say(fmt::format(" (step {}, {} after {} in the KV cache): {} from {} on; {}; {}: {}", row,
                      counted(step.tokens, "token", "tokens"), with_commas(step.position),
                      to_text(between(step.begin, step.end)), clock_text(step.begin), work.words(),
                      counted(lookups.all(), "lookup", "lookups"), words_of(lookups)));
}

void explain_layer(Sentence& out, std::uint64_t row) {
  const RunRecord& run = out.run();
  const LayerShape& shape = run.model.layers[row];
  const LayerId id(static_cast<std::uint32_t>(row));
  const Work work = work_where(run, [id](const auto& r) { return r.layer == id; });
  Lookups lookups;
  for (const LookupRecord& lookup : run.lookups) {
    if (lookup.event.valid() && run.events[lookup.event.value()].layer == id) lookups.add(lookup);
  }
  out.link(fmt::format("layer {}", row), Kind::layer, row);
  if (!shape.is_moe()) {
    out.say(fmt::format(", dense: in the whole run {}", work.words()));
    return;
  }
  out.say(fmt::format(", {} of bank {}: in the whole run {}; {}: {}",
                      counted(run.model.banks[shape.bank.value()].experts, "expert", "experts"),
                      shape.bank.value(), work.words(), counted(lookups.all(), "lookup", "lookups"),
                      words_of(lookups)));
}

void explain_expert(Sentence& out, std::uint64_t row) {
  const RunRecord& run = out.run();
  const ExpertId id(static_cast<std::uint32_t>(row));
  Lookups lookups;
  for (const LookupRecord& lookup : run.lookups) {
    if (lookup.expert == id) lookups.add(lookup);
  }
  std::int64_t loads = 0, reloads = 0;
  Int128 bytes = 0;
  for (const LoadRecord& load : run.loads) {
    if (load.expert != id || load.state == LoadEnd::cancelled) continue;
    ++loads;
    reloads += load.reload ? 1 : 0;
    bytes += load.bytes.count();
  }
  const auto evictions = std::count_if(run.evictions.begin(), run.evictions.end(),
                                       [id](const EvictionRecord& e) { return e.expert == id; });
  Waits waits;
  for (const StallRecord& stall : run.stalls) {
    if (stall.load.valid() && run.loads[stall.load.value()].expert == id) waits.add(stall);
  }
  const Bytes read(static_cast<std::int64_t>(std::clamp<Int128>(bytes, INT64_MIN, INT64_MAX)));
  out.expert(id).say(fmt::format(" in the whole run: {}: {}; {}, {} of them again, {} read; {}; {}",
                                 counted(lookups.all(), "lookup", "lookups"), words_of(lookups),
                                 counted(loads, "load", "loads"), with_commas(reloads), to_text(read),
                                 counted(evictions, "eviction", "evictions"), waits.words()));
}

void explain_cell(Sentence& out, LayerId layer, ExpertId expert) {
  const RunRecord& run = out.run();
  Lookups lookups;
  for (const LookupRecord& lookup : run.lookups) {
    if (lookup.expert == expert && lookup.event.valid() && run.events[lookup.event.value()].layer == layer)
      lookups.add(lookup);
  }
  Waits waits;
  for (const StallRecord& stall : run.stalls) {
    if (stall.layer == layer && stall.load.valid() && run.loads[stall.load.value()].expert == expert)
      waits.add(stall);
  }
  out.expert(expert).say(", as ").link(out.names().layer(layer), Kind::layer, layer.value());
  out.say(fmt::format(" used it: {}: {}; {}", counted(lookups.all(), "lookup", "lookups"), words_of(lookups),
                      waits.words()));
}

}  // namespace pregate::detail
