// SPDX-License-Identifier: Apache-2.0
// Small models, hand-written and random event sequences, and the phone's trace, for the tests of
// sim/residency.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "sim/residency/curve.hpp"
#include "sim/residency/residency.hpp"
#include "traces/base/random.hpp"

namespace pregate::testing_worlds {

struct ModelOptions {
  std::int32_t banks = 1;
  std::int32_t experts = 8;
  std::int32_t layers_per_bank = 1;
  std::int32_t dense_layers = 0;  // before the first MoE layer
  std::int32_t top_k = 2;
  Bytes expert_bytes = Bytes(1);
  Bytes more_bytes_per_bank;  // each bank's experts are this much larger than those of the bank before
};

inline ModelShape make_model(const ModelOptions& options) {
  ModelShape model;
  model.name = "test";
  model.top_k = options.top_k;
  for (std::int32_t i = 0; i < options.dense_layers; ++i) model.layers.push_back({});
  for (std::int32_t bank = 0; bank < options.banks; ++bank) {
    const Bytes size = options.expert_bytes + options.more_bytes_per_bank * bank;
    model.banks.push_back({.experts = options.experts, .expert_bytes = size, .expert_macs = {}});
    for (std::int32_t i = 0; i < options.layers_per_bank; ++i) {
      LayerShape layer;
      layer.bank = BankId(static_cast<std::uint32_t>(bank));
      model.layers.push_back(layer);
    }
  }
  return model;
}

// A model, a sequence of events over it, and the sequence's future.
struct World {
  ModelShape model;
  ExpertTable table;
  EventSequence sequence;
  FutureUses future;

  World(ModelShape shape, EventSequence events)
      : model(std::move(shape)), table(model), sequence(std::move(events)), future(sequence, table.size()) {}

  [[nodiscard]] std::int32_t layers() const { return static_cast<std::int32_t>(model.layers.size()); }
  [[nodiscard]] CurvePoint replay(EvictionKind policy, Bytes budget, const CurveOptions& options = {}) const {
    return replay_at(sequence, future, table, layers(), policy, budget, options);
  }
  [[nodiscard]] std::int64_t misses(EvictionKind policy, Bytes budget) const {
    return replay(policy, budget).loads;
  }
};

// One bank, one layer: each inner list is the event of one decode step. Experts have one byte each.
inline World one_layer(const std::vector<std::vector<std::uint32_t>>& events, std::int32_t experts = 8) {
  EventSequence sequence;
  std::int32_t step = 0;
  for (const auto& event : events) {
    std::vector<ExpertId> ids;
    for (const std::uint32_t id : event) ids.push_back(ExpertId(id));
    sequence.append({.step = step++, .layer = LayerId(0), .bank = BankId(0), .phase = Phase::decode}, ids);
  }
  return {make_model({.experts = experts}), std::move(sequence)};
}

struct RandomOptions {
  ModelOptions model;
  std::int32_t steps = 30;
  std::int32_t prefill_tokens = 1;  // of step 0: a wider event
  double persistence = 0.5;         // probability that a choice repeats one of the step before
};

// Choices with persistence and uneven popularity, so that policies differ.
inline World random_world(std::uint64_t seed, const RandomOptions& options) {
  Random random(seed);
  ModelShape model = make_model(options.model);
  const ExpertTable table(model);
  EventSequence sequence;
  std::vector<std::vector<ExpertId>> before(model.layers.size());
  for (std::int32_t step = 0; step < options.steps; ++step) {
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
      if (!model.layers[layer].is_moe()) continue;
      const BankId bank = model.layers[layer].bank;
      const std::int32_t choices = options.model.top_k * (step == 0 ? options.prefill_tokens : 1);
      std::vector<std::uint16_t> chosen;
      for (std::int32_t i = 0; i < choices; ++i) {
        const auto experts = static_cast<std::uint64_t>(options.model.experts);
        std::uint64_t pick = std::min(random.below(experts), random.below(experts));
        if (!before[layer].empty() && random.chance(options.persistence)) {
          pick = static_cast<std::uint64_t>(
              table.index_in_bank(before[layer][random.below(before[layer].size())]));
        }
        chosen.push_back(static_cast<std::uint16_t>(pick));
      }
      std::vector<ExpertId> distinct;
      distinct_experts(chosen, bank, table, distinct);
      before[layer] = distinct;
      sequence.append({.step = step,
                       .layer = LayerId(static_cast<std::uint32_t>(layer)),
                       .bank = bank,
                       .phase = step == 0 && options.prefill_tokens > 1 ? Phase::prefill : Phase::decode},
                      distinct);
    }
  }
  return {std::move(model), std::move(sequence)};
}

inline ResidencyOptions options_of(const World& world, EvictionKind policy, Bytes budget) {
  return {.budget = budget,
          .eviction = policy,
          .context = {.table = &world.table, .future = &world.future, .layers = world.layers()}};
}

inline std::unique_ptr<Residency> make_residency(const World& world, const ResidencyOptions& options) {
  auto residency = Residency::create(world.table, options);
  check(residency.ok(), "the test's residency can be had");
  return std::move(*residency);
}

// What a timeless replay of the sequence does, lookup by lookup and eviction by eviction.
struct Replayed {
  std::vector<bool> hits;
  std::vector<Eviction> evictions;
  Bytes peak;
};
inline Replayed replay_world(const World& world, ResidencyOptions options) {
  options.allow_overflow = true;
  const auto residency = make_residency(world, options);
  Replayed out;
  for (std::uint32_t i = 0; i < world.sequence.size(); ++i) {
    const EventInfo& info = world.sequence.info(EventId(i));
    if (i == 0 || world.sequence.info(EventId(i - 1)).step != info.step) residency->begin_step(info.step);
    for (const Lookup& lookup : residency->begin_event(EventId(i), world.sequence.experts(EventId(i)))) {
      out.hits.push_back(lookup.outcome != Outcome::miss);
      if (out.hits.back()) continue;
      const LoadId load = residency->request(lookup.expert, Purpose::demand);
      residency->start(load, out.evictions);
      residency->arrive(load);
    }
    residency->end_event(out.evictions);
  }
  out.peak = residency->peak_resident();
  return out;
}

inline constexpr EvictionKind kAllPolicies[] = {
    EvictionKind::lru,    EvictionKind::lfu,           EvictionKind::lfu_decay, EvictionKind::fifo,
    EvictionKind::random, EvictionKind::least_stale,   EvictionKind::layer_lru, EvictionKind::layer_lfu,
    EvictionKind::belady, EvictionKind::belady_bypass, EvictionKind::none};

}  // namespace pregate::testing_worlds
