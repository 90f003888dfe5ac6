// SPDX-License-Identifier: Apache-2.0
#include "sim/runtime/cache_setup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pregate {
namespace {

// The cache must hold the largest event, so that its experts can be resident together.
Status check_room(const CacheSetup& setup) {
  if (!setup.sequence) return {};
  EventId where;
  const Bytes largest = setup.sequence->largest_event(setup.table, &where);
  if (largest <= setup.budget) return {};
  const EventInfo& info = setup.sequence->info(where);
  return bad_input(fmt::format("at least {} ({} bytes): the {} experts of step {} ({}), layer {}",
                               to_text(largest), largest.count(), setup.sequence->experts(where).size(),
                               info.step, to_text(info.phase), info.layer.value()),
                   fmt::format("{} ({} bytes)", to_text(setup.budget), setup.budget.count()),
                   "dram.expert_budget");
}

std::int64_t longest_context(const RouteHeader& header, const RouteTrace* future) {
  if (header.context > 0) return header.context;
  if (future == nullptr) return 4096;
  std::int64_t context = 0;
  for (const RouteStep& step : future->steps) context = std::max(context, step.position + step.tokens);
  return context;
}

ResidencyOptions residency_options(const CacheSetup& setup, const Scenario& scenario) {
  const PolicySpec& policy = scenario.policy;
  return {.budget = setup.budget,
          .eviction = policy.eviction,
          .context = {.table = &setup.table,
                      .future = setup.uses ? &*setup.uses : nullptr,
                      .layers = static_cast<std::int32_t>(setup.model.layers.size()),
                      .lfu_half_life = policy.lfu_half_life,
                      .seed = policy.seed},
          .allow_overflow = false,
          .preload = scenario.preload == Preload::all,
          .largest_event = setup.sequence ? setup.sequence->largest_event(setup.table) : Bytes()};
}

}  // namespace

Result<std::unique_ptr<CacheSetup>> CacheSetup::make(const Scenario& scenario, const RouteHeader& header,
                                                     const RouteTrace* future) {
  Result<ModelShape> model = costed_shape(scenario, header);
  if (!model) return model.error();
  auto setup = std::unique_ptr<CacheSetup>(new CacheSetup(std::move(*model)));
  if (scenario.expert_budget) {
    setup->budget = *scenario.expert_budget;
  } else {
    const Result<Bytes> budget =
        default_expert_budget(scenario, setup->model, longest_context(header, future));
    if (!budget) return budget.error();
    setup->budget = *budget;
  }
  if (future != nullptr) {
    if (future->steps.empty()) return bad_input("a trace with at least one step", "none", "workload");
    setup->sequence.emplace(*future, setup->table);
    setup->uses.emplace(*setup->sequence, setup->table.size());
  }
  if (Status ok = check_room(*setup); !ok) return ok.error();
  Result<std::unique_ptr<Residency>> residency =
      Residency::create(setup->table, residency_options(*setup, scenario));
  if (!residency) return residency.error();
  setup->residency = std::move(*residency);
  Result<std::unique_ptr<Prefetcher>> prefetcher =
      make_prefetcher(scenario.policy, {.model = &setup->model,
                                        .table = &setup->table,
                                        .future = setup->sequence ? &*setup->sequence : nullptr,
                                        .residency = setup->residency.get(),
                                        .budget = setup->budget});
  if (!prefetcher) return prefetcher.error();
  setup->prefetcher = std::move(*prefetcher);
  return setup;
}

Result<ModelShape> costed_shape(const Scenario& scenario, const RouteHeader& header) {
  const ModelShape& routed = header.model;
  const ModelShape* chosen = scenario.shape_as ? &*scenario.shape_as
                             : scenario.model  ? &*scenario.model
                                               : &routed;
  if (chosen == &routed) return routed;
  const std::string place = scenario.shape_as ? "model.shape_as" : "model.preset";
  const auto differs = [&](std::string_view what, std::size_t expected, std::size_t found) {
    return bad_input(fmt::format("a model with the {} {} of the routing's {}", expected, what, routed.name),
                     fmt::format("{} with {}", chosen->name, found), place);
  };
  if (chosen->layers.size() != routed.layers.size()) {
    return differs("layers", routed.layers.size(), chosen->layers.size());
  }
  if (chosen->banks.size() != routed.banks.size())
    return differs("banks", routed.banks.size(), chosen->banks.size());
  for (std::size_t b = 0; b < routed.banks.size(); ++b) {
    if (chosen->banks[b].experts != routed.banks[b].experts) {
      return differs("experts a bank", static_cast<std::size_t>(routed.banks[b].experts),
                     static_cast<std::size_t>(chosen->banks[b].experts));
    }
  }
  for (std::size_t l = 0; l < routed.layers.size(); ++l) {
    if (chosen->layers[l].bank != routed.layers[l].bank)
      return differs("grouping of layers into banks", l, l);
  }
  return *chosen;
}

}  // namespace pregate
