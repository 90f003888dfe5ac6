// SPDX-License-Identifier: Apache-2.0
#include "traces/locality_use.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "traces/locality_sets.hpp"

namespace pregate {
namespace {

constexpr int kChanceDraws = 4;
constexpr std::uint64_t kChanceSeed = 0x5eed;

using Uses = std::vector<std::int64_t>;

// Uses of every layer, and the sums over the layers of each bank.
struct Counts {
  std::vector<Uses> layers, banks;
};

Counts count_uses(const UseSets& sets, const ModelShape& model) {
  Counts out;
  out.banks.resize(model.banks.size());
  for (std::size_t bank = 0; bank < model.banks.size(); ++bank)
    out.banks[bank].resize(static_cast<std::size_t>(model.banks[bank].experts));
  for (std::size_t row = 0; row < sets.rows(); ++row) {
    Uses uses = sets.uses(row);
    Uses& bank = out.banks[model.layers[sets.layer(row)].bank.value()];
    uses.resize(bank.size());
    for (std::size_t e = 0; e < uses.size(); ++e) bank[e] += uses[e];
    out.layers.push_back(std::move(uses));
  }
  return out;
}

std::int64_t count_unused(const Uses& uses) {
  return std::count(uses.begin(), uses.end(), std::int64_t{0});
}

ExpertUse use_of(const Uses& uses, std::int64_t tokens) {
  const UseShape shape = use_shape(uses);
  return {.experts = static_cast<std::int32_t>(uses.size()),
          .tokens = tokens,
          .uses = shape.uses,
          .unused = static_cast<std::int32_t>(count_unused(uses)),
          .most_used = static_cast<std::int32_t>(std::max_element(uses.begin(), uses.end()) - uses.begin()),
          .entropy_bits = shape.entropy_bits,
          .top8_share = shape.top8_share,
          .largest_share = shape.largest_share};
}

void add_chance(const Uses& uses, ExpertUse& to) {
  const UseShape shape = use_shape(uses);
  to.unused_chance += static_cast<double>(count_unused(uses)) / kChanceDraws;
  to.entropy_bits_chance += shape.entropy_bits / kChanceDraws;
  to.top8_share_chance += shape.top8_share / kChanceDraws;
  to.largest_share_chance += shape.largest_share / kChanceDraws;
}

void set_evenness(ExpertUse& use) {
  if (use.tokens == 0) return;
  const double least = std::log2(static_cast<double>(use.uses) / static_cast<double>(use.tokens));
  const double room = use.entropy_bits_chance - least;
  if (room > 1e-9) use.evenness = std::max(0.0, (use.entropy_bits - least) / room);
}

// Tokens that chose anything in a layer.
std::int64_t count_tokens(const UseSets& sets, std::size_t row) {
  std::int64_t tokens = 0;
  for (std::size_t step = 0; step < sets.steps(); ++step)
    tokens += count_bits(sets.set(step, row)) > 0 ? 1 : 0;
  return tokens;
}

RoutingUse measure(const UseSets& sets, const ModelShape& model) {
  RoutingUse out;
  const Counts counts = count_uses(sets, model);
  std::vector<std::int64_t> bank_tokens(model.banks.size());
  std::vector<std::int32_t> bank_layers(model.banks.size());
  for (std::size_t row = 0; row < sets.rows(); ++row) {
    const BankId bank = model.layers[sets.layer(row)].bank;
    const std::int64_t tokens = count_tokens(sets, row);
    bank_tokens[bank.value()] += tokens;
    ++bank_layers[bank.value()];
    out.layers.push_back({.layer = LayerId(static_cast<std::uint32_t>(sets.layer(row))),
                          .bank = bank,
                          .use = use_of(counts.layers[row], tokens)});
  }
  for (std::size_t bank = 0; bank < model.banks.size(); ++bank) {
    out.banks.push_back({.bank = BankId(static_cast<std::uint32_t>(bank)),
                         .layers = bank_layers[bank],
                         .use = use_of(counts.banks[bank], bank_tokens[bank])});
  }
  Random random(kChanceSeed);
  for (int draw = 0; draw < kChanceDraws; ++draw) {
    const Counts chance = count_uses(UseSets::uniform(sets, model, random), model);
    for (std::size_t row = 0; row < out.layers.size(); ++row)
      add_chance(chance.layers[row], out.layers[row].use);
    for (std::size_t bank = 0; bank < out.banks.size(); ++bank)
      add_chance(chance.banks[bank], out.banks[bank].use);
  }
  const auto idle = [](const auto& row) { return row.use.tokens == 0; };
  std::erase_if(out.layers, idle);
  std::erase_if(out.banks, idle);
  for (LayerUse& layer : out.layers) set_evenness(layer.use);
  for (BankUse& bank : out.banks) set_evenness(bank.use);
  return out;
}

}  // namespace

// The first token of a text often has a state far larger than all others (an attention sink), so prompts stay
// out of the means.
void add_norms(const RouteTrace& trace, RoutingUse& out) {
  for (LayerUse& layer : out.layers) {
    OutputNorms sum;
    std::int64_t tokens = 0;
    for (const RouteStep& step : trace.steps) {
      if (step.phase != Phase::decode || layer.layer.value() >= step.norms.size()) continue;
      const LayerNorms& norms = step.norms[layer.layer.value()];
      sum.shared += static_cast<double>(norms.shared) * step.tokens;
      sum.routed += static_cast<double>(norms.routed) * step.tokens;
      tokens += step.tokens;
    }
    if (tokens == 0) continue;
    const auto count = static_cast<double>(tokens);
    layer.norms = OutputNorms{.shared = sum.shared / count, .routed = sum.routed / count};
  }
}

RoutingUse measure_use(const RouteTrace& trace) {
  RoutingUse out = measure(UseSets::of(trace), trace.header.model);
  add_norms(trace, out);
  return out;
}

RoutingUse measure_use(const RunRecord& run) {
  return measure(UseSets::of(run), run.model);
}

}  // namespace pregate
