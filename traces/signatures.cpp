// SPDX-License-Identifier: Apache-2.0
#include "traces/signatures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pregate {
namespace {

std::string percent_text(double share) {
  return fmt::format("{:.0f} %", share * 100);
}

double ratio(Bytes part, Bytes whole) {
  return whole > Bytes() ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0;
}

Signature named(std::string_view key, std::string_view title, const Limits& limits) {
  return {.key = key, .title = title, .limits = limits};
}

Signature unknown(Signature signature, std::string why) {
  signature.sentence = std::move(why);
  return signature;
}

Signature judged(Signature signature, double value, std::string sentence) {
  signature.value = value;
  signature.verdict = signature.limits.judge(value);
  signature.sentence = std::move(sentence);
  return signature;
}

std::string too_few(std::int64_t tokens) {
  return fmt::format("Only {} decode tokens; {} are needed to tell.", tokens, kLeastTokens);
}

// Expert bytes of each decode step, in order of steps.
struct StepBytes {
  std::int32_t step = 0;
  std::int64_t tokens = 0;
  Bytes used, read, read_again;
};

std::vector<StepBytes> decode_bytes(const RunRecord& run) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<StepBytes> out;
  std::vector<std::size_t> at(run.steps.size(), kNone);
  for (std::size_t s = 0; s < run.steps.size(); ++s) {
    if (run.steps[s].phase != Phase::decode) continue;
    at[s] = out.size();
    out.push_back({.step = static_cast<std::int32_t>(s), .tokens = run.steps[s].tokens});
  }
  const ExpertTable table(run.model);
  for (const LookupRecord& lookup : run.lookups) {
    if (!lookup.event.valid() || !lookup.expert.valid()) continue;
    const std::size_t row = at[static_cast<std::size_t>(run.events[lookup.event.value()].step)];
    if (row != kNone) out[row].used += table.bytes(lookup.expert);
  }
  for (const LoadRecord& load : run.loads) {
    const bool was_read = load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
    const std::size_t row = at[static_cast<std::size_t>(load.step)];
    if (!was_read || row == kNone) continue;
    out[row].read += load.bytes;
    if (load.reload) out[row].read_again += load.bytes;
  }
  return out;
}

Thrashing sum_of(const std::vector<StepBytes>& steps, std::size_t first, std::size_t count) {
  Thrashing sum{.first_step = steps[first].step};
  for (std::size_t i = first; i < first + count; ++i) {
    sum.tokens += steps[i].tokens;
    sum.used += steps[i].used;
    sum.read += steps[i].read;
    sum.read_again += steps[i].read_again;
  }
  return sum;
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  constexpr std::array<std::string_view, 4> kWords = {"unknown", "ok", "watch", "failing"};
  return kWords.at(static_cast<std::size_t>(verdict));
}

Verdict Limits::judge(double value) const {
  const auto beyond = [this, value](double limit) {
    return side == BadSide::above ? value >= limit : value <= limit;
  };
  return beyond(failing) ? Verdict::failing : beyond(watch) ? Verdict::watch : Verdict::ok;
}

double Thrashing::of_used() const {
  return ratio(read_again, used);
}

double Thrashing::of_read() const {
  return ratio(read_again, read);
}

std::optional<Thrashing> measure_thrashing(const RunRecord& run) {
  const std::vector<StepBytes> steps = decode_bytes(run);
  if (steps.empty()) return std::nullopt;
  const std::size_t window = std::min(kThrashingWindow, steps.size());
  std::optional<Thrashing> worst;
  for (std::size_t first = 0; first + window <= steps.size(); ++first) {
    const Thrashing sum = sum_of(steps, first, window);
    if (!worst || sum.of_used() > worst->of_used()) worst = sum;
  }
  return worst;
}

Signature judge_thrashing(const std::optional<Thrashing>& thrashing) {
  Signature s = named("cache_thrashing", "cache thrashing", kThrashingLimits);
  if (!thrashing) return unknown(std::move(s), "Nothing was decoded.");
  if (thrashing->read_again == Bytes())
    return judged(std::move(s), 0, "No expert was read a second time while tokens were decoded.");
  return judged(
      std::move(s), thrashing->of_used(),
      fmt::format("In the worst {} decode tokens, from step {}, experts that had been thrown out were read "
                  "again: as many bytes as {} of those used, and {} of the bytes read.",
                  thrashing->tokens, thrashing->first_step, percent_text(thrashing->of_used()),
                  percent_text(thrashing->of_read())));
}

Signature judge_collapse(const RoutingUse& use) {
  Signature s = named("routing_collapse", "routing collapse", kCollapseLimits);
  const auto worst =
      std::min_element(use.layers.begin(), use.layers.end(),
                       [](const LayerUse& a, const LayerUse& b) { return a.use.evenness < b.use.evenness; });
  if (worst == use.layers.end()) return unknown(std::move(s), too_few(0));
  const ExpertUse& u = worst->use;
  if (u.tokens < kLeastTokens) return unknown(std::move(s), too_few(u.tokens));
  return judged(
      std::move(s), u.evenness,
      fmt::format(
          "Layer {} uses its experts least evenly: {:.2f} bits (chance {:.2f}), {} of its uses go to 8 "
          "experts (chance {}), one is in {} of the tokens, {} of {} are never used.",
          worst->layer.value(), u.entropy_bits, u.entropy_bits_chance, percent_text(u.top8_share),
          percent_text(u.top8_share_chance),
          percent_text(u.largest_share * static_cast<double>(u.uses) / static_cast<double>(u.tokens)),
          u.unused, u.experts));
}

Signature judge_shared(const RoutingUse& use) {
  Signature s = named("shared_dominance", "shared experts drown the routed", kSharedLimits);
  const LayerUse* worst = nullptr;
  bool recorded = false;
  const auto lean = [](const LayerUse& layer) { return layer.norms->shared / layer.norms->routed; };
  for (const LayerUse& layer : use.layers) {
    if (!layer.norms) continue;
    recorded = true;
    if (layer.norms->shared <= 0 || layer.norms->routed <= 0) continue;
    if (worst == nullptr || lean(layer) > lean(*worst)) worst = &layer;
  }
  if (!recorded)
    return unknown(std::move(s), "Norms of the experts' outputs are recorded by a live forward pass only.");
  if (worst == nullptr) return unknown(std::move(s), "The model has no shared experts.");
  if (worst->use.tokens < kLeastTokens) return unknown(std::move(s), too_few(worst->use.tokens));
  return judged(
      std::move(s), lean(*worst),
      fmt::format(
          "Layer {} leans most on its shared experts: what they add is {:.2f} times as long as what the "
          "routed experts add.",
          worst->layer.value(), lean(*worst)));
}

Signature judge_confusion(const LayerPairs& pairs) {
  Signature s = named("layer_confusion", "layer confusion", kConfusionLimits);
  const auto worst = std::max_element(
      pairs.within.begin(), pairs.within.end(),
      [](const LayerPair& a, const LayerPair& b) { return a.choice_correlation < b.choice_correlation; });
  if (worst == pairs.within.end()) {
    return unknown(std::move(s),
                   pairs.across_means.empty() ? too_few(0) : "No two layers share a bank of experts.");
  }
  if (worst->tokens < kLeastTokens) return unknown(std::move(s), too_few(worst->tokens));
  return judged(
      std::move(s), worst->choice_correlation,
      fmt::format("Of all layers that share a bank, the routers of {} and {} agree most: {} of a token's "
                  "experts are the same (chance {}, popularity alone {}).",
                  worst->first.value(), worst->second.value(), percent_text(worst->overlap),
                  percent_text(worst->chance), percent_text(worst->shuffled)));
}

std::vector<Signature> trace_signatures(const RoutingUse& use, const LayerPairs& pairs) {
  return {judge_collapse(use), judge_shared(use), judge_confusion(pairs)};
}

std::vector<Signature> run_signatures(const RunRecord& run, const RouteTrace* trace) {
  RoutingUse use = measure_use(run);
  if (trace != nullptr) add_norms(*trace, use);
  return {judge_thrashing(measure_thrashing(run)), judge_collapse(use), judge_shared(use),
          judge_confusion(measure_pairs(run))};
}

}  // namespace pregate
