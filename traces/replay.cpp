// SPDX-License-Identifier: Apache-2.0
#include "traces/replay.hpp"

#include <utility>

namespace pregate {
namespace {

std::shared_ptr<const RouteTrace> filtered(std::shared_ptr<const RouteTrace> trace,
                                           const ReplayOptions& options) {
  if (!options.skip_prefill && options.max_steps <= 0) return trace;
  auto kept = std::make_shared<RouteTrace>();
  kept->header = trace->header;
  for (const RouteStep& step : trace->steps) {
    if (options.max_steps > 0 && std::cmp_greater_equal(kept->steps.size(), options.max_steps)) break;
    if (options.skip_prefill && step.phase == Phase::prefill) continue;
    kept->steps.push_back(step);
  }
  return kept;
}

}  // namespace

Replay::Replay(std::shared_ptr<const RouteTrace> trace, ReplayOptions options)
    : trace_(filtered(std::move(trace), options)) {}

Result<std::optional<StepInfo>> Replay::next_step() {
  if (next_ == trace_->steps.size()) {
    current_ = nullptr;
    return std::optional<StepInfo>();
  }
  current_ = &trace_->steps[next_++];
  return std::optional(
      StepInfo{.phase = current_->phase, .position = current_->position, .tokens = current_->tokens});
}

Result<LayerRouting> Replay::route(LayerId layer) {
  check(current_ != nullptr, "route() needs a step: next_step() comes first and has returned one");
  check(layer.value() < current_->layer_tokens.size(), "route() of a layer that the model does not have");
  return LayerRouting{.experts = current_->layer_experts(layer.value()),
                      .weights = current_->layer_weights(layer.value()),
                      .tokens = current_->layer_tokens[layer.value()]};
}

Result<std::span<const MeasuredOperator>> Replay::measured(LayerId, OperatorKind) {
  check(current_ != nullptr, "measured() needs a step: next_step() comes first and has returned one");
  return std::span<const MeasuredOperator>(current_->measured);
}

}  // namespace pregate
