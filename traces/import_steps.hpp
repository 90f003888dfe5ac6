// SPDX-License-Identifier: Apache-2.0
// Puts the tokens of a foreign trace together to steps: the prompt tokens of a turn are one prefill step,
// each decoded token is a step of its own. Within a layer tokens rise by one; prefill may come layer by
// layer, token by token or in chunks of the prompt; decode comes layer by layer. The last MoE layer of a
// prefill may have fewer tokens (only some outputs are computed). Whatever is missing, doubled or out of
// order is an error.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "traces/route_trace.hpp"

namespace pregate {

// The choices of one token in one layer, best first.
struct TokenChoice {
  std::int32_t turn = 0;
  Phase phase = Phase::decode;
  std::int64_t position = 0;
  std::size_t layer = 0;
  std::span<const std::uint16_t> experts;
  std::span<const float> weights;  // empty when unknown
  std::int64_t dropped = 0;        // chosen but not executed; not among experts
};

class StepAssembler {
 public:
  explicit StepAssembler(const ModelShape& model);

  // Completes the step before if this token begins another. Errors are about this token or about the step it
  // ends.
  Status add(const TokenChoice& token);
  // Completes the last step.
  Status finish();
  // All steps. Weights are known for all choices or left out of the whole trace.
  [[nodiscard]] std::vector<RouteStep> take();

 private:
  struct LayerColumn {
    std::vector<std::uint16_t> experts;
    std::vector<float> weights;
    std::int32_t tokens = 0;
    std::int64_t last_position = -1;
  };

  [[nodiscard]] bool continues(const TokenChoice& token) const;
  Status begin(const TokenChoice& token);
  Status check_place(const TokenChoice& token) const;
  Status check_complete() const;
  Status close();

  const ModelShape& model_;
  std::size_t first_moe_ = 0, last_moe_ = 0;
  std::optional<RouteStep> open_;  // its columns wait in layers_
  std::size_t next_layer_ = 0;     // of an open decode step
  std::vector<LayerColumn> layers_;
  std::vector<RouteStep> steps_;
  bool weights_known_ = true;
};

}  // namespace pregate
