// SPDX-License-Identifier: Apache-2.0
// Where routing comes from: a recorded trace (replay.hpp), a synthetic process, or a forward pass that runs
// while the simulated device does. The scheduler pulls: next_step(), then route(layer) at the simulated
// moment the choice of that layer becomes known. A live source computes as far as it must to answer, so the
// simulation owns the clock.
#pragma once

#include <optional>

#include "traces/route_trace.hpp"

namespace pregate {

// What a live source may see of the cache when it routes (cache-conditional routing).
class ResidencyView {
 public:
  virtual ~ResidencyView() = default;
  [[nodiscard]] virtual bool is_resident(ExpertId expert) const = 0;
};

struct StepInfo {
  Phase phase = Phase::decode;
  std::int64_t position = 0;  // tokens already in the KV cache
  std::int32_t tokens = 1;
};

// The choices of one layer in the current step. Spans live until the next next_step().
struct LayerRouting {
  std::span<const std::uint16_t> experts;  // token-major, best first within a token
  std::span<const float> weights;          // empty when unknown
  std::int32_t tokens = 0;                 // tokens that pass through the layer
};

class RoutingSource {
 public:
  virtual ~RoutingSource() = default;

  [[nodiscard]] virtual const RouteHeader& header() const = 0;
  // Begins the next step; nothing at the end of the run.
  virtual Result<std::optional<StepInfo>> next_step() = 0;
  // What the router of `layer` chose in the current step; may be asked ahead of the layer's execution, in
  // rising order of layers, and more than once. A dense layer has an empty routing.
  virtual Result<LayerRouting> route(LayerId layer) = 0;
  // Operators of the current step as a real machine ran them, up to this one at least; a live source computes
  // so far to answer. Empty: nothing was measured.
  virtual Result<std::span<const MeasuredOperator>> measured(LayerId, OperatorKind) {
    return std::span<const MeasuredOperator>();
  }
  // The whole future, where it is known; null for a live source. Oracles and OPT need it.
  [[nodiscard]] virtual const RouteTrace* whole_trace() const { return nullptr; }
  // Called once before the first step; the view outlives the run.
  virtual void observe(const ResidencyView&) {}
};

}  // namespace pregate
