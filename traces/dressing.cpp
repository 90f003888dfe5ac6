// SPDX-License-Identifier: Apache-2.0
#include "traces/dressing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "traces/base/check.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

constexpr std::string_view kPlace = "model.shape_as";

std::size_t index(std::int32_t n) {
  return static_cast<std::size_t>(n);
}

// Bank by bank the layers that share it, in order.
std::vector<std::vector<LayerId>> layers_of_banks(const ModelShape& model) {
  std::vector<std::vector<LayerId>> banks(model.banks.size());
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    if (model.layers[l].is_moe())
      banks[model.layers[l].bank.value()].emplace_back(static_cast<std::uint32_t>(l));
  }
  return banks;
}

std::int32_t most_experts(const ModelShape& model) {
  std::int32_t most = 0;
  for (const BankShape& bank : model.banks) most = std::max(most, bank.experts);
  return most;
}

// Fisher-Yates. The first repetition keeps the numbers as they are.
std::vector<std::uint16_t> permutation(std::uint64_t seed, std::int32_t repetition, std::int32_t experts) {
  std::vector<std::uint16_t> order(index(experts));
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  if (repetition == 0) return order;
  Random random(seed + static_cast<std::uint64_t>(repetition));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace

std::string describe(const DressingFacts& f) {
  std::string out =
      fmt::format("{} MoE layers of {} stand for {} of {}", f.layers_taken, f.routed, f.moe_layers, f.shape);
  if (f.layers_taken < f.routed_moe_layers)
    out += fmt::format(" ({} are not taken)", f.routed_moe_layers - f.layers_taken);
  if (f.repetitions > 1) {
    out += fmt::format(", repeated {:.3g} times, expert numbers of repeats permuted by seed {}",
                       static_cast<double>(f.moe_layers) / f.layers_taken, f.seed);
  } else {
    out += ", layer for layer";
  }
  if (f.experts > f.routed_experts) {
    out += fmt::format("; each of {} experts stands for {} of {}, chosen together", f.routed_experts,
                       f.experts / f.routed_experts, f.experts);
  } else if (f.experts < f.routed_experts) {
    out += fmt::format("; {} experts are folded into {}", f.routed_experts, f.experts);
  } else {
    out += "; expert for expert";
  }
  const std::int32_t offered = f.routed_top_k * std::max(f.experts / f.routed_experts, 1);
  if (f.top_k < offered) out += fmt::format("; of {} a token takes the best {}", offered, f.top_k);
  return out;
}

Result<Dressing> Dressing::make(const ModelShape& routed, const ModelShape& shape, std::uint64_t seed) {
  Dressing dressing;
  dressing.shape_ = shape;
  dressing.layers_.resize(shape.layers.size());
  const std::vector<std::vector<LayerId>> from = layers_of_banks(routed), to = layers_of_banks(shape);
  for (const ModelShape* model : {&routed, &shape}) {
    if (!model->banks.empty()) continue;
    return bad_input("two models with experts", fmt::format("{}, which has none", model->name),
                     std::string(kPlace));
  }
  dressing.facts_ = {.routed = routed.name,
                     .shape = shape.name,
                     .moe_layers = shape.moe_layers(),
                     .routed_moe_layers = routed.moe_layers(),
                     .banks = static_cast<std::int32_t>(shape.banks.size()),
                     .routed_banks = static_cast<std::int32_t>(routed.banks.size()),
                     .experts = most_experts(shape),
                     .routed_experts = most_experts(routed),
                     .top_k = shape.top_k,
                     .routed_top_k = routed.top_k,
                     .seed = seed};
  std::vector<bool> taken(routed.layers.size(), false);
  std::size_t next = 0;  // bank of the routed model, counted round and round
  for (std::size_t b = 0; b < to.size(); ++b) {
    std::size_t place = 0;  // within the routed bank `next`
    for (const LayerId layer : to[b]) {
      if (place == from[next % from.size()].size()) {
        ++next;
        place = 0;
      }
      const LayerId source = from[next % from.size()][place++];
      taken[source.value()] = true;
      dressing.layers_[layer.value()].source = source;
      const auto repetition = static_cast<std::int32_t>(next / from.size());
      const Status added =
          dressing.add_layer(routed, layer, repetition, BankId(static_cast<std::uint32_t>(b)));
      if (!added) return added.error();
    }
    ++next;
  }
  dressing.facts_.layers_taken = static_cast<std::int32_t>(std::count(taken.begin(), taken.end(), true));
  return dressing;
}

Status Dressing::add_layer(const ModelShape& routed, LayerId layer, std::int32_t repetition, BankId bank) {
  Layer& mapped = layers_[layer.value()];
  const std::int32_t wanted = shape_.banks[bank.value()].experts;
  const std::int32_t given = routed.banks[routed.layers[mapped.source.value()].bank.value()].experts;
  if (wanted % given != 0 && given % wanted != 0) {
    return bad_input(fmt::format("a shape whose experts a bank are a multiple or a divisor of the {} of {}",
                                 given, routed.name),
                     fmt::format("{} with {}", shape_.name, wanted), std::string(kPlace));
  }
  mapped.spread = std::max(wanted / given, 1);
  if (std::int64_t{routed.top_k} * mapped.spread < shape_.top_k) {
    return bad_input(
        fmt::format(
            "a shape with at most top-{}, which the top-{} of {} can fill{}", routed.top_k * mapped.spread,
            routed.top_k, routed.name,
            mapped.spread > 1 ? fmt::format(" where an expert stands for {}", mapped.spread) : std::string()),
        fmt::format("{} with top-{}", shape_.name, shape_.top_k), std::string(kPlace));
  }
  mapped.repetition = repetition;
  mapped.experts = wanted;
  mapped.folded = given > wanted;
  mapped.permutation = permutation_of(repetition, wanted);
  facts_.repetitions = std::max(facts_.repetitions, repetition + 1);
  return {};
}

std::size_t Dressing::permutation_of(std::int32_t repetition, std::int32_t experts) {
  const auto key = std::pair(repetition, experts);
  const auto known = std::find(permuted_.begin(), permuted_.end(), key);
  if (known != permuted_.end()) return static_cast<std::size_t>(known - permuted_.begin());
  permuted_.push_back(key);
  permutations_.push_back(permutation(facts_.seed, repetition, experts));
  return permuted_.size() - 1;
}

Status Dressing::dress(LayerId layer, const LayerRouting& from, std::vector<std::uint16_t>& out) const {
  const Layer& mapped = layers_[layer.value()];
  check(mapped.source.valid(), "a dense layer has no choices to dress");
  const auto tokens = index(from.tokens), per_token = index(facts_.routed_top_k);
  const bool whole = !mapped.folded && per_token * index(mapped.spread) == index(shape_.top_k);
  if (!whole && tokens > 1 && from.experts.size() != tokens * per_token) {
    return bad_input(
        fmt::format("routing whose tokens each have all of their top-{} choices, which top-{} is taken from",
                    per_token, shape_.top_k),
        fmt::format("{} choices of {} tokens", from.experts.size(), tokens), std::string(kPlace));
  }
  for (std::size_t at = 0; at < from.experts.size(); at += per_token) {
    dress_token(mapped, from.experts.subspan(at, std::min(per_token, from.experts.size() - at)), out);
  }
  return {};
}

void Dressing::dress_token(const Layer& layer, std::span<const std::uint16_t> choices,
                           std::vector<std::uint16_t>& out) const {
  const std::vector<std::uint16_t>& numbers = permutations_[layer.permutation];
  const std::size_t begin = out.size();
  for (const std::uint16_t choice : choices) {
    for (std::int32_t s = 0; s < layer.spread; ++s) {
      if (out.size() - begin == index(shape_.top_k)) return;
      const std::size_t number = (choice * index(layer.spread) + index(s)) % index(layer.experts);
      const std::uint16_t expert = numbers[number];
      const auto mine = out.begin() + static_cast<std::ptrdiff_t>(begin);
      if (!layer.folded || std::find(mine, out.end(), expert) == out.end()) out.push_back(expert);
    }
  }
}

RouteHeader dress(const RouteHeader& header, const Dressing& dressing) {
  RouteHeader dressed = header;
  dressed.model = dressing.shape();
  dressed.provenance +=
      fmt::format("{}{}", header.provenance.empty() ? "" : "; ", describe(dressing.facts()));
  return dressed;
}

namespace {

Result<RouteStep> dress(const RouteStep& step, const Dressing& dressing) {
  RouteStep out{.turn = step.turn, .phase = step.phase, .position = step.position, .tokens = step.tokens};
  out.dropped = step.dropped;
  out.offset.push_back(0);
  for (std::size_t l = 0; l < dressing.shape().layers.size(); ++l) {
    const LayerId layer(static_cast<std::uint32_t>(l));
    const LayerId source = dressing.source_of(layer);
    out.layer_tokens.push_back(source.valid() ? step.layer_tokens[source.value()] : step.tokens);
    if (source.valid()) {
      const LayerRouting from{.experts = step.layer_experts(source.value()),
                              .weights = {},
                              .tokens = step.layer_tokens[source.value()]};
      if (Status done = dressing.dress(layer, from, out.experts); !done) return done.error();
    }
    out.offset.push_back(static_cast<std::uint32_t>(out.experts.size()));
  }
  return out;
}

}  // namespace

Result<RouteTrace> dress(const RouteTrace& trace, const Dressing& dressing) {
  RouteTrace out;
  out.header = dress(trace.header, dressing);
  out.steps.reserve(trace.steps.size());
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    Result<RouteStep> step = dress(trace.steps[i], dressing);
    if (!step) return step.error().at("", fmt::format("step {}", i));
    out.steps.push_back(std::move(*step));
  }
  return out;
}

}  // namespace pregate
