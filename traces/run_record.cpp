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

 private:
  template <typename Row, typename Check>
  static Status each(const char* table, const std::vector<Row>& rows, Check check_row) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Status fits = check_row(rows[i]);
      if (!fits) return fits.error().at({}, fmt::format("{} {}", table, i));
    }
    return {};
  }
  template <typename Id>
  static Status reference(const char* what, Id id, std::size_t size) {
    if (!id.valid() || id.value() < size) return {};
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
                     fmt::format("{} ps before it", (begin - end).count_ps()));
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
  return each("step", run_.steps, [](const StepRecord& row) -> Status {
    if (row.tokens < 1) return bad_input("at least one token", fmt::format("{}", row.tokens));
    return order(row.begin, row.end);
  });
}

Status RunCheck::events() {
  std::uint32_t previous = 0;
  return each("event", run_.events, [&](const EventRecord& row) -> Status {
    if (row.first_lookup < previous || row.first_lookup > run_.lookups.size()) {
      return bad_input(fmt::format("a first lookup from {} to {}", previous, run_.lookups.size()),
                       fmt::format("{}", row.first_lookup));
    }
    previous = row.first_lookup;
    return place(row.step, row.layer);
  });
}

Status RunCheck::lookups() {
  return each("lookup", run_.lookups, [&](const LookupRecord& row) {
    return all({event(row.event), expert(row.expert), load(row.load)});
  });
}

Status RunCheck::slices() {
  Status fits = each("operator", run_.operators, [&](const OperatorRecord& row) {
    return all({place(row.step, row.layer), expert(row.expert), order(row.begin, row.end)});
  });
  if (!fits) return fits;
  fits = each("management", run_.management, [&](const ManagementRecord& row) {
    return all({place(row.step, row.layer), order(row.begin, row.end)});
  });
  if (!fits) return fits;
  return each("stall", run_.stalls, [&](const StallRecord& row) {
    return all({place(row.step, row.layer), load(row.load), order(row.begin, row.end)});
  });
}

Status RunCheck::loads() {
  return each("load", run_.loads, [&](const LoadRecord& row) {
    return all({expert(row.expert), place(row.step, row.layer), event(row.first_use),
                eviction(row.previous_eviction)});
  });
}

Status RunCheck::evictions() {
  return each("eviction", run_.evictions, [&](const EvictionRecord& row) {
    return all({expert(row.expert), load(row.by_load), event(row.at_event), event(row.last_used),
                event(row.next_use)});
  });
}

Status RunCheck::counters() {
  return each("counter", run_.counters, [](const CounterRecord& row) -> Status {
    if (row.counter < kCounterNames.size()) return {};
    return bad_input(fmt::format("a counter below {}", kCounterNames.size()), fmt::format("{}", row.counter));
  });
}

Status RunCheck::measured() {
  return each("measured operator", run_.measured, [&](const MeasuredRecord& row) -> Status {
    if (row.duration < Duration() || row.begin < Duration()) {
      return bad_input("times of at least 0",
                       fmt::format("{} ps", std::min(row.begin, row.duration).count_ps()));
    }
    return place(row.step, row.layer);
  });
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
  if (fits) fits = check_ratios(run.summary);
  return fits;
}

}  // namespace pregate
