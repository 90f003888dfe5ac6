// SPDX-License-Identifier: Apache-2.0
// A model's numbers as a model file: the other way than model_text.cpp, so that a checkpoint's config.json
// can stand wherever a preset does.
#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

std::uint32_t u32(std::int64_t n) {
  return static_cast<std::uint32_t>(n);
}

void write_attention(const ModelSpec& spec, schema::Model& out) {
  out.set_num_attention_heads(u32(spec.heads));
  if (spec.latent) {
    out.set_kv_lora_rank(u32(spec.latent->kv_rank));
    out.set_qk_nope_head_dim(u32(spec.latent->nope_dim));
    out.set_qk_rope_head_dim(u32(spec.latent->rope_dim));
    out.set_v_head_dim(u32(spec.latent->value_dim));
    out.set_q_lora_rank(u32(spec.latent->q_rank));
  } else {
    out.set_num_key_value_heads(u32(spec.kv_heads));
    out.set_head_dim(u32(spec.head_dim));
  }
  out.set_qkv_bias(spec.qkv_bias);
  out.set_qk_norm(spec.qk_norm == QkNorm::head         ? "head"
                  : spec.qk_norm == QkNorm::projection ? "projection"
                                                       : "none");
  out.set_rope_theta(spec.rope_theta);
}

void write_router(const ModelSpec& spec, schema::Model& out) {
  out.set_num_experts_per_tok(u32(spec.top_k));
  out.set_pre_gate(spec.pre_gate);
  out.set_pre_gate_lookahead(u32(spec.lookahead));
  out.set_scoring_func(spec.scoring == Scoring::sigmoid ? "sigmoid" : "softmax");
  out.set_correction_bias(spec.correction_bias);
  out.set_n_group(u32(spec.expert_groups));
  out.set_topk_group(u32(spec.top_groups));
  out.set_norm_topk_prob(spec.normalise_top_k);
  out.set_routed_scaling_factor(spec.routed_scale);
}

void write_sizes(const ModelSpec& spec, schema::Model& out) {
  out.set_hidden_size(u32(spec.hidden));
  out.set_num_hidden_layers(u32(spec.layers));
  out.set_first_k_dense_replace(u32(spec.dense_layers));
  if (spec.dense_layers > 0) out.set_intermediate_size(u32(spec.dense_width));
  out.set_experts_shared_frequency(u32(spec.group));
  out.set_n_routed_experts(u32(spec.experts));
  out.set_moe_intermediate_size(u32(spec.expert_width));
  out.set_shared_intermediate_size(u32(spec.shared_width));
  out.set_shared_gate(spec.shared_gate);
  out.set_vocab_size(u32(spec.vocabulary));
  out.set_tie_word_embeddings(spec.tied_head);
  out.set_rms_norm_eps(spec.norm_epsilon);
  out.set_max_position_embeddings(u32(spec.context));
}

}  // namespace

std::string model_text(const ModelSpec& spec) {
  schema::Model out;
  out.set_name(spec.name);
  write_sizes(spec, out);
  write_attention(spec, out);
  write_router(spec, out);
  out.set_expert_bits(spec.expert_bits);
  out.set_dense_bits(spec.dense_bits);
  out.set_kv_bits(u32(spec.kv_bits));
  if (spec.cached_numbers) out.set_kv_latent_size(u32(*spec.cached_numbers));
  return canonical_text(out);
}

}  // namespace pregate
