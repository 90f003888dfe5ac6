// SPDX-License-Identifier: Apache-2.0
#include "traces/locality.hpp"

#include <algorithm>
#include <cmath>

#include "traces/base/random.hpp"
#include "traces/locality_measures.hpp"
#include "traces/locality_sets.hpp"

namespace pregate {
namespace {

constexpr int kChanceDraws = 4;
constexpr std::uint64_t kChanceSeed = 0x5eed;

// Sum and count of a mean that may have no members.
struct Mean {
  double sum = 0;
  std::int64_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  [[nodiscard]] double value() const { return count == 0 ? 0.0 : sum / static_cast<double>(count); }
};

// Adds |S(step) n S(before)| / |S(step)| of one layer, unless a new turn lies between or the layer was
// skipped.
void add_overlap(const UseSets& sets, std::size_t row, std::size_t step, std::size_t before, Mean& mean) {
  if (sets.turn(step) != sets.turn(before)) return;
  const ExpertSet now = sets.set(step, row);
  const std::int64_t size = count_bits(now);
  if (size == 0) return;
  mean.add(static_cast<double>(count_common(now, sets.set(before, row))) / static_cast<double>(size));
}

Mean overlap_at(const UseSets& sets, std::size_t lag) {
  Mean mean;
  for (std::size_t step = lag; step < sets.steps(); ++step) {
    for (std::size_t row = 0; row < sets.rows(); ++row) add_overlap(sets, row, step, step - lag, mean);
  }
  return mean;
}

// Deviation of the layers' mean lag-1 overlaps.
double overlap_spread(const UseSets& sets) {
  Mean mean, square;
  for (std::size_t row = 0; row < sets.rows(); ++row) {
    Mean layer;
    for (std::size_t step = 1; step < sets.steps(); ++step) add_overlap(sets, row, step, step - 1, layer);
    if (layer.count == 0) continue;
    mean.add(layer.value());
    square.add(layer.value() * layer.value());
  }
  return std::sqrt(std::max(0.0, square.value() - mean.value() * mean.value()));
}

// Mean over the layers that were used at all.
UseShape mean_use_shape(const UseSets& sets) {
  Mean entropy, top;
  for (std::size_t row = 0; row < sets.rows(); ++row) {
    const std::vector<std::int64_t> uses = sets.uses(row);
    if (std::all_of(uses.begin(), uses.end(), [](std::int64_t count) { return count == 0; })) continue;
    const UseShape shape = use_shape(uses);
    entropy.add(shape.entropy_bits);
    top.add(shape.top8_share);
  }
  return {.entropy_bits = entropy.value(), .top8_share = top.value()};
}

Mean bank_overlap(const UseSets& sets, const ModelShape& model) {
  Mean mean;
  for (std::size_t row = 1; row < sets.rows(); ++row) {
    if (model.layers[sets.layer(row)].bank != model.layers[sets.layer(row - 1)].bank) continue;
    for (std::size_t step = 0; step < sets.steps(); ++step) {
      const ExpertSet now = sets.set(step, row);
      const std::int64_t size = count_bits(now);
      if (size == 0) continue;
      mean.add(static_cast<double>(count_common(now, sets.set(step, row - 1))) / static_cast<double>(size));
    }
  }
  return mean;
}

double first_prefill_distinct(const RouteTrace& trace) {
  Mean mean;
  const auto prefill = std::find_if(trace.steps.begin(), trace.steps.end(),
                                    [](const RouteStep& step) { return step.phase == Phase::prefill; });
  if (prefill == trace.steps.end()) return 0;
  std::vector<std::uint16_t> experts;
  for (std::size_t layer = 0; layer < trace.header.model.layers.size(); ++layer) {
    if (!trace.header.model.layers[layer].is_moe() || prefill->layer_tokens[layer] < 2) continue;
    const auto chosen = prefill->layer_experts(layer);
    experts.assign(chosen.begin(), chosen.end());
    std::sort(experts.begin(), experts.end());
    mean.add(static_cast<double>(std::unique(experts.begin(), experts.end()) - experts.begin()));
  }
  return mean.value();
}

// Bytes of the distinct experts of one step, bank by bank.
Bytes distinct_bytes(const UseSets& sets, std::size_t step, const ModelShape& model) {
  Bytes sum;
  std::vector<std::uint64_t> seen;
  for (std::size_t bank = 0; bank < model.banks.size(); ++bank) {
    seen.clear();
    for (std::size_t row = 0; row < sets.rows(); ++row) {
      if (model.layers[sets.layer(row)].bank.value() != bank) continue;
      const ExpertSet set = sets.set(step, row);
      seen.resize(set.size());
      for (std::size_t w = 0; w < set.size(); ++w) seen[w] |= set[w];
    }
    sum += model.banks[bank].expert_bytes * count_bits(seen);
  }
  return sum;
}

void add_token_cycle(const UseSets& sets, const ModelShape& model, Locality& out) {
  Bytes sum;
  for (std::size_t step = 0; step < sets.steps(); ++step) {
    const Bytes cycle = distinct_bytes(sets, step, model);
    out.token_cycle_min = step == 0 ? cycle : std::min(out.token_cycle_min, cycle);
    out.token_cycle_max = std::max(out.token_cycle_max, cycle);
    sum += cycle;
  }
  if (sets.steps() > 0) out.token_cycle = Bytes(sum.count() / static_cast<std::int64_t>(sets.steps()));
}

void add_counts(const RouteTrace& trace, Locality& out) {
  out.steps = static_cast<std::int64_t>(trace.steps.size());
  for (const RouteStep& step : trace.steps) {
    (step.phase == Phase::prefill ? out.prefill_tokens : out.decode_tokens) += step.tokens;
    out.choices += static_cast<std::int64_t>(step.experts.size());
    out.dropped += step.dropped;
  }
  const ModelShape& model = trace.header.model;
  out.moe_layers = model.moe_layers();
  for (const BankShape& bank : model.banks) out.experts = std::max(out.experts, bank.experts);
  out.banks = static_cast<std::int32_t>(model.banks.size());
  out.top_k = model.top_k;
}

}  // namespace

LocalityMeasures measure_fast(const RouteTrace& trace) {
  LocalityMeasures out;
  const UseSets sets = UseSets::of(trace);
  for (std::size_t i = 0; i < std::size(kLags); ++i) {
    const Mean mean = overlap_at(sets, static_cast<std::size_t>(kLags[i]));
    out.overlap[i] = mean.value();
    out.has_lag[i] = mean.count > 0;
  }
  out.overlap_spread = overlap_spread(sets);
  const UseShape shape = mean_use_shape(sets);
  out.entropy_bits = shape.entropy_bits;
  out.top8_share = shape.top8_share;
  out.prefill_distinct = first_prefill_distinct(trace);
  out.bank_overlap = bank_overlap(sets, trace.header.model).value();
  return out;
}

Locality measure_locality(const RouteTrace& trace) {
  Locality out;
  add_counts(trace, out);
  const UseSets sets = UseSets::of(trace);
  add_token_cycle(sets, trace.header.model, out);
  for (const int lag : kLags)
    out.lag_overlap.push_back(overlap_at(sets, static_cast<std::size_t>(lag)).value());
  out.lag1_overlap = out.lag_overlap.front();
  const UseShape shape = mean_use_shape(sets);
  out.entropy_bits = shape.entropy_bits;
  out.top8_share = shape.top8_share;

  Random random(kChanceSeed);
  for (int draw = 0; draw < kChanceDraws; ++draw) {
    const UseSets chance = UseSets::uniform(sets, trace.header.model, random);
    const UseShape chance_shape = mean_use_shape(chance);
    out.lag1_overlap_chance += overlap_at(chance, 1).value() / kChanceDraws;
    out.entropy_bits_chance += chance_shape.entropy_bits / kChanceDraws;
    out.top8_share_chance += chance_shape.top8_share / kChanceDraws;
  }
  return out;
}

}  // namespace pregate
