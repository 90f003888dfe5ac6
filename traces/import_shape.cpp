// SPDX-License-Identifier: Apache-2.0
#include "traces/import_shape.hpp"

#include <fmt/format.h>

namespace pregate {
namespace {

// One MAC a weight and token; a weight of 4.5 bits (4-bit blocks with their scales) is what such files mostly
// hold.
Macs estimated_macs(Bytes size) {
  return Macs(static_cast<std::int64_t>(Int128{size.count()} * 16 / 9));
}

void estimate_costs(ModelShape& shape) {
  for (LayerShape& layer : shape.layers) layer.attention_macs = estimated_macs(layer.attention_bytes);
  for (BankShape& bank : shape.banks) bank.expert_macs = estimated_macs(bank.expert_bytes);
  shape.costs_from =
      "bytes from the trace; MACs estimated at 4.5 bits a weight; KV cache and output head unknown, left out";
}

Status check_match(const ModelShape& shape, const ModelShape& model) {
  if (model.layers.size() != shape.layers.size()) {
    return bad_input(fmt::format("{} layers, as in the trace", shape.layers.size()),
                     fmt::format("{}", model.layers.size()));
  }
  if (model.banks.size() != shape.banks.size()) {
    return bad_input(
        fmt::format("{} banks of experts, one for each MoE layer as in the trace", shape.banks.size()),
        fmt::format("{}", model.banks.size()));
  }
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const LayerShape& traced = shape.layers[i];
    const LayerShape& known = model.layers[i];
    if (traced.is_moe() != known.is_moe()) {
      return bad_input(traced.is_moe() ? "an MoE layer, as in the trace" : "a dense layer, as in the trace",
                       known.is_moe() ? "an MoE layer" : "a dense layer", fmt::format("layer {}", i));
    }
    if (!traced.is_moe()) continue;
    const std::int32_t experts = shape.banks[traced.bank.value()].experts;
    const std::int32_t found = model.banks[known.bank.value()].experts;
    if (experts != found) {
      return bad_input(fmt::format("{} experts, as in the trace", experts), fmt::format("{}", found),
                       fmt::format("layer {}", i));
    }
  }
  return {};
}

void split_dense(LayerShape& layer, const LayerShape& known) {
  const Bytes dense = layer.attention_bytes;
  const Int128 whole = Int128{known.attention_bytes.count()} + known.feed_forward_bytes.count();
  if (whole == 0) return;
  layer.attention_bytes =
      Bytes(static_cast<std::int64_t>(Int128{dense.count()} * known.attention_bytes.count() / whole));
  layer.feed_forward_bytes = dense - layer.attention_bytes;
}

void take_costs(ModelShape& shape, const ModelShape& model) {
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    LayerShape& layer = shape.layers[i];
    const LayerShape& known = model.layers[i];
    layer.attention_macs = known.attention_macs;
    layer.feed_forward_macs = known.feed_forward_macs;
    split_dense(layer, known);
    if (layer.is_moe())
      shape.banks[layer.bank.value()].expert_macs = model.banks[known.bank.value()].expert_macs;
  }
  shape.kv_bytes = model.kv_bytes;
  shape.kv_macs = model.kv_macs;
  shape.head_bytes = model.head_bytes;
  shape.head_macs = model.head_macs;
  shape.costs_from = fmt::format("bytes from the trace; MACs, KV cache and output head from {}", model.name);
  if (!model.costs_from.empty()) shape.costs_from += fmt::format(" ({})", model.costs_from);
}

}  // namespace

Result<ModelShape> traced_shape(const TracedSizes& sizes, const ImportOptions& options) {
  ModelShape shape;
  shape.name = sizes.name;
  shape.top_k = sizes.top_k;
  for (std::size_t i = 0; i < sizes.expert_bytes.size(); ++i) {
    LayerShape& layer = shape.layers.emplace_back();
    layer.attention_bytes = Bytes(sizes.dense_bytes[i]);
    if (sizes.expert_bytes[i] == 0) continue;
    layer.bank = BankId(static_cast<std::uint32_t>(shape.banks.size()));
    shape.banks.push_back(
        {.experts = sizes.experts, .expert_bytes = Bytes(sizes.expert_bytes[i]), .expert_macs = {}});
  }
  if (shape.banks.empty()) return bad_input("at least one layer with experts", "none");
  Status valid = shape.validate();
  if (!valid) return valid.error();
  if (options.model) {
    if (const Status match = check_match(shape, *options.model); !match) {
      return match.error().at({}, fmt::format("model {}", options.model->name));
    }
    take_costs(shape, *options.model);
  } else {
    estimate_costs(shape);
  }
  valid = shape.validate();
  if (!valid) return valid.error();
  return shape;
}

}  // namespace pregate
