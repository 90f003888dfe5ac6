// SPDX-License-Identifier: Apache-2.0
// A run record whose slices fill its steps, as a simulated one's do, with random times, causes and experts.
#pragma once

#include <algorithm>

#include "tests/traces/trace_fixtures.hpp"

namespace pregate::fixtures {

struct TimelineShape {
  int prefills = 1, decoded = 6;
  std::size_t layers = 5;  // at most small_model()'s
};

class RandomTimeline {
 public:
  RandomTimeline(std::uint64_t seed, const TimelineShape& shape) : random_(seed), shape_(shape) {}

  RunRecord make() {
    run_.model = small_model();
    run_.model.layers.resize(shape_.layers);
    for (int i = 0; i < shape_.prefills; ++i) step(Phase::prefill, 3);
    for (int i = 0; i < shape_.decoded; ++i) step(Phase::decode, 1);
    return run_;
  }

 private:
  Duration some() { return Duration::ps(static_cast<std::int64_t>(random_.below(1'000'000'000))); }
  SimTime pass() { return now_ = now_ + some(); }

  void step(Phase phase, std::int32_t tokens) {
    number_ = static_cast<std::int32_t>(run_.steps.size());
    const SimTime begin = now_;
    for (std::size_t l = 0; l < shape_.layers; ++l) layer(LayerId(static_cast<std::uint32_t>(l)));
    work(LayerId(static_cast<std::uint32_t>(shape_.layers - 1)), OperatorKind::head);
    run_.steps.push_back(
        {.phase = phase, .position = number_, .tokens = tokens, .begin = begin, .end = now_});
    PhaseSummary& sum = phase == Phase::prefill ? run_.summary.prefill : run_.summary.decode;
    sum.tokens += tokens;
    sum.makespan += now_ - begin;
    run_.summary.all.makespan += now_ - begin;
  }

  void layer(LayerId id) {
    work(id, OperatorKind::attention);
    if (!run_.model.layers[id.value()].is_moe()) return;
    event(id);
    const SimTime stalled = now_;
    run_.stalls.push_back({.step = number_,
                           .layer = id,
                           .begin = stalled,
                           .end = pass(),
                           .cause = static_cast<StallCause>(random_.below(kStallCauses)),
                           .load = {}});
    const SimTime managed = now_;
    run_.management.push_back({.step = number_, .layer = id, .begin = managed, .end = pass()});
    work(id, OperatorKind::routed_expert);
  }

  void work(LayerId id, OperatorKind kind) {
    const SimTime begin = now_;
    const Duration lasted = pass() - begin;
    run_.operators.push_back({.step = number_,
                              .layer = id,
                              .kind = kind,
                              .expert = {},
                              .begin = begin,
                              .end = now_,
                              .alone = Duration::ps(static_cast<std::int64_t>(
                                  random_.below(static_cast<std::uint64_t>(lasted.count_ps()) + 1)))});
  }

  void event(LayerId id) {
    const EventId number(static_cast<std::uint32_t>(run_.events.size()));
    run_.events.push_back({.step = number_,
                           .layer = id,
                           .at = now_,
                           .first_lookup = static_cast<std::uint32_t>(run_.lookups.size())});
    const ExpertTable table(run_.model);
    const BankId bank = run_.model.layers[id.value()].bank;
    const auto first = static_cast<std::int32_t>(random_.below(4));
    for (std::int32_t i = 0; i < run_.model.top_k; ++i) {
      run_.lookups.push_back({.event = number,
                              .expert = table.id(bank, first + i),
                              .outcome = static_cast<Outcome>(random_.below(4)),
                              .miss_class = MissClass::none,
                              .load = {}});
    }
  }

  Random random_;
  TimelineShape shape_;
  RunRecord run_;
  SimTime now_;
  std::int32_t number_ = 0;
};

inline RunRecord random_timeline(std::uint64_t seed, const TimelineShape& shape = {}) {
  return RandomTimeline(seed, shape).make();
}

}  // namespace pregate::fixtures
