// SPDX-License-Identifier: Apache-2.0
// A run record with everything that a simulated one has - steps, operators, management, stalls, loads in
// flight, evictions, counters - at random times that fit together, down to slices without length.
#pragma once

#include <algorithm>

#include "tests/traces/trace_fixtures.hpp"

namespace pregate::fixtures {

class BusyRun {
 public:
  // Durations are below `scale` ps: a small one makes many slices of a nanosecond.
  BusyRun(std::uint64_t seed, int steps, std::uint64_t scale) : random_(seed), steps_(steps), scale_(scale) {}

  RunRecord make() {
    run_.model = small_model();
    run_.header.model = "small";
    run_.header.device = "phone";
    run_.header.policy = "lru";
    pass();
    for (int i = 0; i < steps_; ++i) step(i == 0 ? Phase::prefill : Phase::decode);
    for (const LoadEnd state : {LoadEnd::unfinished, LoadEnd::never_started, LoadEnd::cancelled})
      leftover(state);
    return run_;
  }

 private:
  Duration some() { return Duration::ps(static_cast<std::int64_t>(random_.below(scale_ + 1))); }
  SimTime pass() { return now_ = now_ + (random_.chance(0.1) ? Duration() : some()); }
  SimTime earlier() {
    const SimTime at = SimTime::at_ps(now_.count_ps() - 2 * some().count_ps());
    return std::max(at, SimTime());
  }
  [[nodiscard]] std::int32_t number() const { return static_cast<std::int32_t>(run_.steps.size()); }

  void step(Phase phase) {
    const SimTime begin = now_;
    for (std::uint32_t l = 0; l < run_.model.layers.size(); ++l) layer(LayerId(l));
    work(LayerId(static_cast<std::uint32_t>(run_.model.layers.size() - 1)), OperatorKind::head, {});
    run_.steps.push_back({.phase = phase,
                          .position = number(),
                          .tokens = phase == Phase::prefill ? 4 : 1,
                          .begin = begin,
                          .end = now_});
    if (random_.chance(0.3)) pass();  // a gap between steps
  }

  void layer(LayerId id) {
    work(id, OperatorKind::attention, {});
    if (!run_.model.layers[id.value()].is_moe()) return;
    event_ = EventId(static_cast<std::uint32_t>(run_.events.size()));
    run_.events.push_back({.step = number(),
                           .layer = id,
                           .at = now_,
                           .first_lookup = static_cast<std::uint32_t>(run_.lookups.size())});
    const ExpertTable table(run_.model);
    const auto first = static_cast<std::int32_t>(random_.below(5));
    for (std::int32_t i = 0; i < run_.model.top_k; ++i)
      use(id, table.id(run_.model.layers[id.value()].bank, first + i));
  }

  void use(LayerId layer, ExpertId expert) {
    LookupRecord lookup{.event = event_,
                        .expert = expert,
                        .outcome = Outcome::resident_hit,
                        .miss_class = MissClass::none,
                        .load = {}};
    if (random_.chance(0.7)) {
      lookup.load = load(layer, expert);
      lookup.outcome = Outcome::miss;
      lookup.miss_class = MissClass::compulsory;
    }
    run_.lookups.push_back(lookup);
    if (random_.chance(0.3)) {
      const SimTime begin = now_;
      run_.management.push_back({.step = number(), .layer = layer, .begin = begin, .end = pass()});
    }
    evict(expert);
    run_.counters.push_back({.counter = static_cast<std::uint8_t>(random_.below(kCounterNames.size())),
                             .at = now_,
                             .value = static_cast<std::int64_t>(random_.below(1'000'000)) - 500});
    work(layer, OperatorKind::routed_expert, expert);
  }

  LoadId load(LayerId layer, ExpertId expert) {
    const LoadId id(static_cast<std::uint32_t>(run_.loads.size()));
    const SimTime requested = random_.chance(0.5) ? now_ : earlier();
    const SimTime started = random_.chance(0.4) ? requested : requested + some();
    const SimTime arrived = started + some();
    run_.loads.push_back({.expert = expert,
                          .bytes = Bytes(700),
                          .purpose = static_cast<Purpose>(random_.below(3)),
                          .adopted = random_.chance(0.2),
                          .reload = !run_.evictions.empty(),
                          .state = LoadEnd::arrived,
                          .step = number(),
                          .layer = layer,
                          .queued_behind = static_cast<std::int32_t>(random_.below(9)),
                          .requested = requested,
                          .started = started,
                          .arrived = arrived,
                          .first_use = event_,
                          .previous_eviction = {}});
    if (!run_.evictions.empty())
      run_.loads.back().previous_eviction = EvictionId(static_cast<std::uint32_t>(run_.evictions.size() - 1));
    if (arrived > now_) {
      run_.stalls.push_back({.step = number(),
                             .layer = layer,
                             .begin = now_,
                             .end = arrived,
                             .cause = static_cast<StallCause>(random_.below(kStallCauses)),
                             .load = id});
      now_ = arrived;
    }
    return id;
  }

  void evict(ExpertId expert) {
    if (!random_.chance(0.4)) return;
    run_.evictions.push_back({.expert = expert,
                              .by_load = run_.loads.empty() ? LoadId() : LoadId(0),
                              .at = now_,
                              .at_event = event_,
                              .last_used = random_.chance(0.5) ? event_ : EventId(),
                              .score = -7,
                              .opt_keeps = random_.chance(0.5),
                              .next_use = {}});
  }

  void work(LayerId layer, OperatorKind kind, ExpertId expert) {
    const SimTime begin = now_;
    pass();
    run_.operators.push_back({.step = number(),
                              .layer = layer,
                              .kind = kind,
                              .expert = expert,
                              .begin = begin,
                              .end = now_,
                              .alone = now_ - begin});
  }

  // What the run's end left as it was.
  void leftover(LoadEnd state) {
    LoadRecord load{.expert = ExpertId(3),
                    .bytes = Bytes(500),
                    .purpose = Purpose::speculative,
                    .state = state,
                    .step = number() - 1,
                    .layer = LayerId(1),
                    .requested = earlier(),
                    .started = {},
                    .arrived = {},
                    .first_use = {},
                    .previous_eviction = {}};
    if (state == LoadEnd::unfinished) load.started = load.requested + Duration::ps(1);
    run_.loads.push_back(load);
  }

  Random random_;
  int steps_;
  std::uint64_t scale_;
  RunRecord run_;
  SimTime now_;
  EventId event_;
};

inline RunRecord busy_run(std::uint64_t seed, int steps = 4, std::uint64_t scale = 3'000'000) {
  return BusyRun(seed, steps, scale).make();
}

}  // namespace pregate::fixtures
