// SPDX-License-Identifier: Apache-2.0
#include "traces/model_spec.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pregate {
namespace {

// ceil(parameters x bits / 8), with the bits in millionths so that every machine gets the same integer.
Bytes bytes_at(std::int64_t parameters, double bits) {
  return Bytes(detail::ceil_div(Int128{parameters} * std::llround(bits * 1e6), 8'000'000));
}

// Of one layer.
struct Attention {
  std::int64_t parameters = 0;  // of the projections
  std::int64_t norms = 0;       // parameters without a MAC
  std::int64_t cached = 0;      // numbers in the KV cache of one token
  std::int64_t kv_macs = 0;     // for one (token, context token) pair
};

// Grouped-query attention: q, k, v and o.
Attention grouped_query(const ModelSpec& spec) {
  return {.parameters = 2 * spec.hidden * (spec.heads + spec.kv_heads) * spec.head_dim,
          .norms = 2 * spec.hidden,
          .cached = 2 * spec.kv_heads * spec.head_dim,
          .kv_macs = 2 * spec.heads * spec.head_dim};
}

// Multi-head latent attention (DeepSeek-V2): keys and values are cached as one latent vector and one rotary
// key. MACs are those of the absorbed form, in which heads attend to the latent itself, as decoding runtimes
// do.
Attention latent(const ModelSpec& spec, const LatentAttention& l) {
  const std::int64_t query_width = spec.heads * (l.nope_dim + l.rope_dim);
  const std::int64_t query =
      l.q_rank > 0 ? l.q_rank * (spec.hidden + query_width) : spec.hidden * query_width;
  return {.parameters = query + spec.hidden * (l.kv_rank + l.rope_dim) +
                        l.kv_rank * spec.heads * (l.nope_dim + l.value_dim) +
                        spec.heads * l.value_dim * spec.hidden,
          .norms = 2 * spec.hidden + l.kv_rank + l.q_rank,
          .cached = l.kv_rank + l.rope_dim,
          .kv_macs = spec.heads * (2 * l.kv_rank + l.rope_dim)};
}

Attention attention_of(const ModelSpec& spec) {
  return spec.latent ? latent(spec, *spec.latent) : grouped_query(spec);
}

// gate, up and down projections of a SwiGLU block.
std::int64_t swiglu(std::int64_t hidden, std::int64_t width) {
  return 3 * hidden * width;
}

LayerShape layer_shape(const ModelSpec& spec, const Attention& attention, std::int64_t layer) {
  const std::int64_t bank = spec.bank_of(layer);
  const std::int64_t router = bank >= 0 ? spec.hidden * spec.experts : 0;
  const std::int64_t feed_forward = swiglu(spec.hidden, bank >= 0 ? spec.shared_width : spec.dense_width);
  return {.attention_bytes = bytes_at(attention.parameters + attention.norms + router, spec.dense_bits),
          .attention_macs = Macs(attention.parameters + router),
          .feed_forward_bytes = bytes_at(feed_forward, spec.dense_bits),
          .feed_forward_macs = Macs(feed_forward),
          .bank = bank >= 0 ? BankId(static_cast<std::uint32_t>(bank)) : BankId()};
}

}  // namespace

Result<Scoring> parse_scoring(std::string_view word) {
  if (word == "softmax") return Scoring::softmax;
  if (word == "sigmoid") return Scoring::sigmoid;
  return bad_input("softmax or sigmoid", fmt::format("\"{}\"", word));
}

Result<QkNorm> parse_qk_norm(std::string_view word) {
  if (word == "none") return QkNorm::none;
  if (word == "head") return QkNorm::head;
  if (word == "projection") return QkNorm::projection;
  return bad_input("none, head or projection", fmt::format("\"{}\"", word));
}

Status check_router(const ModelSpec& spec) {
  const auto number = [](std::int64_t n) { return fmt::format("{}", n); };
  if (spec.top_k > spec.experts) {
    return bad_input(fmt::format("at most the {} routed experts", spec.experts), number(spec.top_k),
                     "num_experts_per_tok");
  }
  if (spec.experts % spec.expert_groups != 0) {
    return bad_input(fmt::format("a divisor of the {} routed experts", spec.experts),
                     number(spec.expert_groups), "n_group");
  }
  if (spec.top_groups > spec.expert_groups) {
    return bad_input(fmt::format("at most the {} groups", spec.expert_groups), number(spec.top_groups),
                     "topk_group");
  }
  if (spec.top_k > spec.top_groups * (spec.experts / spec.expert_groups)) {
    return bad_input(fmt::format("at most the experts of {} groups", spec.top_groups), number(spec.top_k),
                     "num_experts_per_tok");
  }
  return {};
}

ParameterCounts count_parameters(const ModelSpec& spec) {
  const Attention attention = attention_of(spec);
  const std::int64_t expert = swiglu(spec.hidden, spec.expert_width);
  return {.attention = spec.layers * (attention.parameters + attention.norms),
          .routers = spec.moe_layers() * spec.hidden * spec.experts,
          .dense_ffn = spec.dense_layers * swiglu(spec.hidden, spec.dense_width),
          .shared_experts = spec.moe_layers() * swiglu(spec.hidden, spec.shared_width),
          .expert = expert,
          .routed_stored = spec.banks() * spec.experts * expert,
          .routed_active = spec.moe_layers() * spec.top_k * expert,
          .embedding = spec.vocabulary * spec.hidden,
          .head = spec.tied_head ? 0 : spec.vocabulary * spec.hidden};
}

ModelShape shape_of(const ModelSpec& spec) {
  ModelShape shape;
  shape.name = spec.name;
  const Attention attention = attention_of(spec);
  for (std::int64_t i = 0; i < spec.layers; ++i) shape.layers.push_back(layer_shape(spec, attention, i));
  const std::int64_t expert = swiglu(spec.hidden, spec.expert_width);
  const BankShape bank{.experts = static_cast<std::int32_t>(spec.experts),
                       .expert_bytes = bytes_at(expert, spec.expert_bits),
                       .expert_macs = Macs(expert)};
  shape.banks.assign(static_cast<std::size_t>(spec.banks()), bank);
  shape.top_k = static_cast<std::int32_t>(spec.top_k);
  shape.kv_bytes = Bytes((spec.cached_numbers.value_or(attention.cached) * spec.kv_bits + 7) / 8);
  shape.kv_macs = Macs(attention.kv_macs);
  shape.head_bytes = bytes_at(spec.vocabulary * spec.hidden, spec.dense_bits);
  shape.head_macs = Macs(spec.vocabulary * spec.hidden);
  shape.costs_from =
      fmt::format("preset {} at {} bits (dense {} bits)", shape.name, spec.expert_bits, spec.dense_bits);
  return shape;
}

}  // namespace pregate
