// SPDX-License-Identifier: Apache-2.0
// Runs for the tests of the heatmap: random lookups, loads and stalls over the small model of the trace tests
// or over one of any size.
#pragma once

#include <memory>

#include "tests/traces/trace_fixtures.hpp"

namespace pregate::fixtures {

// `layers` layers in groups of `share`, each group with a bank of so many experts.
inline ModelShape model_of(std::size_t layers, std::size_t share, std::int32_t experts) {
  ModelShape model;
  model.name = "made-up";
  model.top_k = 4;
  model.layers.resize(layers);
  for (std::size_t l = 0; l < layers; ++l)
    model.layers[l].bank = BankId(static_cast<std::uint32_t>(l / share));
  model.banks.assign((layers + share - 1) / share,
                     {.experts = experts, .expert_bytes = Bytes(1000), .expert_macs = Macs(1)});
  return model;
}

// One prompt, then tokens; every layer looks `top_k` experts up, some of which miss, load and stall.
inline std::shared_ptr<RunRecord> looked_up_run(const ModelShape& model, std::size_t steps,
                                                std::uint64_t seed) {
  auto run = std::make_shared<RunRecord>();
  Random random(seed);
  run->model = model;
  run->header.model = model.name;
  run->header.device = "phone";
  run->header.policy = "lru";
  const ExpertTable table(model);
  std::int64_t now = 0;
  for (std::size_t s = 0; s < steps; ++s) {
    const SimTime begin = SimTime::at_ps(now);
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
      if (!model.layers[l].is_moe()) continue;
      const LayerId layer(static_cast<std::uint32_t>(l));
      const BankId bank = model.layers[l].bank;
      const auto experts = static_cast<std::uint64_t>(model.banks[bank.value()].experts);
      run->events.push_back({.step = static_cast<std::int32_t>(s),
                             .layer = layer,
                             .at = SimTime::at_ps(now),
                             .first_lookup = static_cast<std::uint32_t>(run->lookups.size())});
      const EventId event(static_cast<std::uint32_t>(run->events.size() - 1));
      const std::uint64_t start = random.below(experts);
      for (std::int32_t k = 0; k < model.top_k; ++k) {
        const auto expert = static_cast<std::int32_t>((start + static_cast<std::uint64_t>(k) * 5) % experts);
        LookupRecord lookup{.event = event, .expert = table.id(bank, expert)};
        if (random.chance(0.3)) {
          lookup.outcome = Outcome::miss;
          run->loads.push_back({.expert = lookup.expert,
                                .bytes = Bytes(1000),
                                .reload = random.chance(0.5),
                                .state = LoadEnd::arrived,
                                .step = static_cast<std::int32_t>(s),
                                .layer = layer});
          run->stalls.push_back({.step = static_cast<std::int32_t>(s),
                                 .layer = layer,
                                 .begin = SimTime::at_ps(now),
                                 .end = SimTime::at_ps(now + 7'000'000),
                                 .load = LoadId(static_cast<std::uint32_t>(run->loads.size() - 1))});
          now += 7'000'000;
        }
        run->lookups.push_back(lookup);
      }
      now += 1'000'000;
    }
    run->steps.push_back({.phase = s == 0 ? Phase::prefill : Phase::decode,
                          .position = static_cast<std::int64_t>(s),
                          .tokens = s == 0 ? 9 : 1,
                          .begin = begin,
                          .end = SimTime::at_ps(now)});
  }
  return run;
}

}  // namespace pregate::fixtures
