// SPDX-License-Identifier: Apache-2.0
#include "models/packed_shape.hpp"

#include <fmt/format.h>

#include "kernels/cpu.hpp"

namespace pregate {
namespace {

Bytes bytes_of(const PackedMatrix& matrix) {
  return Bytes(matrix.layout == nullptr ? 0 : static_cast<std::int64_t>(matrix.layout->bytes()));
}

Bytes bytes_of(const SwigluWeights& w) {
  return bytes_of(w.gate) + bytes_of(w.up) + bytes_of(w.down);
}

}  // namespace

ModelShape packed_shape(const Weights& weights, Bytes expert_bytes) {
  const ModelSpec& spec = weights.spec();
  ModelShape shape = shape_of(spec);
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const LayerWeights& w = weights.layer(static_cast<std::int64_t>(i));
    shape.layers[i].attention_bytes = bytes_of(w.qkv) + bytes_of(w.output) + bytes_of(w.router);
    shape.layers[i].feed_forward_bytes = w.has_feed_forward ? bytes_of(w.feed_forward) : Bytes();
  }
  for (BankShape& bank : shape.banks) bank.expert_bytes = expert_bytes;
  const bool narrow = weights.precision() != Precision::f32 && supports(Precision::bf16);
  shape.kv_bytes = Bytes(2 * spec.kv_heads * spec.head_dim * (narrow ? 2 : 4));
  shape.head_bytes = bytes_of(weights.head());
  shape.costs_from = fmt::format("bytes of the packed weights, {}", to_text(weights.precision()));
  return shape;
}

}  // namespace pregate
