// SPDX-License-Identifier: Apache-2.0
#include "sim/runtime/costs.hpp"

namespace pregate {

OperatorCost attention_cost(const ModelShape& model, const LayerShape& layer, const StepInfo& step) {
  const std::int64_t tokens = step.tokens;
  std::int64_t pairs = 0;    // (token, token before it or itself)
  std::int64_t context = 0;  // cached tokens that are read
  if (step.phase == Phase::prefill) {
    // Consecutive tokens of one sequence share its cache; token t attends to everything before it and to
    // itself.
    pairs = tokens * step.position + tokens * (tokens + 1) / 2;
    context = step.position + tokens;
  } else {
    // A decode step of several tokens is a batch of sequences, each with a cache of its own.
    context = tokens * (step.position + 1);
    pairs = context;
  }
  return {.macs = layer.attention_macs * tokens + model.kv_macs * pairs,
          .bytes = layer.attention_bytes + model.kv_bytes * context};
}

OperatorCost feed_forward_cost(const LayerShape& layer, std::int32_t tokens) {
  return {.macs = layer.feed_forward_macs * tokens, .bytes = layer.feed_forward_bytes};
}

OperatorCost expert_cost(const BankShape& bank, std::int32_t tokens) {
  return {.macs = bank.expert_macs * tokens, .bytes = bank.expert_bytes};
}

OperatorCost head_cost(const ModelShape& model, std::int32_t tokens) {
  return {.macs = model.head_macs * tokens, .bytes = model.head_bytes};
}

}  // namespace pregate
