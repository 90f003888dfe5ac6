// SPDX-License-Identifier: Apache-2.0
// Moves token rows to the experts that were chosen for them and back, and multiplies each expert's rows with
// its own matrix: rows stand sorted by expert, each expert's count rounded up with zero rows. Forward and
// backward are the same two row movements with their roles exchanged; libtorch's own index_add would add
// the rows of a backward pass one by one, and its batched product would pad all experts to the busiest.
#pragma once

#include <torch/torch.h>

namespace pregate {

struct ExpertPlan {
  torch::Tensor first_slot;  // int64 [experts + 1]: slots of expert e are [first_slot[e], first_slot[e + 1])
  torch::Tensor token_of_slot;     // int64 [slots]; -1: padding
  torch::Tensor choice_of_slot;    // int64 [slots]: index into [tokens * top_k]; -1: padding
  torch::Tensor slot_of_choice;    // int64 [tokens * top_k]
  std::vector<std::int64_t> load;  // tokens of each expert
};

// chosen: int64 [tokens, top_k].
ExpertPlan plan_experts(const torch::Tensor& chosen, std::int64_t experts);

// x [tokens, width] -> [slots, width].
torch::Tensor gather_rows(const torch::Tensor& x, const ExpertPlan& plan);
// x [slots, in], weights [experts, out, in] -> [slots, out]: each row times the transpose of its expert's
// matrix.
torch::Tensor multiply_rows(const torch::Tensor& x, const torch::Tensor& weights, const ExpertPlan& plan);
// y [slots, width], weights [tokens, top_k] f32 -> f32 [tokens, width]: each token's weighted
// sum.
torch::Tensor combine_rows(const torch::Tensor& y, const torch::Tensor& weights, const ExpertPlan& plan);

}  // namespace pregate
