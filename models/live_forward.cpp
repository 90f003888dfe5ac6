// SPDX-License-Identifier: Apache-2.0
#include "models/live_forward.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/memory.hpp"
#include "traces/base/check.hpp"

namespace pregate {

namespace {

// The simulated shape must have the layers, banks and choices of what is computed.
Status check_shape(const ModelShape& shape, const ModelSpec& spec) {
  const ModelShape own = shape_of(spec);
  const auto differs = [&](std::string_view what, std::size_t expected, std::size_t found) -> Status {
    return bad_input(fmt::format("a model with the {} {} of {}, which is run", expected, what, own.name),
                     fmt::format("{} with {}", shape.name, found), "model");
  };
  if (shape.layers.size() != own.layers.size())
    return differs("layers", own.layers.size(), shape.layers.size());
  if (shape.banks.size() != own.banks.size()) return differs("banks", own.banks.size(), shape.banks.size());
  if (shape.top_k != own.top_k) {
    return differs("experts a token", static_cast<std::size_t>(own.top_k),
                   static_cast<std::size_t>(shape.top_k));
  }
  for (std::size_t b = 0; b < own.banks.size(); ++b) {
    if (shape.banks[b].experts == own.banks[b].experts) continue;
    return differs("experts a bank", static_cast<std::size_t>(own.banks[b].experts),
                   static_cast<std::size_t>(shape.banks[b].experts));
  }
  for (std::size_t i = 0; i < own.layers.size(); ++i) {
    if (shape.layers[i].bank != own.layers[i].bank) return differs("th layer's bank", i, i);
  }
  return {};
}

// Choices to be taken must be there for every step, and for nothing but the experts of the model.
Status check_choices(const RouteTrace& choices, const ModelSpec& spec, const LiveOptions& options) {
  if (Status fits = check_shape(choices.header.model, spec); !fits) return fits;
  if (options.prefer_resident != 0)
    return bad_input("choices of a trace, or a preference for what is resident", "both", "routing");
  const auto steps = static_cast<std::int64_t>(choices.steps.size());
  if (steps < options.max_tokens) {
    return bad_input(fmt::format("choices for {} steps, as many as tokens to generate", options.max_tokens),
                     fmt::format("{}", steps), "routing");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<LiveForward>> LiveForward::create(const Weights& weights, RouteHeader header,
                                                         LiveOptions options) {
  const ModelSpec& spec = weights.spec();
  if (Status fits = check_shape(header.model, spec); !fits) return fits.error();
  const auto prompt = static_cast<std::int64_t>(options.prompt.size());
  if (prompt == 0) return bad_input("a prompt of at least one token", "none", "prompt");
  if (options.max_tokens < 1) {
    return bad_input("at least one token to generate", fmt::format("{}", options.max_tokens), "tokens");
  }
  const std::int64_t context = prompt + options.max_tokens;
  if (context > spec.context) {
    return bad_input(
        fmt::format("at most {} tokens, prompt and answer, which is the model's context", spec.context),
        fmt::format("a prompt of {} and {} to generate", prompt, options.max_tokens), "prompt");
  }
  if (options.choices) {
    if (Status fits = check_choices(*options.choices, spec, options); !fits) return fits.error();
  }
  header.origin = Origin::live;
  header.context = context;
  const Decoder decoder(weights);
  const auto cache_bytes = static_cast<std::int64_t>(decoder.cache_shape(context).bytes());
  if (Status enough = require_memory(Bytes(cache_bytes), "the KV cache"); !enough) return enough.error();
  return std::unique_ptr<LiveForward>(new LiveForward(weights, std::move(header), std::move(options)));
}

LiveForward::LiveForward(const Weights& weights, RouteHeader header, LiveOptions options)
    : options_(std::move(options)),
      spec_(weights.spec()),
      decoder_(weights, options_.store),
      cache_(decoder_.make_cache(header.context)),
      sampler_(options_.sampling),
      table_(header.model),
      trace_(std::make_shared<RouteTrace>()),
      input_(options_.prompt) {
  trace_->header = std::move(header);
  if (options_.choices) prefer_choices();
}

void LiveForward::prefer_choices() {
  decoder_.set_preference([this](std::int64_t layer, std::span<float> bonus) {
    // Scores are probabilities: nothing else can reach a bonus of 2.
    constexpr float kCertain = 2;
    const RouteStep& step = options_.choices->steps[trace_->steps.size()];
    const auto chosen = step.layer_experts(static_cast<std::size_t>(layer));
    const auto top_k = static_cast<std::size_t>(spec_.top_k);
    for (const std::uint16_t e : chosen.subspan(0, std::min(top_k, chosen.size()))) bonus[e] = kCertain;
  });
}

// The first step is the prompt; every later one is the token that the step before made.
Result<std::optional<StepInfo>> LiveForward::next_step() {
  if (running_) {
    if (Status finished = finish_step(); !finished) return finished.error();
  }
  if (ended_) return std::optional<StepInfo>();
  const SequenceInput sequence{&cache_, position_, input_};
  if (Status begun = decoder_.begin(std::span(&sequence, 1)); !begun) return begun.error();
  running_ = true;
  has_logits_ = false;
  attended_ = fed_ = 0;
  return std::optional(StepInfo{.phase = position_ == 0 ? Phase::prefill : Phase::decode,
                                .position = position_,
                                .tokens = static_cast<std::int32_t>(input_.size())});
}

Status LiveForward::finish_step() {
  if (const auto computed = measured(LayerId(), OperatorKind::head); !computed) return computed.error();
  trace_->steps.push_back(record());
  running_ = false;
  position_ += static_cast<std::int64_t>(input_.size());
  if (!std::all_of(logits_.begin(), logits_.end(), [](float l) { return std::isfinite(l); })) {
    return bad_input("finite logits", "NaN or infinity: the weights are not fit to run",
                     fmt::format("token {}", position_));
  }
  const std::int32_t token = generated_.size() < options_.follow.size() ? options_.follow[generated_.size()]
                                                                        : sampler_.next(logits_);
  generated_.push_back(token);
  if (options_.on_token) options_.on_token(token);
  input_.assign(1, token);
  const bool enough = static_cast<std::int64_t>(generated_.size()) >= options_.max_tokens;
  ended_ = enough || (options_.ends_text && options_.ends_text(token));
  return {};
}

Status LiveForward::attend_until(std::int64_t layer) {
  while (attended_ <= layer) {
    if (Status fed = feed_forward_until(attended_ - 1); !fed) return fed;
    decoder_.attend(attended_++);
  }
  return {};
}

Status LiveForward::feed_forward_until(std::int64_t layer) {
  while (fed_ <= layer) {
    if (Status attended = attend_until(fed_); !attended) return attended;
    if (Status fed = decoder_.feed_forward(fed_++); !fed) return fed;
  }
  return {};
}

Result<LayerRouting> LiveForward::route(LayerId layer) {
  check(running_, "route() needs a step: next_step() comes first and has returned one");
  const auto index = static_cast<std::int64_t>(layer.value());
  if (Status ok = attend_until(std::max<std::int64_t>(index - decoder_.lookahead(), 0)); !ok)
    return ok.error();
  const ExpertChoice choice = decoder_.routing(index);
  return LayerRouting{.experts = choice.experts,
                      .weights = choice.weights,
                      .tokens = static_cast<std::int32_t>(decoder_.tokens())};
}

Result<std::span<const MeasuredOperator>> LiveForward::measured(LayerId layer, OperatorKind kind) {
  check(running_, "measured() needs a step: next_step() comes first and has returned one");
  const bool head = kind == OperatorKind::head;
  const std::int64_t index = head ? spec_.layers - 1 : static_cast<std::int64_t>(layer.value());
  const Status ran = kind == OperatorKind::attention ? attend_until(index) : feed_forward_until(index);
  if (!ran) return ran.error();
  if (head && !has_logits_) decoder_.logits(DecoderRows::last, logits_);
  has_logits_ = has_logits_ || head;
  return decoder_.measured();
}

void LiveForward::observe(const ResidencyView& view) {
  view_ = &view;
  if (options_.prefer_resident == 0) return;
  decoder_.set_preference([this](std::int64_t layer, std::span<float> bonus) {
    const BankId bank = trace_->header.model.layers[static_cast<std::size_t>(layer)].bank;
    for (std::size_t e = 0; e < bonus.size(); ++e) {
      if (view_->is_resident(table_.id(bank, static_cast<std::int32_t>(e))))
        bonus[e] = options_.prefer_resident;
    }
  });
}

RouteStep LiveForward::record() const {
  RouteStep step;
  step.phase = position_ == 0 ? Phase::prefill : Phase::decode;
  step.position = position_;
  step.tokens = static_cast<std::int32_t>(input_.size());
  step.offset.push_back(0);
  for (std::int64_t i = 0; i < spec_.layers; ++i) {
    const ExpertChoice choice = decoder_.routing(i);
    step.experts.insert(step.experts.end(), choice.experts.begin(), choice.experts.end());
    step.weights.insert(step.weights.end(), choice.weights.begin(), choice.weights.end());
    step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
    step.layer_tokens.push_back(step.tokens);
    step.norms.push_back(decoder_.norms(i));
  }
  const auto measured = decoder_.measured();
  step.measured.assign(measured.begin(), measured.end());
  return step;
}

}  // namespace pregate
