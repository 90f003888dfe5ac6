// SPDX-License-Identifier: Apache-2.0
// What each operator of a step costs: weights are read once a step, arithmetic is done for each token,
// attention reads the KV cache of the tokens before. Source of the shapes: design.md section 4; of the costs:
// ModelShape.
#pragma once

#include "sim/hardware/npu.hpp"
#include "traces/routing_source.hpp"

namespace pregate {

OperatorCost attention_cost(const ModelShape& model, const LayerShape& layer, const StepInfo& step);
// The dense FFN of a dense layer, or the shared experts of an MoE layer.
OperatorCost feed_forward_cost(const LayerShape& layer, std::int32_t tokens);
OperatorCost expert_cost(const BankShape& bank, std::int32_t tokens);
OperatorCost head_cost(const ModelShape& model, std::int32_t tokens);

}  // namespace pregate
