// SPDX-License-Identifier: Apache-2.0
#include "sim/runtime/costs.hpp"

namespace pregate {

OperatorCost attention_cost(const ModelShape& model, const LayerShape& layer, const StepInfo& step) {
  // Token t of the step attends to everything before it and to itself.
  const std::int64_t tokens = step.tokens;
  const std::int64_t pairs = tokens * step.position + tokens * (tokens + 1) / 2;
  return {.macs = layer.attention_macs * tokens + model.kv_macs * pairs,
          .bytes = layer.attention_bytes + model.kv_bytes * (step.position + tokens)};
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
