// SPDX-License-Identifier: Apache-2.0
// How one routed expert lies in a block of memory or of a file: gate, up and down projection, each packed for
// the kernels (packed_matrix.hpp), one after another.
#pragma once

#include <string>

#include "kernels/feed_forward.hpp"
#include "traces/base/units.hpp"
#include "traces/model_spec.hpp"

namespace pregate {

class ExpertLayout {
 public:
  ExpertLayout(const ModelSpec& spec, Precision precision);

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] const PackedLayout& gate() const { return gate_; }
  [[nodiscard]] const PackedLayout& up() const { return gate_; }  // has the gate's shape
  [[nodiscard]] const PackedLayout& down() const { return down_; }
  // The weights in a block of bytes(), aligned to a cache line. Views: block and layout outlive them.
  [[nodiscard]] SwigluWeights at(const std::byte* block) const;
  // Says whether two processors pack alike: "int8 panels 1408x2048, 2048x1408".
  [[nodiscard]] std::string name() const;

 private:
  PackedLayout gate_, down_;
  Bytes bytes_;
};

}  // namespace pregate
