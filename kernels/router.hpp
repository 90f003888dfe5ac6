// SPDX-License-Identifier: Apache-2.0
// From a router's logits to the experts of each token and their weights (design.md section 4): scores by
// softmax or sigmoid; selection by score plus a learned correction (DeepSeek-V3, arXiv 2412.19437,
// section 2.1.2), limited to the best groups; weights are the scores without the correction. Always f32.
#pragma once

#include <cstdint>
#include <span>

namespace pregate {

enum class RouterScore : std::uint8_t { softmax, sigmoid };

struct RouterRule {
  RouterScore score = RouterScore::softmax;
  std::int64_t experts = 0;
  std::int64_t top_k = 0;
  std::int64_t groups = 1, top_groups = 1;  // experts in `groups` equal groups, of which the best are kept
  bool normalise = true;                    // weights divided by their sum
  float scale = 1;                          // weights times this
  std::span<const float> correction;        // added to what is selected by; empty: none
  bool groups_by_two = false;               // a group counts with the sum of its best two instead of its best
};

// logits: [tokens, experts]. Out: [tokens, top_k], best first; equal scores: the lower index first.
void choose_experts(const RouterRule& rule, const float* logits, std::int64_t tokens, std::uint16_t* experts,
                    float* weights);

}  // namespace pregate
