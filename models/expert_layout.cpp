// SPDX-License-Identifier: Apache-2.0
#include "models/expert_layout.hpp"

#include <fmt/format.h>

namespace pregate {
namespace {

std::string shape_text(const PackedLayout& layout) {
  return fmt::format("{}x{}", layout.shape().outputs, layout.shape().inputs);
}

}  // namespace

ExpertLayout::ExpertLayout(const ModelSpec& spec, Precision precision)
    : gate_({.outputs = spec.expert_width, .inputs = spec.hidden, .precision = precision}),
      down_({.outputs = spec.hidden, .inputs = spec.expert_width, .precision = precision}),
      bytes_(static_cast<std::int64_t>(2 * gate_.bytes() + down_.bytes())) {}

SwigluWeights ExpertLayout::at(const std::byte* block) const {
  return {.gate = {&gate_, block},
          .up = {&gate_, block + gate_.bytes()},
          .down = {&down_, block + 2 * gate_.bytes()}};
}

std::string ExpertLayout::name() const {
  const std::string gate = gate_.format(), down = down_.format();
  const std::string shapes = gate == down
                                 ? fmt::format("{}, {}", shape_text(gate_), shape_text(down_))
                                 : fmt::format("{}, {} {}", shape_text(gate_), down, shape_text(down_));
  return fmt::format("{} {} {}", to_text(gate_.shape().precision), gate, shapes);
}

}  // namespace pregate
