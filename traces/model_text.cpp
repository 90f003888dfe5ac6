// SPDX-License-Identifier: Apache-2.0
// From the keys of a config.json to bytes and MACs a layer (design.md section 4). A MAC is counted for each
// weight of a matrix that a token passes; norms have bytes and no MACs. Leaves out biases, rotary embedding
// and softmax: below one part in a thousand of either cost.
#include <fmt/format.h>

#include <cmath>

#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

constexpr std::string_view kDefaults = R"(
n_shared_experts: 0 first_k_dense_replace: 0 experts_shared_frequency: 1 pre_gate: false
expert_bits: 4.5 dense_bits: 8.5 kv_bits: 16
)";

// ceil(parameters x bits / 8), with the bits in millionths so that every machine gets the same integer.
Bytes bytes_of(std::int64_t parameters, double bits) {
  return Bytes(detail::ceil_div(Int128{parameters} * std::llround(bits * 1e6), 8'000'000));
}

struct Attention {
  std::int64_t parameters = 0;  // of the projections
  std::int64_t norms = 0;       // parameters without a MAC
  std::int64_t cached = 0;      // numbers in the KV cache of one token
  std::int64_t kv_macs = 0;     // for one (token, context token) pair
};

// Grouped-query attention: q, k, v and o.
Attention grouped_query(const FieldReader& model, std::int64_t hidden) {
  const std::int64_t heads = model.integer("num_attention_heads", {1, 4096});
  const std::int64_t kv_heads = model.integer("num_key_value_heads", {1, 4096});
  if (heads % kv_heads != 0) {
    model.fail("num_key_value_heads", fmt::format("a divisor of the {} attention heads", heads),
               fmt::format("{}", kv_heads));
  }
  if (!model.has("head_dim") && hidden % heads != 0) {
    model.fail("head_dim", "the width of a head, as hidden_size is no multiple of num_attention_heads",
               "nothing");
  }
  const std::int64_t dim = model.has("head_dim") ? model.integer("head_dim", {1, 65536}) : hidden / heads;
  return {.parameters = 2 * hidden * heads * dim + 2 * hidden * kv_heads * dim,
          .norms = 2 * hidden,
          .cached = 2 * kv_heads * dim,
          .kv_macs = 2 * heads * dim};
}

// Multi-head latent attention (DeepSeek-V2): keys and values are cached as one latent vector and one rotary
// key. MACs are those of the absorbed form, in which heads attend to the latent itself, as decoding runtimes
// do.
Attention latent(const FieldReader& model, std::int64_t hidden) {
  const std::int64_t heads = model.integer("num_attention_heads", {1, 4096});
  const std::int64_t rank = model.integer("kv_lora_rank", {1, 65536});
  const std::int64_t nope = model.integer("qk_nope_head_dim", {1, 65536});
  const std::int64_t rope = model.integer("qk_rope_head_dim", {1, 65536});
  const std::int64_t value = model.integer("v_head_dim", {1, 65536});
  const std::int64_t q_rank = model.has("q_lora_rank") ? model.integer("q_lora_rank", {0, 65536}) : 0;
  const std::int64_t query_width = heads * (nope + rope);
  const std::int64_t query = q_rank > 0 ? q_rank * (hidden + query_width) : hidden * query_width;
  return {
      .parameters = query + hidden * (rank + rope) + rank * heads * (nope + value) + heads * value * hidden,
      .norms = 2 * hidden + rank + q_rank,
      .cached = rank + rope,
      .kv_macs = heads * (2 * rank + rope)};
}

struct Widths {
  std::int64_t hidden = 0, dense = 0, shared = 0, expert = 0, experts = 0;
};

Widths read_widths(const FieldReader& model, std::int64_t dense_layers) {
  Widths w;
  w.hidden = model.integer("hidden_size", {1, 1 << 18});
  w.dense = dense_layers > 0 ? model.integer("intermediate_size", {1, 1 << 22}) : 0;
  w.expert = model.integer("moe_intermediate_size", {1, 1 << 20});
  w.experts = model.integer("n_routed_experts", {1, 65535});
  const std::int64_t shared = model.integer("n_shared_experts", {0, 1024});
  w.shared = model.has("shared_intermediate_size") ? model.integer("shared_intermediate_size", {0, 1 << 24})
                                                   : shared * w.expert;
  return w;
}

// gate, up and down projections of a SwiGLU block.
std::int64_t swiglu(std::int64_t hidden, std::int64_t width) {
  return 3 * hidden * width;
}

LayerShape make_layer(const Attention& attention, const Widths& w, BankId bank, double bits) {
  const std::int64_t router = bank.valid() ? w.hidden * w.experts : 0;
  const std::int64_t feed_forward = swiglu(w.hidden, bank.valid() ? w.shared : w.dense);
  return {.attention_bytes = bytes_of(attention.parameters + attention.norms + router, bits),
          .attention_macs = Macs(attention.parameters + router),
          .feed_forward_bytes = bytes_of(feed_forward, bits),
          .feed_forward_macs = Macs(feed_forward),
          .bank = bank};
}

struct Depth {
  std::int64_t layers = 0, dense = 0, group = 1;
};

Depth read_depth(const FieldReader& model) {
  Depth d;
  d.layers = model.integer("num_hidden_layers", {1, 4096});
  d.dense = model.integer("first_k_dense_replace", {0, 4096});
  d.group = model.integer("experts_shared_frequency", {1, 4096});
  if (d.dense >= d.layers) {
    model.fail("first_k_dense_replace", fmt::format("fewer than the {} layers", d.layers),
               fmt::format("{}", d.dense));
  }
  return d;
}

void add_layers(const Depth& depth, const Attention& attention, const Widths& w, double expert_bits,
                double dense_bits, ModelShape& shape) {
  for (std::int64_t i = 0; i < depth.layers; ++i) {
    const std::int64_t moe = i - depth.dense;
    const BankId bank = moe < 0 ? BankId() : BankId(static_cast<std::uint32_t>(moe / depth.group));
    shape.layers.push_back(make_layer(attention, w, bank, dense_bits));
  }
  const std::int64_t parameters = swiglu(w.hidden, w.expert);
  const BankShape bank{.experts = static_cast<std::int32_t>(w.experts),
                       .expert_bytes = bytes_of(parameters, expert_bits),
                       .expert_macs = Macs(parameters)};
  shape.banks.assign(static_cast<std::size_t>((depth.layers - depth.dense + depth.group - 1) / depth.group),
                     bank);
}

std::int64_t read_top_k(const FieldReader& model, std::int64_t experts) {
  const std::int64_t top_k = model.integer("num_experts_per_tok", {1, 65535});
  if (top_k > experts) {
    model.fail("num_experts_per_tok", fmt::format("at most the {} routed experts", experts),
               fmt::format("{}", top_k));
  }
  return top_k;
}

}  // namespace

ModelShape read_model(const FieldReader& model) {
  constexpr double kLeastBits = 0.5, kMostBits = 64;
  ModelShape shape;
  shape.name = model.text("name");
  const Depth depth = read_depth(model);
  const Widths widths = read_widths(model, depth.dense);
  const Attention attention =
      model.has("kv_lora_rank") ? latent(model, widths.hidden) : grouped_query(model, widths.hidden);
  const double expert_bits = model.number("expert_bits", {kLeastBits, kMostBits});
  const double dense_bits = model.number("dense_bits", {kLeastBits, kMostBits});
  const std::int64_t top_k = read_top_k(model, widths.experts);
  const std::int64_t vocabulary = model.integer("vocab_size", {1, 1 << 24});
  const std::int64_t kv_bits = model.integer("kv_bits", {1, 64});
  const std::int64_t cached =
      model.has("kv_latent_size") ? model.integer("kv_latent_size", {1, 1 << 22}) : attention.cached;
  if (model.failed()) return shape;

  add_layers(depth, attention, widths, expert_bits, dense_bits, shape);
  shape.top_k = static_cast<std::int32_t>(top_k);
  shape.kv_bytes = Bytes((cached * kv_bits + 7) / 8);
  shape.kv_macs = Macs(attention.kv_macs);
  shape.head_bytes = bytes_of(vocabulary * widths.hidden, dense_bits);
  shape.head_macs = Macs(vocabulary * widths.hidden);
  shape.costs_from = fmt::format("preset {} at {} bits (dense {} bits)", shape.name, expert_bits, dense_bits);
  if (const Status valid = shape.validate(); !valid) {
    model.fail("name", fmt::format("{}: {}", valid.error().place, valid.error().expected),
               valid.error().found);
  }
  return shape;
}

void add_model_defaults(google::protobuf::Message& model) {
  schema::Model defaults;
  merge_known_text(std::string(kDefaults), defaults);
  merge_under(defaults, model);
}

Result<ModelShape> parse_model(const NamedText& source, const PrecisionOverride& precision) {
  schema::Model message;
  FieldOrigins origins;
  if (const Status parsed = parse_text_message(source, message, origins); !parsed) return parsed.error();
  const auto override_bits = [&](const char* name) { origins[name] = {"precision override", 0, name}; };
  if (precision.expert_bits) {
    message.set_expert_bits(*precision.expert_bits);
    override_bits("expert_bits");
  }
  if (precision.dense_bits) {
    message.set_dense_bits(*precision.dense_bits);
    override_bits("dense_bits");
  }
  add_model_defaults(message);
  ReadContext context{origins, source.path, std::nullopt};
  ModelShape shape = read_model(FieldReader(message, context));
  if (context.failure) return *context.failure;
  return shape;
}

}  // namespace pregate
