// SPDX-License-Identifier: Apache-2.0
// Bytes as a list of changes to a run record: what a damaged or invented .run may say although its container
// is whole. Mutations of packed bytes hardly ever get past the container and the columns; these always do.
//
// A change is 12 bytes: table, row, field, how, and eight of a value, little endian.
#pragma once

#include <array>
#include <concepts>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "traces/run_record.hpp"

namespace pregate::fuzz {

// A change as a seed has it.
inline std::string edit(std::uint8_t table, std::uint8_t row, std::uint8_t field, std::uint8_t how,
                        std::int64_t value) {
  std::string out{static_cast<char>(table), static_cast<char>(row), static_cast<char>(field),
                  static_cast<char>(how)};
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
  return out;
}

// Puts a value into the n-th field that it is shown.
class FieldEdit {
 public:
  FieldEdit(int field, std::uint8_t how, std::int64_t value) : left_(field), how_(how), value_(value) {}

  void operator()(SimTime& time) {
    if (mine()) time = SimTime::at_ps(changed(time.count_ps()));
  }
  void operator()(Duration& span) {
    if (mine()) span = Duration::ps(changed(span.count_ps()));
  }
  void operator()(Bytes& bytes) {
    if (mine()) bytes = Bytes(changed(bytes.count()));
  }
  void operator()(std::integral auto& number) {
    if (mine()) number = static_cast<std::remove_reference_t<decltype(number)>>(changed(number));
  }
  template <typename Tag>
  void operator()(StrongId<Tag>& id) {
    if (mine()) id = how_ % 4 == 3 ? StrongId<Tag>() : StrongId<Tag>(static_cast<std::uint32_t>(value_) % 64);
  }
  template <typename E>
  requires std::is_enum_v<E>
  void operator()(E& word, int values) {
    if (mine()) word = static_cast<E>(static_cast<std::uint64_t>(value_) % static_cast<unsigned>(values));
  }

 private:
  bool mine() { return left_-- == 0; }
  [[nodiscard]] std::int64_t changed(std::int64_t old) const {
    static constexpr std::array<std::int64_t, 10> kEnds = {0,
                                                           1,
                                                           -1,
                                                           INT64_MIN,
                                                           INT64_MAX,
                                                           INT32_MIN,
                                                           INT32_MAX,
                                                           INT64_C(1) << 62,
                                                           (INT64_C(1) << 62) + 1,
                                                           INT64_C(1) << 53};
    if (how_ % 4 == 0) return value_;
    if (how_ % 4 == 1) return kEnds[static_cast<std::uint64_t>(value_) % kEnds.size()];
    // A little more or less than it was.
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(old) +
                                     static_cast<std::uint64_t>(value_ % 1'000'000));
  }

  int left_;
  std::uint8_t how_;
  std::int64_t value_;
};

inline void show(StepRecord& r, FieldEdit& f) {
  f(r.phase, 2), f(r.position), f(r.tokens), f(r.begin), f(r.end);
}
inline void show(EventRecord& r, FieldEdit& f) {
  f(r.step), f(r.layer), f(r.at), f(r.first_lookup);
}
inline void show(LookupRecord& r, FieldEdit& f) {
  f(r.event), f(r.expert), f(r.outcome, 4), f(r.miss_class, 5), f(r.load);
}
inline void show(OperatorRecord& r, FieldEdit& f) {
  f(r.step), f(r.layer), f(r.kind, 5), f(r.expert), f(r.begin), f(r.end), f(r.alone);
}
inline void show(ManagementRecord& r, FieldEdit& f) {
  f(r.step), f(r.layer), f(r.begin), f(r.end);
}
inline void show(StallRecord& r, FieldEdit& f) {
  f(r.step), f(r.layer), f(r.begin), f(r.end), f(r.cause, kStallCauses), f(r.load);
}
inline void show(LoadRecord& r, FieldEdit& f) {
  f(r.expert), f(r.bytes), f(r.purpose, 3), f(r.state, 4), f(r.step), f(r.layer), f(r.queued_behind);
  f(r.requested), f(r.started), f(r.arrived), f(r.first_use), f(r.previous_eviction);
}
inline void show(EvictionRecord& r, FieldEdit& f) {
  f(r.expert), f(r.by_load), f(r.at), f(r.at_event), f(r.last_used), f(r.score), f(r.next_use);
}
inline void show(CounterRecord& r, FieldEdit& f) {
  f(r.counter), f(r.at), f(r.value);
}
inline void show(PhaseSummary& r, FieldEdit& f) {
  f(r.tokens), f(r.makespan), f(r.compute), f(r.dram_contention), f(r.management), f(r.stall), f(r.lookups);
  f(r.loads), f(r.reloads), f(r.evictions), f(r.bytes_read), f(r.dram_read);
  for (Duration& stall : r.stall_by_cause) f(stall);
  for (std::int64_t& outcome : r.outcomes) f(outcome);
}
inline void show(RunSummary& r, FieldEdit& f) {
  f(r.prefetch.issued), f(r.prefetch.useful), f(r.prefetch.late), f(r.prefetch.useless), f(r.thrash_step);
  f(r.ttft), f(r.bound), f(r.expert_budget), f(r.peak_resident), f(r.token_cycle), f(r.events);
  for (std::int64_t& misses : r.misses_by_class) f(misses);
}

// Every time of the record, so that a run stays in order as it is stretched.
template <typename Change>
void change_times(RunRecord& run, const Change& change) {
  for (StepRecord& r : run.steps) change(r.begin), change(r.end);
  for (EventRecord& r : run.events) change(r.at);
  for (OperatorRecord& r : run.operators) change(r.begin), change(r.end);
  for (ManagementRecord& r : run.management) change(r.begin), change(r.end);
  for (StallRecord& r : run.stalls) change(r.begin), change(r.end);
  for (LoadRecord& r : run.loads) change(r.requested), change(r.started), change(r.arrived);
  for (EvictionRecord& r : run.evictions) change(r.at);
  for (CounterRecord& r : run.counters) change(r.at);
}

inline void stretch(RunRecord& run, int bits) {
  change_times(run, [bits](SimTime& time) {
    time = SimTime::at_ps(static_cast<std::int64_t>(static_cast<std::uint64_t>(time.count_ps()) << bits));
  });
}

inline void change(RunRecord& run, const unsigned char* bytes) {
  std::int64_t value = 0;
  std::memcpy(&value, bytes + 4, sizeof value);
  FieldEdit field(bytes[2] % 24, bytes[3], value);
  const auto one_of = [&](auto& table) {
    if (!table.empty()) show(table[bytes[1] * table.size() / 256], field);
  };
  switch (bytes[0] % 18) {
    case 0:
      return one_of(run.steps);
    case 1:
      return one_of(run.events);
    case 2:
      return one_of(run.lookups);
    case 3:
      return one_of(run.operators);
    case 4:
      return one_of(run.management);
    case 5:
      return one_of(run.stalls);
    case 6:
    case 7:
      return one_of(run.loads);
    case 8:
      return one_of(run.evictions);
    case 9:
      return one_of(run.counters);
    case 10: {
      PhaseSummary* phases[] = {&run.summary.all, &run.summary.prefill, &run.summary.decode};
      return show(*phases[bytes[1] % 3], field);
    }
    case 11:
      return show(run.summary, field);
    case 12:
      return stretch(run, static_cast<int>(bytes[1] % 40));
    case 13:
      return run.operators.clear();
    case 14:
      return run.management.clear();
    case 15:
      return run.stalls.clear();
    case 16:
      return run.counters.clear();
    default:
      run.operators.resize(run.operators.size() * bytes[1] / 256);
  }
}

// The changes that there are whole bytes for.
inline void apply_edits(RunRecord& run, std::string_view bytes) {
  constexpr std::size_t kEdit = 12;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  for (; bytes.size() >= kEdit; bytes.remove_prefix(kEdit), at += kEdit) change(run, at);
}

}  // namespace pregate::fuzz
