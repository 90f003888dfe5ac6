// SPDX-License-Identifier: Apache-2.0
#include "traces/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "traces/base/random.hpp"

namespace pregate {
namespace {

// Fixed point: factors are integers of 1 / kOne, so that every platform draws the same trace.
constexpr int kFraction = 16;
constexpr double kOne = 1 << kFraction;

std::int64_t fixed(double factor) {
  return std::llround(factor * kOne);
}

// A normal-like variate: the sum of four uniform 16-bit numbers, centred. All terms use it, so that its
// deviation (37,837) is the unit of every logit.
std::int32_t draw(Random& random) {
  constexpr std::int32_t kMean = 2 * 0xffff;
  const std::uint64_t word = random.next();
  const auto part = [word](int shift) { return static_cast<std::int32_t>((word >> shift) & 0xffff); };
  return part(0) + part(16) + part(32) + part(48) - kMean;
}

// First-order autoregressive with unit deviation: x' = r x + sqrt(1 - r^2) e.
struct Drift {
  explicit Drift(double persistence)
      : keep(fixed(persistence)), renew(fixed(std::sqrt(1 - persistence * persistence))) {}
  [[nodiscard]] std::int32_t next(std::int32_t value, std::int32_t fresh) const {
    return static_cast<std::int32_t>((keep * value + renew * fresh) >> kFraction);
  }
  std::int64_t keep, renew;
};

// The lasting and drifting terms of a set of experts: those of one layer, or those that a bank's layers have
// in common.
struct Terms {
  Terms(std::size_t experts, Random& random) : popularity(experts), topic(experts), context(experts) {
    for (auto* term : {&popularity, &topic, &context}) {
      for (std::int32_t& value : *term) value = draw(random);
    }
  }
  void advance(const Drift& topic_drift, const Drift& context_drift, Random& random) {
    for (std::int32_t& value : topic) value = topic_drift.next(value, draw(random));
    for (std::int32_t& value : context) value = context_drift.next(value, draw(random));
  }
  std::vector<std::int32_t> popularity, topic, context;
};

// The k best of `scores`, best first, the lower index first among equals.
void best(std::span<const std::int64_t> scores, std::span<std::uint16_t> out) {
  std::size_t held = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (held == out.size() && scores[i] <= scores[out[held - 1]]) continue;
    std::size_t at = held < out.size() ? held++ : held - 1;
    for (; at > 0 && scores[out[at - 1]] < scores[i]; --at) out[at] = out[at - 1];
    out[at] = static_cast<std::uint16_t>(i);
  }
}

// Factors of `count` layers on their strengths: evenly spaced around 1 with deviation `spread`, in random
// order. Evenly, so that the mean layer is the same for every seed.
std::vector<double> layer_scales(std::size_t count, double spread, Random& random) {
  std::vector<double> scales(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double place = (2 * static_cast<double>(i) + 1) / static_cast<double>(count) - 1;  // within (-1, 1)
    scales[i] = std::max(0.0, 1 + spread * std::sqrt(3.0) * place);  // a preference never turns round
  }
  for (std::size_t i = count; i > 1; --i) std::swap(scales[i - 1], scales[random.below(i)]);
  return scales;
}

class Process {
 public:
  Process(const ModelShape& model, const SyntheticParams& params)
      : model_(model),
        random_(params.seed),
        topic_drift_(params.topic_persistence),
        context_drift_(params.context_persistence),
        prompt_noise_(fixed(std::sqrt(1 + params.prompt_noise * params.prompt_noise))) {
    if (params.group_correlation > 0) {
      for (const BankShape& bank : model.banks) {
        banks_.emplace_back(static_cast<std::size_t>(bank.experts), random_);
      }
    }
    const std::vector<double> scales =
        layer_scales(static_cast<std::size_t>(model.moe_layers()), params.layer_spread, random_);
    std::size_t row = 0;
    for (const LayerShape& layer : model.layers) {
      layers_.emplace_back(layer.is_moe() ? experts_of(layer) : 0, random_);
      const double scale = layer.is_moe() ? scales[row++] : 0;
      own_.emplace_back(params, scale * std::sqrt(1 - params.group_correlation));
      common_.emplace_back(params, scale * std::sqrt(params.group_correlation));
    }
  }

  void next_token() {
    for (Terms& bank : banks_) bank.advance(topic_drift_, context_drift_, random_);
    for (Terms& layer : layers_) layer.advance(topic_drift_, context_drift_, random_);
  }

  // What the router of an MoE layer chooses for the current token; once a token, in order of layers.
  void choose(std::size_t layer, Phase phase, std::span<std::uint16_t> out) {
    scores_.resize(experts_of(model_.layers[layer]));
    const std::int64_t noise = phase == Phase::prefill ? prompt_noise_ : fixed(1);
    for (std::int64_t& score : scores_) score = noise * draw(random_);
    own_[layer].add(layers_[layer], scores_);
    if (!banks_.empty()) common_[layer].add(banks_[model_.layers[layer].bank.value()], scores_);
    best(scores_, out);
  }

 private:
  struct Strengths {
    Strengths(const SyntheticParams& params, double part)
        : popularity(fixed(params.popularity * part)),
          topic(fixed(params.topic * part)),
          context(fixed(params.context * part)) {}
    void add(const Terms& terms, std::span<std::int64_t> scores) const {
      for (std::size_t e = 0; e < scores.size(); ++e) {
        scores[e] += popularity * terms.popularity[e] + topic * terms.topic[e] + context * terms.context[e];
      }
    }
    std::int64_t popularity, topic, context;
  };

  [[nodiscard]] std::size_t experts_of(const LayerShape& layer) const {
    return static_cast<std::size_t>(model_.banks[layer.bank.value()].experts);
  }

  const ModelShape& model_;
  Random random_;
  Drift topic_drift_, context_drift_;
  std::int64_t prompt_noise_;
  std::vector<Strengths> own_, common_;  // of each layer
  std::vector<Terms> layers_, banks_;    // banks_ is empty where nothing is common
  std::vector<std::int64_t> scores_;
};

// A step with room for its choices. As recorded engines do, only the last token of a prompt passes the last
// layer.
RouteStep empty_step(const ModelShape& model, Phase phase, std::int64_t position, std::int32_t tokens) {
  RouteStep step;
  step.phase = phase;
  step.position = position;
  step.tokens = tokens;
  step.layer_tokens.assign(model.layers.size(), tokens);
  if (phase == Phase::prefill && !step.layer_tokens.empty()) step.layer_tokens.back() = 1;
  step.offset.push_back(0);
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const LayerShape& layer = model.layers[l];
    const std::int32_t chosen =
        layer.is_moe() ? std::min(model.top_k, model.banks[layer.bank.value()].experts) : 0;
    step.offset.push_back(step.offset.back() + static_cast<std::uint32_t>(chosen * step.layer_tokens[l]));
  }
  step.experts.resize(step.offset.back());
  return step;
}

void fill_step(Process& process, const ModelShape& model, RouteStep& step) {
  for (std::int32_t token = 0; token < step.tokens; ++token) {
    process.next_token();
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
      const std::int32_t skipped = step.tokens - step.layer_tokens[l];
      const std::size_t all = step.offset[l + 1] - step.offset[l];
      if (token < skipped || all == 0) continue;
      const std::size_t chosen = all / static_cast<std::size_t>(step.layer_tokens[l]);
      const std::size_t from = step.offset[l] + static_cast<std::size_t>(token - skipped) * chosen;
      process.choose(l, step.phase, std::span(step.experts).subspan(from, chosen));
    }
  }
}

std::string provenance_of(const SyntheticParams& p) {
  return fmt::format(
      "synthetic: popularity {:.4g}, topic {:.4g} (persistence {:.4g}), context {:.4g} (persistence {:.4g}), "
      "group correlation {:.4g}{}, layer spread {:.4g}, prompt noise {:.4g}, seed {}; {}",
      p.popularity, p.topic, p.topic_persistence, p.context, p.context_persistence, p.group_correlation,
      p.group_correlation == 0 ? " (an assumption)" : "", p.layer_spread, p.prompt_noise, p.seed,
      p.fitted_to.empty() ? "parameters not fitted to a recording" : "fitted to " + p.fitted_to);
}

struct Range {
  const char* name;
  double value, least, most;
};

}  // namespace

Status validate(const SyntheticParams& p) {
  constexpr double kMostStrength = 100;
  constexpr double kMostTokens = 1'000'000;
  const Range ranges[] = {
      {"popularity", p.popularity, 0, kMostStrength},
      {"topic", p.topic, 0, kMostStrength},
      {"topic_persistence", p.topic_persistence, 0, 1},
      {"context", p.context, 0, kMostStrength},
      {"context_persistence", p.context_persistence, 0, 1},
      {"group_correlation", p.group_correlation, 0, 1},
      {"layer_spread", p.layer_spread, 0, 1},
      {"prompt_noise", p.prompt_noise, 0, kMostStrength},
      {"prompt_tokens", static_cast<double>(p.prompt_tokens), 0, kMostTokens},
      {"decode_tokens", static_cast<double>(p.decode_tokens), 0, kMostTokens},
  };
  for (const Range& range : ranges) {
    if (range.value >= range.least && range.value <= range.most) continue;  // false for NaN
    return bad_input(fmt::format("a number from {} to {}", range.least, range.most),
                     fmt::format("{}", range.value), range.name);
  }
  return {};
}

RouteTrace synthesize(const ModelShape& model, const SyntheticParams& params) {
  check(validate(params).ok(), "synthesize() wants validated parameters");
  RouteTrace trace;
  trace.header = {
      .model = model, .origin = Origin::synthetic, .provenance = provenance_of(params), .prompt = {}};
  Process process(model, params);
  trace.steps.reserve(static_cast<std::size_t>(params.decode_tokens) + 1);
  if (params.prompt_tokens > 0) {
    trace.steps.push_back(empty_step(model, Phase::prefill, 0, params.prompt_tokens));
    fill_step(process, model, trace.steps.back());
  }
  for (std::int64_t t = 0; t < params.decode_tokens; ++t) {
    trace.steps.push_back(empty_step(model, Phase::decode, params.prompt_tokens + t, 1));
    fill_step(process, model, trace.steps.back());
  }
  return trace;
}

}  // namespace pregate
