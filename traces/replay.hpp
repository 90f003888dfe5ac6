// SPDX-License-Identifier: Apache-2.0
// Replays a trace held in memory. The trace is shared, not copied, so that many scenarios can run on one
// load; options that leave steps out make a copy of the others, so that whole_trace() is exactly what will be
// replayed (oracles and OPT rely on it).
#pragma once

#include <memory>

#include "traces/routing_source.hpp"

namespace pregate {

struct ReplayOptions {
  bool skip_prefill = false;   // workload.phase = decode: prefill steps are left out, the cache starts cold
  std::int64_t max_steps = 0;  // 0: all
};

class Replay final : public RoutingSource {
 public:
  // `trace` must have passed validate_step for each step (all readers and importers see to that).
  explicit Replay(std::shared_ptr<const RouteTrace> trace, ReplayOptions options = {});

  [[nodiscard]] const RouteHeader& header() const override { return trace_->header; }
  Result<std::optional<StepInfo>> next_step() override;
  Result<LayerRouting> route(LayerId layer) override;
  Result<std::span<const MeasuredOperator>> measured(LayerId layer, OperatorKind kind) override;
  [[nodiscard]] const RouteTrace* whole_trace() const override { return trace_.get(); }

 private:
  std::shared_ptr<const RouteTrace> trace_;
  std::size_t next_ = 0;
  const RouteStep* current_ = nullptr;
};

}  // namespace pregate
