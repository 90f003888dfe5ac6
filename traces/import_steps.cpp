// SPDX-License-Identifier: Apache-2.0
#include "traces/import_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace pregate {
namespace {

std::string describe(const RouteStep& step) {
  if (step.phase == Phase::prefill) return fmt::format("prefill of turn {}", step.turn);
  return fmt::format("decode step {} of turn {}", step.position, step.turn);
}

// The first MoE layer from `layer` on; the number of layers if there is none.
std::size_t moe_from(const ModelShape& model, std::size_t layer) {
  while (layer < model.layers.size() && !model.layers[layer].is_moe()) ++layer;
  return layer;
}

}  // namespace

StepAssembler::StepAssembler(const ModelShape& model)
    : model_(model), first_moe_(moe_from(model, 0)), layers_(model.layers.size()) {
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    if (model.layers[i].is_moe()) last_moe_ = i;
  }
}

bool StepAssembler::continues(const TokenChoice& token) const {
  if (!open_ || open_->turn != token.turn || open_->phase != token.phase) return false;
  return token.phase == Phase::prefill || token.position == open_->position;
}

Status StepAssembler::begin(const TokenChoice& token) {
  if (open_) {
    if (open_->turn == token.turn && open_->phase == Phase::decode && token.phase == Phase::prefill) {
      return bad_input("decode steps after a turn's first one", "a prefill token");
    }
    if (const Status closed = close(); !closed) return closed;
  }
  open_ = RouteStep();
  open_->turn = token.turn;
  open_->phase = token.phase;
  open_->position = token.position;
  open_->tokens = 0;
  next_layer_ = first_moe_;
  if (steps_.empty()) return {};
  return validate_order(steps_.back(), *open_);
}

Status StepAssembler::check_place(const TokenChoice& token) const {
  if (token.layer >= model_.layers.size()) {
    return bad_input(fmt::format("a layer below {}", model_.layers.size()),
                     fmt::format("layer {}", token.layer));
  }
  if (!model_.layers[token.layer].is_moe()) {
    return bad_input("a layer with experts", fmt::format("dense layer {}", token.layer));
  }
  if (token.phase == Phase::decode) {
    if (token.layer == next_layer_) return {};
    const std::string expected =
        next_layer_ < model_.layers.size()
            ? fmt::format("layer {} of step {}", next_layer_, token.position)
            : fmt::format("a step after {}, which has all its layers", token.position);
    return bad_input(expected, fmt::format("layer {}", token.layer));
  }
  const LayerColumn& column = layers_[token.layer];
  const std::int64_t least = column.tokens == 0 ? open_->position : column.last_position + 1;
  const bool may_skip = token.layer == last_moe_ && token.layer != first_moe_;
  if (token.position == least || (may_skip && token.position > least)) return {};
  return bad_input(
      fmt::format("step {} of layer {}", least, token.layer),
      fmt::format("step {}{}", token.position, token.position < least ? " again or out of order" : ""));
}

Status StepAssembler::add(const TokenChoice& token) {
  if (!continues(token)) {
    if (const Status begun = begin(token); !begun) return begun;
  }
  if (const Status placed = check_place(token); !placed) return placed;
  LayerColumn& column = layers_[token.layer];
  column.experts.insert(column.experts.end(), token.experts.begin(), token.experts.end());
  column.weights.insert(column.weights.end(), token.weights.begin(), token.weights.end());
  if (token.weights.size() != token.experts.size()) weights_known_ = false;
  if (!weights_known_) column.weights.clear();
  ++column.tokens;
  column.last_position = token.position;
  open_->dropped += token.dropped;
  if (token.phase == Phase::decode) next_layer_ = moe_from(model_, token.layer + 1);
  return {};
}

Status StepAssembler::check_complete() const {
  const std::int32_t tokens = layers_[first_moe_].tokens;
  const std::int64_t end = open_->position + tokens;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (!model_.layers[i].is_moe()) continue;
    const LayerColumn& column = layers_[i];
    const bool complete = i == last_moe_ ? column.tokens > 0 && column.last_position < end
                                         : column.tokens == tokens && tokens > 0;
    if (complete) continue;
    return bad_input(fmt::format("{} tokens in layer {}", std::max(tokens, 1), i),
                     fmt::format("{}", column.tokens));
  }
  return {};
}

Status StepAssembler::close() {
  if (const Status complete = check_complete(); !complete) return complete.error().at({}, describe(*open_));
  RouteStep& step = *open_;
  step.tokens = layers_[first_moe_].tokens;
  step.offset.push_back(0);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    LayerColumn& column = layers_[i];
    step.experts.insert(step.experts.end(), column.experts.begin(), column.experts.end());
    step.weights.insert(step.weights.end(), column.weights.begin(), column.weights.end());
    step.layer_tokens.push_back(model_.layers[i].is_moe() ? column.tokens : step.tokens);
    if (step.experts.size() > std::numeric_limits<std::uint32_t>::max()) {
      return bad_input("fewer than 2^32 choices in a step", "more").at({}, describe(step));
    }
    step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
    column.experts.clear();
    column.weights.clear();
    column.tokens = 0;
    column.last_position = -1;
  }
  if (!weights_known_) step.weights.clear();
  if (const Status valid = validate_step(step, model_); !valid) return valid.error().at({}, describe(step));
  steps_.push_back(std::move(step));
  open_.reset();
  return {};
}

Status StepAssembler::finish() {
  if (!open_) return bad_input("at least one step", "none");
  return close();
}

std::vector<RouteStep> StepAssembler::take() {
  if (!weights_known_) {
    for (RouteStep& step : steps_) step.weights.clear();
  }
  return std::move(steps_);
}

}  // namespace pregate
