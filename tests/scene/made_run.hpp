// SPDX-License-Identifier: Apache-2.0
// A run of any size that hangs together: every reference leads somewhere, the compute unit's slices fill its
// steps, an expert is there when it is used. Not simulated: a random cache and lanes of one speed. For tests
// of the timeline, and for its benchmark.
#pragma once

#include <algorithm>
#include <vector>

#include "traces/base/random.hpp"
#include "traces/run_record.hpp"

namespace pregate::fixtures {

struct MadeRunShape {
  int tokens = 20;
  int layers = 6;
  int layers_a_bank = 3;
  int experts = 16;
  int top_k = 3;
  int resident = 20;  // experts that fit
  int lanes = 4;
  int prefetches = 1;  // tried in a layer
  int load_time = 1;   // how much longer a load takes than usual
  std::uint64_t seed = 1;
};

class RunMaker {
 public:
  explicit RunMaker(const MadeRunShape& shape) : shape_(shape), random_(shape.seed) {}

  RunRecord make() {
    make_model();
    lane_free_.assign(static_cast<std::size_t>(shape_.lanes), 0);
    for (int token = 0; token < shape_.tokens; ++token) make_step(token);
    finish_loads();
    std::stable_sort(run_.counters.begin(), run_.counters.end(),
                     [](const CounterRecord& a, const CounterRecord& b) { return a.at < b.at; });
    finish_summary();
    return std::move(run_);
  }

 private:
  enum class State : std::uint8_t { absent, coming, resident };
  struct Expert {
    State state = State::absent;
    LoadId load;
    EvictionId evicted;
    EventId used;
    bool busy = false;  // chosen by the event that runs
  };

  void make_model() {
    ModelShape& model = run_.model;
    model.name = "made";
    model.top_k = shape_.top_k;
    model.kv_bytes = Bytes(2048);
    model.kv_macs = Macs(1024);
    model.head_bytes = Bytes::mib(3);
    model.head_macs = Macs(1'000'000);
    const int banks = (shape_.layers - 1 + shape_.layers_a_bank - 1) / shape_.layers_a_bank;
    for (int i = 0; i < banks; ++i) model.banks.push_back({shape_.experts, Bytes::mib(1), Macs(500'000)});
    for (int i = 0; i < shape_.layers; ++i) {
      LayerShape layer{.attention_bytes = Bytes::mib(2),
                       .attention_macs = Macs(2'000'000),
                       .feed_forward_bytes = Bytes::mib(1),
                       .feed_forward_macs = Macs(1'000'000)};
      if (i > 0) layer.bank = BankId(static_cast<std::uint32_t>((i - 1) / shape_.layers_a_bank));
      model.layers.push_back(layer);
    }
    experts_.resize(static_cast<std::size_t>(banks * shape_.experts));
    run_.header = {.pregate_version = "test", .scenario_name = "made", .device = "made", .model = "made"};
  }

  SimTime now() const { return SimTime::at_ps(now_); }
  std::int64_t some(std::int64_t most) { return 1 + static_cast<std::int64_t>(random_.below(most)); }

  void make_step(int token) {
    step_ = token;
    const bool prefill = token == 0;
    run_.steps.push_back({.phase = prefill ? Phase::prefill : Phase::decode,
                          .position = prefill ? 0 : token + 3,
                          .tokens = prefill ? 4 : 1,
                          .begin = now()});
    for (int layer = 0; layer < shape_.layers; ++layer) make_layer(layer);
    work(LayerId(), OperatorKind::head, {}, 300'000);
    run_.steps.back().end = now();
  }

  void make_layer(int index) {
    const LayerId layer(static_cast<std::uint32_t>(index));
    work(layer, OperatorKind::attention, {}, 200'000);
    if (!run_.model.layers[static_cast<std::size_t>(index)].is_moe()) {
      work(layer, OperatorKind::dense_ffn, {}, 200'000);
      return;
    }
    land_arrivals();
    const auto bank = run_.model.layers[static_cast<std::size_t>(index)].bank.value();
    const EventId event(static_cast<std::uint32_t>(run_.events.size()));
    run_.events.push_back({.step = step_,
                           .layer = layer,
                           .at = now(),
                           .first_lookup = static_cast<std::uint32_t>(run_.lookups.size())});
    const std::vector<std::uint32_t> chosen = choose(bank);
    for (const std::uint32_t expert : chosen) look_up(event, layer, expert);
    for (int i = 0; i < shape_.prefetches; ++i) {
      if (!random_.chance(0.4)) continue;
      request(bank * static_cast<std::uint32_t>(shape_.experts) + pick(), layer, prefetch(), {});
    }
    work(layer, OperatorKind::shared_experts, {}, 100'000);
    for (const std::uint32_t expert : chosen) {
      wait_for(layer, expert);
      if (random_.chance(0.2)) manage(layer);
      work(layer, OperatorKind::routed_expert, ExpertId(expert), 80'000);
      experts_[expert].busy = false;
      experts_[expert].used = event;
    }
  }

  // Some are chosen far more often than others.
  std::uint32_t pick() {
    const double skewed = random_.unit() * random_.unit();
    return static_cast<std::uint32_t>(skewed * shape_.experts);
  }
  Purpose prefetch() { return random_.chance(0.5) ? Purpose::committed : Purpose::speculative; }

  std::vector<std::uint32_t> choose(std::uint32_t bank) {
    std::vector<std::uint32_t> chosen;
    while (chosen.size() < static_cast<std::size_t>(shape_.top_k)) {
      const std::uint32_t expert = bank * static_cast<std::uint32_t>(shape_.experts) + pick();
      if (std::find(chosen.begin(), chosen.end(), expert) == chosen.end()) chosen.push_back(expert);
    }
    for (const std::uint32_t expert : chosen) experts_[expert].busy = true;
    return chosen;
  }

  void look_up(EventId event, LayerId layer, std::uint32_t id) {
    Expert& expert = experts_[id];
    LookupRecord lookup{.event = event, .expert = ExpertId(id)};
    if (expert.state == State::absent) {
      lookup.outcome = Outcome::miss;
      lookup.miss_class = expert.evicted.valid() ? MissClass::capacity : MissClass::compulsory;
      request(id, layer, Purpose::demand, event);
    } else if (expert.state == State::coming) {
      lookup.outcome = Outcome::late_prefetch;
      run_.loads[expert.load.value()].adopted = true;
    }
    lookup.load = expert.load;
    if (expert.load.valid() && !run_.loads[expert.load.value()].first_use.valid()) {
      run_.loads[expert.load.value()].first_use = event;
    }
    run_.lookups.push_back(lookup);
  }

  void request(std::uint32_t id, LayerId layer, Purpose purpose, EventId event) {
    Expert& expert = experts_[id];
    if (expert.state != State::absent) return;
    const LoadId load(static_cast<std::uint32_t>(run_.loads.size()));
    if (!make_room(load) && purpose != Purpose::demand) return;
    const auto lane = std::min_element(lane_free_.begin(), lane_free_.end());
    const std::int64_t started = std::max(now_, *lane),
                       arrived = started + (some(700'000) + 200'000) * shape_.load_time;
    *lane = arrived;
    run_.loads.push_back({.expert = ExpertId(id),
                          .bytes = Bytes::mib(1),
                          .purpose = purpose,
                          .reload = expert.evicted.valid(),
                          .state = LoadEnd::arrived,
                          .step = step_,
                          .layer = layer,
                          .queued_behind = static_cast<std::int32_t>(coming_.size()),
                          .requested = now(),
                          .started = SimTime::at_ps(started),
                          .arrived = SimTime::at_ps(arrived),
                          .first_use = event,
                          .previous_eviction = expert.evicted});
    expert.state = State::coming;
    expert.load = load;
    coming_.push_back(id);
    count(1, static_cast<std::int64_t>(coming_.size()));
  }

  void count(std::uint8_t counter, std::int64_t value) {
    run_.counters.push_back({.counter = counter, .at = now(), .value = value});
  }

  // Evicts one of few that are looked at; false: none of them can go.
  bool make_room(LoadId by) {
    if (static_cast<int>(resident_.size() + coming_.size()) < shape_.resident) return true;
    for (int attempt = 0; attempt < 8 && !resident_.empty(); ++attempt) {
      const auto at = static_cast<std::size_t>(random_.below(resident_.size()));
      Expert& victim = experts_[resident_[at]];
      if (victim.busy) continue;
      victim.evicted = EvictionId(static_cast<std::uint32_t>(run_.evictions.size()));
      run_.evictions.push_back({.expert = ExpertId(resident_[at]),
                                .by_load = by,
                                .at = now(),
                                .last_used = victim.used,
                                .opt_keeps = random_.chance(0.3)});
      victim.state = State::absent;
      victim.used = EventId();
      resident_[at] = resident_.back();
      resident_.pop_back();
      count(0, Bytes::mib(1).count() * static_cast<std::int64_t>(resident_.size()));
      return true;
    }
    return false;
  }

  void land_arrivals() {
    std::erase_if(coming_, [&](std::uint32_t id) {
      if (run_.loads[experts_[id].load.value()].arrived.count_ps() > now_) return false;
      experts_[id].state = State::resident;
      resident_.push_back(id);
      count(0, Bytes::mib(1).count() * static_cast<std::int64_t>(resident_.size()));
      return true;
    });
  }

  void wait_for(LayerId layer, std::uint32_t id) {
    const Expert& expert = experts_[id];
    if (expert.state != State::coming) return;
    const LoadRecord& load = run_.loads[expert.load.value()];
    const std::int64_t arrived = load.arrived.count_ps();
    if (arrived > now_) {
      const StallCause cause = load.purpose != Purpose::demand ? StallCause::late_prefetch
                               : load.reload                   ? pick_cause()
                                                               : StallCause::compulsory;
      run_.stalls.push_back({.step = step_,
                             .layer = layer,
                             .begin = now(),
                             .end = SimTime::at_ps(arrived),
                             .cause = cause,
                             .load = expert.load});
      now_ = arrived;
    }
    land_arrivals();
  }
  StallCause pick_cause() {
    constexpr std::array kCauses = {StallCause::capacity, StallCause::policy, StallCause::pollution,
                                    StallCause::no_room};
    return kCauses.at(random_.below(kCauses.size()));
  }

  void manage(LayerId layer) {
    const SimTime begin = now();
    now_ += some(20'000);
    run_.management.push_back({.step = step_, .layer = layer, .begin = begin, .end = now()});
  }

  void work(LayerId layer, OperatorKind kind, ExpertId expert, std::int64_t about) {
    const SimTime begin = now();
    now_ += about / 2 + some(about);
    run_.operators.push_back({.step = step_,
                              .layer = layer,
                              .kind = kind,
                              .expert = expert,
                              .begin = begin,
                              .end = now(),
                              .alone = Duration::ps((now() - begin).count_ps() * 9 / 10)});
  }

  // What is still on its way when the run ends.
  void finish_loads() {
    for (const std::uint32_t id : coming_) {
      LoadRecord& load = run_.loads[experts_[id].load.value()];
      if (load.arrived.count_ps() <= now_) continue;
      load.state = load.started.count_ps() < now_ ? LoadEnd::unfinished : LoadEnd::never_started;
      load.arrived = SimTime();
      if (load.state == LoadEnd::never_started) load.started = SimTime();
    }
  }

  void finish_summary() {
    RunSummary& summary = run_.summary;
    summary.all.makespan = Duration::ps(now_);
    for (const StallRecord& stall : run_.stalls) summary.all.stall += stall.end - stall.begin;
    summary.expert_budget = Bytes::mib(shape_.resident + shape_.top_k);
    summary.events = static_cast<std::int64_t>(run_.events.size());
  }

  MadeRunShape shape_;
  Random random_;
  RunRecord run_;
  std::int64_t now_ = 0;
  std::int32_t step_ = 0;
  std::vector<Expert> experts_;
  std::vector<std::uint32_t> resident_, coming_;
  std::vector<std::int64_t> lane_free_;
};

inline RunRecord made_run(const MadeRunShape& shape = {}) {
  return RunMaker(shape).make();
}

}  // namespace pregate::fixtures
