// SPDX-License-Identifier: Apache-2.0
// A run record with a random value in every field, for the tests of .run files.
#pragma once

#include "tests/traces/trace_fixtures.hpp"

namespace pregate::fixtures {

// Random values for every field of a record; references lead somewhere or nowhere, as in a real one.
class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed, std::size_t rows) : random_(seed), rows_(rows) {}

  RunRecord make() {
    run_.model = small_model();
    header();
    for (std::size_t i = 0; i < rows_; ++i) {
      run_.steps.push_back({.phase = pick<Phase>(2),
                            .position = any(),
                            .tokens = 1 + small(),
                            .begin = now(),
                            .end = later()});
    }
    for (std::size_t i = 0; i < rows_; ++i) timeline_rows(i);
    for (std::size_t i = 0; i < rows_; ++i) cache_rows();
    summary();
    return run_;
  }

 private:
  std::int64_t any() { return static_cast<std::int64_t>(random_.next()); }
  // A count, a time or a size: 40 bits, so that thousands of them can be summed.
  std::int64_t amount() { return static_cast<std::int64_t>(random_.next() >> 24); }
  std::int32_t small() { return static_cast<std::int32_t>(random_.below(1'000'000)); }
  double real() { return random_.unit() * 1e6 - 5e5; }
  bool coin() { return random_.chance(0.5); }
  SimTime now() { return SimTime::at_ps(clock_ += small()); }
  SimTime later() { return SimTime::at_ps(clock_ += small()); }
  std::int32_t step() { return static_cast<std::int32_t>(random_.below(rows_)); }
  template <typename E>
  E pick(std::uint64_t values) {
    return static_cast<E>(random_.below(values));
  }
  template <typename Id>
  Id id(std::size_t size) {
    return random_.chance(0.2) ? Id() : Id(static_cast<std::uint32_t>(random_.below(size)));
  }
  LayerId layer() { return id<LayerId>(run_.model.layers.size()); }
  ExpertId expert() { return id<ExpertId>(24); }
  LoadId load() { return id<LoadId>(rows_); }
  EventId event() { return id<EventId>(rows_); }

  void header() {
    run_.header = {.pregate_version = "1.2.3",
                   .scenario_text = "name: \"x\"\n# \u2713\n",
                   .scenario_name = "demo",
                   .device = "phone",
                   .model = "small",
                   .policy = "lru, pregate d=1",
                   .origin = Origin::live,
                   .provenance = "a test",
                   .costs_from = "nothing",
                   .measured = true};
  }
  void timeline_rows(std::size_t i) {
    run_.events.push_back({.step = step(),
                           .layer = layer(),
                           .at = SimTime::at_ps(amount()),
                           .first_lookup = static_cast<std::uint32_t>(i)});
    run_.lookups.push_back({.event = event(),
                            .expert = expert(),
                            .outcome = pick<Outcome>(4),
                            .miss_class = pick<MissClass>(5),
                            .load = load()});
    run_.operators.push_back({.step = step(),
                              .layer = layer(),
                              .kind = pick<OperatorKind>(5),
                              .expert = expert(),
                              .begin = now(),
                              .end = later(),
                              .alone = Duration::ps(amount())});
    run_.management.push_back({.step = step(), .layer = layer(), .begin = now(), .end = later()});
    run_.stalls.push_back({.step = step(),
                           .layer = layer(),
                           .begin = now(),
                           .end = later(),
                           .cause = pick<StallCause>(kStallCauses),
                           .load = load()});
  }
  void cache_rows() {
    run_.loads.push_back({.expert = expert(),
                          .bytes = Bytes(amount()),
                          .purpose = pick<Purpose>(3),
                          .adopted = coin(),
                          .reload = coin(),
                          .state = pick<LoadEnd>(4),
                          .step = step(),
                          .layer = layer(),
                          .queued_behind = small(),
                          .requested = SimTime::at_ps(amount()),
                          .started = SimTime::at_ps(amount()),
                          .arrived = SimTime::at_ps(amount()),
                          .first_use = event(),
                          .previous_eviction = id<EvictionId>(rows_)});
    run_.evictions.push_back({.expert = expert(),
                              .by_load = load(),
                              .at = SimTime::at_ps(amount()),
                              .at_event = event(),
                              .last_used = event(),
                              .score = any(),
                              .opt_keeps = coin(),
                              .next_use = event()});
    run_.counters.push_back({.counter = static_cast<std::uint8_t>(random_.below(3)),
                             .at = SimTime::at_ps(amount()),
                             .value = any()});
    run_.measured.push_back({.step = step(),
                             .layer = layer(),
                             .kind = pick<OperatorKind>(5),
                             .experts = small(),
                             .begin = Duration::ps(small()),
                             .duration = Duration::ps(small()),
                             .bytes = Bytes(any()),
                             .macs = Macs(any())});
  }
  PhaseSummary phase() {
    const auto time = [&] { return Duration::ps(amount()); };
    PhaseSummary p{.tokens = amount(),
                   .makespan = time(),
                   .compute = time(),
                   .dram_contention = time(),
                   .management = time(),
                   .stall = time(),
                   .lookups = amount(),
                   .loads = amount(),
                   .reloads = amount(),
                   .evictions = amount(),
                   .bytes_read = Bytes(amount()),
                   .dram_read = Bytes(amount()),
                   .macs = Macs(amount())};
    for (Duration& stall : p.stall_by_cause) stall = time();
    for (std::int64_t& outcome : p.outcomes) outcome = amount();
    if (coin()) p.energy = {real(), real(), real(), real(), real(), real()};
    return p;
  }
  void summary() {
    RunSummary& s = run_.summary;
    s.all = phase();
    s.prefill = phase();
    s.decode = phase();
    for (std::int64_t& misses : s.misses_by_class) misses = amount();
    s.prefetch = {.issued = amount(),
                  .useful = amount(),
                  .late = amount(),
                  .useless = amount(),
                  .redundant = amount(),
                  .cancelled = amount(),
                  .accuracy = real(),
                  .coverage = real()};
    s.ttft = Duration::ps(amount());
    s.thrash_share = real();
    s.thrash_step = -small();
    s.opt_hit_rate_decode = real();
    s.policy_hit_rate_decode = real();
    s.recoverable_gap = real();
    s.bound = Duration::ps(amount());
    s.bound_by = "flash";
    if (coin()) s.energy_j = real();
    s.expert_budget = Bytes(amount());
    s.peak_resident = Bytes(amount());
    s.token_cycle = Bytes(amount());
    s.events = amount();
    s.kernel_events = amount();
  }

  Random random_;
  std::size_t rows_;
  std::int64_t clock_ = 0;
  RunRecord run_;
};

inline RunRecord random_run(std::uint64_t seed, std::size_t rows = 20) {
  return RandomRun(seed, rows).make();
}

}  // namespace pregate::fixtures
