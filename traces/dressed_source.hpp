// SPDX-License-Identifier: Apache-2.0
// A source of routing in the shape of another model (dressing.hpp): the simulated device sees the shape's
// layers, banks, bytes and MACs, and the source behind it chooses. A live source is asked for a layer when a
// layer that it stands for is, again where layers are repeated, and computes as far as it must; when a choice
// is known is a matter of the shape's layers and the policy, as for every source. Leaves out measured
// operators, which are of another model, and the residency view: which experts of the shape a routed expert
// should prefer is not settled.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "traces/dressing.hpp"

namespace pregate {

class DressedSource final : public RoutingSource {
 public:
  // `inner` outlives it and has not begun; its header's model is the one that the dressing was made for. An
  // error where the known future of `inner` cannot be dressed.
  static Result<std::unique_ptr<DressedSource>> create(RoutingSource& inner, const Dressing& dressing);

  [[nodiscard]] const RouteHeader& header() const override { return header_; }
  Result<std::optional<StepInfo>> next_step() override;
  Result<LayerRouting> route(LayerId layer) override;
  [[nodiscard]] const RouteTrace* whole_trace() const override { return whole_ ? &*whole_ : nullptr; }

 private:
  DressedSource(RoutingSource& inner, const Dressing& dressing);

  struct Answer {
    bool known = false;
    std::int32_t tokens = 0;
    std::vector<std::uint16_t> experts;
  };

  RoutingSource& inner_;
  Dressing dressing_;
  RouteHeader header_;
  std::optional<RouteTrace> whole_;
  std::int32_t tokens_ = 0;      // of the step
  std::vector<Answer> answers_;  // by layer; spans into them live until the next step
};

}  // namespace pregate
