// SPDX-License-Identifier: Apache-2.0
// The keys of a config.json as a text document writes them. What they cost: model_spec.cpp.
#include <fmt/format.h>

#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

constexpr std::string_view kDefaults = R"(
n_shared_experts: 0 first_k_dense_replace: 0 experts_shared_frequency: 1 pre_gate: false pre_gate_lookahead: 1
expert_bits: 4.5 dense_bits: 8.5 kv_bits: 16
scoring_func: "softmax" correction_bias: false n_group: 1 topk_group: 1 norm_topk_prob: true routed_scaling_factor: 1
shared_gate: false qkv_bias: false qk_norm: "none" rope_theta: 10000 rms_norm_eps: 1e-6 max_position_embeddings: 32768
tie_word_embeddings: false
)";

// Grouped-query attention: q, k, v and o.
void read_grouped_query(const FieldReader& model, ModelSpec& spec) {
  spec.kv_heads = model.integer("num_key_value_heads");
  if (model.failed()) return;
  if (spec.heads % spec.kv_heads != 0) {
    model.fail("num_key_value_heads", fmt::format("a divisor of the {} attention heads", spec.heads),
               fmt::format("{}", spec.kv_heads));
  }
  if (!model.has("head_dim") && spec.hidden % spec.heads != 0) {
    model.fail("head_dim", "the width of a head, as hidden_size is no multiple of num_attention_heads",
               "nothing");
  }
  spec.head_dim = model.has("head_dim") ? model.integer("head_dim") : spec.hidden / spec.heads;
}

LatentAttention read_latent(const FieldReader& model) {
  return {.kv_rank = model.integer("kv_lora_rank"),
          .nope_dim = model.integer("qk_nope_head_dim"),
          .rope_dim = model.integer("qk_rope_head_dim"),
          .value_dim = model.integer("v_head_dim"),
          .q_rank = model.has("q_lora_rank") ? model.integer("q_lora_rank") : 0};
}

void read_attention(const FieldReader& model, ModelSpec& spec) {
  spec.heads = model.integer("num_attention_heads");
  if (model.failed()) return;
  if (model.has("kv_lora_rank")) {
    spec.latent = read_latent(model);
  } else {
    read_grouped_query(model, spec);
  }
  spec.qkv_bias = model.flag("qkv_bias");
  spec.qk_norm = model.word("qk_norm", parse_qk_norm);
}

void read_depth(const FieldReader& model, ModelSpec& spec) {
  spec.layers = model.integer("num_hidden_layers");
  spec.dense_layers = model.integer("first_k_dense_replace");
  spec.group = model.integer("experts_shared_frequency");
  if (spec.dense_layers >= spec.layers) {
    model.fail("first_k_dense_replace", fmt::format("fewer than the {} layers", spec.layers),
               fmt::format("{}", spec.dense_layers));
  }
}

void read_widths(const FieldReader& model, ModelSpec& spec) {
  spec.hidden = model.integer("hidden_size");
  spec.dense_width = spec.dense_layers > 0 ? model.integer("intermediate_size") : 0;
  spec.expert_width = model.integer("moe_intermediate_size");
  spec.experts = model.integer("n_routed_experts");
  const std::int64_t shared = model.integer("n_shared_experts");
  spec.shared_width = model.has("shared_intermediate_size") ? model.integer("shared_intermediate_size")
                                                            : shared * spec.expert_width;
  spec.vocabulary = model.integer("vocab_size");
}

void read_router(const FieldReader& model, ModelSpec& spec) {
  spec.top_k = model.integer("num_experts_per_tok");
  spec.pre_gate = model.flag("pre_gate");
  spec.lookahead = model.integer("pre_gate_lookahead");
  spec.scoring = model.word("scoring_func", parse_scoring);
  spec.correction_bias = model.flag("correction_bias");
  spec.expert_groups = model.integer("n_group");
  spec.top_groups = model.integer("topk_group");
  spec.normalise_top_k = model.flag("norm_topk_prob");
  spec.routed_scale = model.number("routed_scaling_factor");
  spec.shared_gate = model.flag("shared_gate");
  if (model.failed()) return;
  if (const Status valid = check_router(spec); !valid) {
    model.fail(valid.error().place, valid.error().expected, valid.error().found);
  }
}

void read_precision(const FieldReader& model, ModelSpec& spec) {
  spec.expert_bits = model.number("expert_bits");
  spec.dense_bits = model.number("dense_bits");
  spec.kv_bits = model.integer("kv_bits");
  if (model.has("kv_latent_size")) spec.cached_numbers = model.integer("kv_latent_size");
}

}  // namespace

ModelSpec read_model_spec(const FieldReader& model) {
  ModelSpec spec;
  spec.name = model.text("name");
  read_depth(model, spec);
  read_widths(model, spec);
  read_attention(model, spec);
  read_router(model, spec);
  read_precision(model, spec);
  spec.rope_theta = model.number("rope_theta");
  spec.norm_epsilon = model.number("rms_norm_eps");
  spec.context = model.integer("max_position_embeddings");
  spec.tied_head = model.flag("tie_word_embeddings");
  return spec;
}

ModelShape read_model(const FieldReader& model) {
  const ModelSpec spec = read_model_spec(model);
  if (model.failed()) return {};
  ModelShape shape = shape_of(spec);
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

namespace {

// Parses, overrides, and hands the fields to `read`.
template <typename Read>
auto read_document(const NamedText& source, const PrecisionOverride& precision, Read read)
    -> Result<decltype(read(std::declval<const FieldReader&>()))> {
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
  auto model = read(FieldReader(message, context));
  if (context.failure) return *context.failure;
  return model;
}

}  // namespace

Result<ModelShape> parse_model(const NamedText& source, const PrecisionOverride& precision) {
  return read_document(source, precision, read_model);
}

Result<ModelSpec> parse_model_spec(const NamedText& source, const PrecisionOverride& precision) {
  return read_document(source, precision, [](const FieldReader& model) {
    ModelSpec spec = read_model_spec(model);
    // What its costs would be says whether the numbers are within bounds.
    if (!model.failed()) (void)read_model(model);
    return spec;
  });
}

}  // namespace pregate
