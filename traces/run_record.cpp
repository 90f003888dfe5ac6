// SPDX-License-Identifier: Apache-2.0
#include "traces/run_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pregate {
namespace {

// The sizes that references of a record are held against, and the place that an error is about.
class RunCheck {
 public:
  explicit RunCheck(const RunRecord& run) : run_(run), experts_(ExpertTable(run.model).size()) {}

  Status steps();
  Status events();
  Status lookups();
  Status slices();
  Status loads();
  Status evictions();
  Status counters();
  Status measured();
  Status sizes();

 private:
  // `sound`: the same check as a yes or no, for the millions of rows about which there is nothing to say.
  template <typename Row, typename Sound, typename Check>
  static Status each(const char* table, const std::vector<Row>& rows, Sound sound, Check check_row) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (sound(rows[i])) continue;
      const Status fits = check_row(rows[i]);
      if (!fits) return fits.error().at({}, fmt::format("{} {}", table, i));
    }
    return {};
  }
  template <typename Id>
  static bool leads(Id id, std::size_t size) {
    return !id.valid() || id.value() < size;
  }
  [[nodiscard]] bool placed(std::int32_t step, LayerId layer) const {
    return step >= 0 && static_cast<std::size_t>(step) < run_.steps.size() &&
           leads(layer, run_.model.layers.size());
  }
  template <typename Id>
  static Status reference(const char* what, Id id, std::size_t size) {
    if (leads(id, size)) return {};
    return bad_input(fmt::format("{} below {}", what, size), fmt::format("{}", id.value()));
  }
  [[nodiscard]] Status place(std::int32_t step, LayerId layer) const {
    if (step < 0 || static_cast<std::size_t>(step) >= run_.steps.size()) {
      return bad_input(fmt::format("a step below {}", run_.steps.size()), fmt::format("{}", step));
    }
    return reference("a layer", layer, run_.model.layers.size());
  }
  static Status order(SimTime begin, SimTime end) {
    if (begin <= end) return {};
    return bad_input("an end at or after the begin",
                     fmt::format("{} ps before it", Int128{begin.count_ps()} - end.count_ps()));
  }
  [[nodiscard]] Status expert(ExpertId id) const { return reference("an expert", id, experts_); }
  [[nodiscard]] Status load(LoadId id) const { return reference("a load", id, run_.loads.size()); }
  [[nodiscard]] Status event(EventId id) const { return reference("an event", id, run_.events.size()); }
  [[nodiscard]] Status eviction(EvictionId id) const {
    return reference("an eviction", id, run_.evictions.size());
  }

  static Status all(std::initializer_list<Status> parts) {
    for (const Status& part : parts) {
      if (!part) return part;
    }
    return {};
  }

  const RunRecord& run_;
  std::size_t experts_;
};

Status RunCheck::steps() {
  const auto sound = [](const StepRecord& row) { return row.tokens >= 1 && row.begin <= row.end; };
  return each("step", run_.steps, sound, [](const StepRecord& row) -> Status {
    if (row.tokens < 1) return bad_input("at least one token", fmt::format("{}", row.tokens));
    return order(row.begin, row.end);
  });
}

Status RunCheck::events() {
  std::uint32_t previous = 0;
  const auto never = [](const EventRecord&) { return false; };  // each depends on the one before
  return each("event", run_.events, never, [&](const EventRecord& row) -> Status {
    if (row.first_lookup < previous || row.first_lookup > run_.lookups.size()) {
      return bad_input(fmt::format("a first lookup from {} to {}", previous, run_.lookups.size()),
                       fmt::format("{}", row.first_lookup));
    }
    previous = row.first_lookup;
    return place(row.step, row.layer);
  });
}

Status RunCheck::lookups() {
  const auto sound = [&](const LookupRecord& row) {
    return leads(row.event, run_.events.size()) && leads(row.expert, experts_) &&
           leads(row.load, run_.loads.size());
  };
  return each("lookup", run_.lookups, sound, [&](const LookupRecord& row) {
    return all({event(row.event), expert(row.expert), load(row.load)});
  });
}

Status RunCheck::slices() {
  const auto lies = [&](const auto& row) { return placed(row.step, row.layer) && row.begin <= row.end; };
  const auto sound = [&](const OperatorRecord& row) { return lies(row) && leads(row.expert, experts_); };
  Status fits = each("operator", run_.operators, sound, [&](const OperatorRecord& row) {
    return all({place(row.step, row.layer), expert(row.expert), order(row.begin, row.end)});
  });
  if (!fits) return fits;
  fits = each("management", run_.management, lies, [&](const ManagementRecord& row) {
    return all({place(row.step, row.layer), order(row.begin, row.end)});
  });
  if (!fits) return fits;
  const auto sound_stall = [&](const StallRecord& row) {
    return lies(row) && leads(row.load, run_.loads.size());
  };
  return each("stall", run_.stalls, sound_stall, [&](const StallRecord& row) {
    return all({place(row.step, row.layer), load(row.load), order(row.begin, row.end)});
  });
}

Status RunCheck::loads() {
  const auto sound = [&](const LoadRecord& row) {
    return leads(row.expert, experts_) && placed(row.step, row.layer) &&
           leads(row.first_use, run_.events.size()) && leads(row.previous_eviction, run_.evictions.size());
  };
  return each("load", run_.loads, sound, [&](const LoadRecord& row) {
    return all({expert(row.expert), place(row.step, row.layer), event(row.first_use),
                eviction(row.previous_eviction)});
  });
}

Status RunCheck::evictions() {
  const auto sound = [&](const EvictionRecord& row) {
    const std::size_t events = run_.events.size();
    return leads(row.expert, experts_) && leads(row.by_load, run_.loads.size()) &&
           leads(row.at_event, events) && leads(row.last_used, events) && leads(row.next_use, events);
  };
  return each("eviction", run_.evictions, sound, [&](const EvictionRecord& row) {
    return all({expert(row.expert), load(row.by_load), event(row.at_event), event(row.last_used),
                event(row.next_use)});
  });
}

Status RunCheck::counters() {
  const auto sound = [](const CounterRecord& row) { return row.counter < kCounterNames.size(); };
  return each("counter", run_.counters, sound, [](const CounterRecord& row) -> Status {
    if (row.counter < kCounterNames.size()) return {};
    return bad_input(fmt::format("a counter below {}", kCounterNames.size()), fmt::format("{}", row.counter));
  });
}

Status RunCheck::measured() {
  const auto sound = [&](const MeasuredRecord& row) {
    return row.duration >= Duration() && row.begin >= Duration() && placed(row.step, row.layer);
  };
  return each("measured operator", run_.measured, sound, [&](const MeasuredRecord& row) -> Status {
    if (row.duration < Duration() || row.begin < Duration()) {
      return bad_input("times of at least 0",
                       fmt::format("{} ps", std::min(row.begin, row.duration).count_ps()));
    }
    return place(row.step, row.layer);
  });
}

// So that times can be subtracted, and what is summed of a table fits 63 bits.
constexpr std::int64_t kMostSize = std::int64_t{1} << 62;

// Holds a table's times and sizes against it; remembers what did not fit.
class SizeCheck {
 public:
  bool time(SimTime time) {
    wanted_ = "a time from 0 to 2^62 ps";
    found_ = time.count_ps();
    return found_ >= 0 && found_ <= kMostSize;
  }
  bool add(std::int64_t size) {
    wanted_ = "sizes of at least 0 that sum to at most 2^62";
    found_ = size;
    if (size < 0 || size > kMostSize - sum_) return false;
    sum_ += size;
    return true;
  }
  template <typename Row, typename Fits>
  Status rows(const char* table, const std::vector<Row>& rows, Fits fits) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (fits(rows[i])) continue;
      return bad_input(wanted_, fmt::format("{}", found_), fmt::format("{} {}", table, i));
    }
    return {};
  }
  // Of rows that begin and end.
  template <typename Row>
  Status spans(const char* table, const std::vector<Row>& all) {
    return rows(table, all, [this](const Row& row) {
      return time(row.begin) && time(row.end) && add((row.end - row.begin).count_ps());
    });
  }
  template <typename Row>
  Status moments(const char* table, const std::vector<Row>& all) {
    return rows(table, all, [this](const Row& row) { return time(row.at); });
  }

 private:
  std::int64_t sum_ = 0, found_ = 0;
  const char* wanted_ = "";
};

Status RunCheck::sizes() {
  SizeCheck alone, bytes;
  return all({SizeCheck().spans("step", run_.steps), SizeCheck().moments("event", run_.events),
              SizeCheck().spans("operator", run_.operators),
              alone.rows("operator", run_.operators,
                         [&](const OperatorRecord& row) { return alone.add(row.alone.count_ps()); }),
              SizeCheck().spans("management", run_.management), SizeCheck().spans("stall", run_.stalls),
              bytes.rows("load", run_.loads,
                         [&](const LoadRecord& row) {
                           return bytes.time(row.requested) && bytes.time(row.started) &&
                                  bytes.time(row.arrived) && bytes.add(row.bytes.count());
                         }),
              SizeCheck().moments("eviction", run_.evictions),
              SizeCheck().moments("counter", run_.counters)});
}

// Counts, times and bytes of a summary are none below zero, and any two can be added.
Status check_numbers(const RunSummary& s) {
  std::vector<std::int64_t> all = {s.prefetch.issued,       s.prefetch.useful,     s.prefetch.late,
                                   s.prefetch.useless,      s.prefetch.redundant,  s.prefetch.cancelled,
                                   s.ttft.count_ps(),       s.bound.count_ps(),    s.expert_budget.count(),
                                   s.peak_resident.count(), s.token_cycle.count(), s.events,
                                   s.kernel_events};
  all.insert(all.end(), s.misses_by_class.begin(), s.misses_by_class.end());
  for (const PhaseSummary* p : {&s.all, &s.prefill, &s.decode}) {
    for (const std::int64_t number :
         {p->tokens, p->makespan.count_ps(), p->compute.count_ps(), p->dram_contention.count_ps(),
          p->management.count_ps(), p->stall.count_ps(), p->lookups, p->loads, p->reloads, p->evictions,
          p->bytes_read.count(), p->dram_read.count(), p->macs.count()})
      all.push_back(number);
    for (const Duration& stall : p->stall_by_cause) all.push_back(stall.count_ps());
    all.insert(all.end(), p->outcomes.begin(), p->outcomes.end());
  }
  constexpr std::int64_t kMost = kMostSize / 2;
  for (const std::int64_t number : all) {
    if (number < 0 || number > kMost)
      return bad_input("numbers from 0 to 2^61", fmt::format("{}", number), "summary");
  }
  return {};
}

Status check_ratios(const RunSummary& summary) {
  for (const double value : {summary.prefetch.accuracy, summary.prefetch.coverage, summary.thrash_share,
                             summary.opt_hit_rate_decode, summary.policy_hit_rate_decode,
                             summary.recoverable_gap, summary.energy_j.value_or(0)}) {
    if (!std::isfinite(value)) return bad_input("finite ratios", fmt::format("{}", value), "summary");
  }
  for (const PhaseSummary* phase : {&summary.all, &summary.prefill, &summary.decode}) {
    const double joules = phase->energy ? phase->energy->total() : 0.0;
    if (!std::isfinite(joules)) return bad_input("finite energy", fmt::format("{}", joules), "summary");
  }
  return {};
}

}  // namespace

std::string_view to_text(Purpose v) {
  constexpr std::array<std::string_view, 3> kWords = {"demand", "committed", "speculative"};
  return kWords.at(static_cast<std::size_t>(v));
}

std::string_view to_text(Outcome v) {
  constexpr std::array<std::string_view, 4> kWords = {"resident_hit", "prefetch_hit", "late_prefetch",
                                                      "miss"};
  return kWords.at(static_cast<std::size_t>(v));
}

std::string_view to_text(MissClass v) {
  constexpr std::array<std::string_view, 5> kWords = {"none", "compulsory", "capacity", "policy",
                                                      "pollution"};
  return kWords.at(static_cast<std::size_t>(v));
}

std::string_view to_text(StallCause v) {
  constexpr std::array<std::string_view, kStallCauses> kWords = {"compulsory", "capacity",      "policy",
                                                                 "pollution",  "late_prefetch", "no_room"};
  return kWords.at(static_cast<std::size_t>(v));
}

std::string_view to_text(LoadEnd v) {
  constexpr std::array<std::string_view, 4> kWords = {"arrived", "cancelled", "unfinished", "never_started"};
  return kWords.at(static_cast<std::size_t>(v));
}

Status validate_run(const RunRecord& run) {
  RunCheck check(run);
  Status fits = check.steps();
  if (fits) fits = check.events();
  if (fits) fits = check.lookups();
  if (fits) fits = check.slices();
  if (fits) fits = check.loads();
  if (fits) fits = check.evictions();
  if (fits) fits = check.counters();
  if (fits) fits = check.measured();
  if (fits) fits = check.sizes();
  if (fits) fits = check_numbers(run.summary);
  if (fits) fits = check_ratios(run.summary);
  return fits;
}

}  // namespace pregate
