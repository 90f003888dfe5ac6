// SPDX-License-Identifier: Apache-2.0
// Where a key may be absent, its default is that of the family's configuration class in transformers (v4.57
// and v5); keys that give a model its shape must be there. Megrez has no class there: neutral defaults, and
// what the classes it descends from disagree on (scoring, selection, normalisation) must be said.
#include "models/config.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "models/config_reader.hpp"
#include "models/json_input.hpp"

namespace pregate {
namespace {

struct Family {
  std::string_view architecture, model_type;
  void (*read)(ConfigReader& keys, ModelConfig& config);
  // Class defaults.
  double norm_epsilon, rope_theta;
  std::int64_t context;
};

// What all families share: sizes of the residual stream, attention, embedding.
void read_body(ConfigReader& keys, const Family& family, ModelSpec& spec) {
  spec.hidden = keys.integer("hidden_size", {1, 1 << 18});
  spec.layers = keys.integer("num_hidden_layers", {1, 4096});
  spec.heads = keys.integer("num_attention_heads", {1, 4096});
  spec.kv_heads =
      keys.is_null("num_key_value_heads") ? spec.heads : keys.integer("num_key_value_heads", {1, 4096});
  spec.vocabulary = keys.integer("vocab_size", {1, 1 << 24});
  spec.norm_epsilon = keys.number("rms_norm_eps", {0, 1}, family.norm_epsilon);
  spec.context = keys.integer("max_position_embeddings", {1, 1 << 26}, family.context);
  spec.tied_head = keys.flag("tie_word_embeddings", false);
  spec.rope_theta = keys.rope_theta(family.rope_theta);
  if (keys.failed()) return;

  if (spec.heads % spec.kv_heads != 0) {
    keys.fail("num_key_value_heads", fmt::format("a divisor of the {} attention heads", spec.heads),
              fmt::format("{}", spec.kv_heads));
  }
  if (!keys.has("head_dim") && spec.hidden % spec.heads != 0) {
    keys.fail("hidden_size", fmt::format("a multiple of the {} attention heads, or head_dim", spec.heads),
              fmt::format("{}", spec.hidden));
  }
  spec.head_dim = keys.integer("head_dim", {1, 65536}, spec.hidden / spec.heads);
  if (spec.head_dim % 2 != 0) {
    keys.fail("head_dim", "an even number, as halves of a head rotate together",
              fmt::format("{}", spec.head_dim));
  }
}

// What would change the computation and is not computed.
void refuse_unknown_body(ConfigReader& keys) {
  keys.expect_text("hidden_act", "silu");
  keys.expect_flag("use_sliding_window", false);
  keys.expect_flag("rope_interleave", false);
  keys.expect_all("layer_types", "full_attention");
  keys.expect_null("quantization_config", "no quantised weights");
  keys.expect_null("kv_lora_rank", "grouped-query attention (no latent attention)");
  if (keys.has("partial_rotary_factor")) (void)keys.number("partial_rotary_factor", {1, 1});
}

void read_experts(ConfigReader& keys, const char* count, const char* width, ModelSpec& spec) {
  spec.experts = keys.integer(count, {1, 65535});
  spec.expert_width = keys.integer(width, {1, 1 << 20});
  spec.top_k = keys.integer("num_experts_per_tok", {1, 65535});
  if (!keys.failed() && spec.top_k > spec.experts) {
    keys.fail("num_experts_per_tok", fmt::format("at most the {} routed experts", spec.experts),
              fmt::format("{}", spec.top_k));
  }
}

void read_selection(ConfigReader& keys, ModelSpec& spec) {
  spec.scoring =
      keys.one_of("scoring_func", {"softmax", "sigmoid"}) == 1 ? Scoring::sigmoid : Scoring::softmax;
  spec.correction_bias = keys.one_of("topk_method", {"greedy", "noaux_tc"}) == 1;
  spec.normalise_top_k = keys.flag("norm_topk_prob");
  spec.routed_scale = keys.number("routed_scaling_factor", {1e-6, 1e6}, 1);
  // "greedy" knows no groups, whatever n_group says.
  if (!spec.correction_bias) return;
  spec.expert_groups = keys.integer("n_group", {1, 65535}, 1);
  spec.top_groups = keys.integer("topk_group", {1, 65535}, 1);
  if (keys.failed()) return;
  if (spec.experts % spec.expert_groups != 0) {
    keys.fail("n_group", fmt::format("a divisor of the {} routed experts", spec.experts),
              fmt::format("{}", spec.expert_groups));
  } else if (spec.top_groups > spec.expert_groups) {
    keys.fail("topk_group", fmt::format("at most the {} groups", spec.expert_groups),
              fmt::format("{}", spec.top_groups));
  } else if (const auto room = spec.top_groups * (spec.experts / spec.expert_groups); spec.top_k > room) {
    keys.fail("num_experts_per_tok",
              fmt::format("at most the {} experts of {} groups", room, spec.top_groups),
              fmt::format("{}", spec.top_k));
  }
}

void read_megrez(ConfigReader& keys, ModelConfig& config) {
  ModelSpec& spec = config.spec;
  read_experts(keys, "n_routed_experts", "moe_intermediate_size", spec);
  spec.dense_layers = keys.integer("first_k_dense_replace", {0, 4096}, 0);
  spec.dense_width = spec.dense_layers > 0 ? keys.integer("intermediate_size", {1, 1 << 22}) : 0;
  spec.group = keys.integer("experts_shared_frequency", {1, 4096}, 1);
  spec.pre_gate = keys.flag("pre_gate", false);
  spec.lookahead = keys.integer("pre_gate_lookahead", {0, 64}, 1);
  const std::int64_t shared = keys.integer("n_shared_experts", {0, 1024}, 0);
  spec.shared_width = keys.integer("shared_intermediate_size", {0, 1 << 24}, shared * spec.expert_width);
  keys.expect_integer("moe_layer_freq", 1);
  spec.qkv_bias = keys.flag("qkv_bias", false);
  keys.expect_flag("attention_bias", false);
  keys.expect_flag("bias", false);
  read_selection(keys, spec);
  if (keys.failed()) return;
  if (spec.dense_layers >= spec.layers) {
    keys.fail("first_k_dense_replace", fmt::format("fewer than the {} layers", spec.layers),
              fmt::format("{}", spec.dense_layers));
  }
}

void read_every_layer_sparse(ConfigReader& keys) {
  keys.expect_integer("decoder_sparse_step", 1);
  keys.expect_empty("mlp_only_layers");
}

void read_qwen2(ConfigReader& keys, ModelConfig& config) {
  ModelSpec& spec = config.spec;
  config.naming = TensorNaming::qwen2;
  read_experts(keys, "num_experts", "moe_intermediate_size", spec);
  spec.shared_width = keys.integer("shared_expert_intermediate_size", {1, 1 << 24});
  spec.shared_gate = true;
  spec.qkv_bias = keys.flag("qkv_bias", true);
  spec.normalise_top_k = keys.flag("norm_topk_prob", false);
  read_every_layer_sparse(keys);
}

void read_qwen3(ConfigReader& keys, ModelConfig& config) {
  ModelSpec& spec = config.spec;
  read_experts(keys, "num_experts", "moe_intermediate_size", spec);
  spec.qk_norm = QkNorm::head;
  spec.normalise_top_k = keys.flag("norm_topk_prob", false);
  // It would give the output projection a bias as well.
  keys.expect_flag("attention_bias", false);
  read_every_layer_sparse(keys);
}

void read_olmoe(ConfigReader& keys, ModelConfig& config) {
  ModelSpec& spec = config.spec;
  read_experts(keys, "num_experts", "intermediate_size", spec);
  spec.qk_norm = QkNorm::projection;
  spec.normalise_top_k = keys.flag("norm_topk_prob", false);
  keys.expect_flag("attention_bias", false);
  keys.expect_null("clip_qkv", "null (queries and keys are not clipped)");
}

void read_mixtral(ConfigReader& keys, ModelConfig& config) {
  config.naming = TensorNaming::mixtral;
  read_experts(keys, "num_local_experts", "intermediate_size", config.spec);
  config.spec.normalise_top_k = true;
  if (!keys.has("sliding_window") || keys.failed()) return;
  (void)keys.integer("sliding_window", {config.spec.context, std::int64_t{1} << 40});
}

constexpr std::array<Family, 5> kFamilies = {{
    {"MegrezMoeForCausalLM", "megrez_moe", read_megrez, 1e-6, 1e4, 4096},
    {"Qwen2MoeForCausalLM", "qwen2_moe", read_qwen2, 1e-6, 1e4, 32768},
    {"Qwen3MoeForCausalLM", "qwen3_moe", read_qwen3, 1e-6, 1e4, 32768},
    {"OlmoeForCausalLM", "olmoe", read_olmoe, 1e-5, 1e4, 4096},
    {"MixtralForCausalLM", "mixtral", read_mixtral, 1e-5, 1e6, 131072},
}};

std::string names_of_families() {
  std::string names;
  for (const Family& family : kFamilies)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", family.architecture);
  return names;
}

// By `architectures`, or by `model_type` where that is missing.
const Family* find_family(ConfigReader& keys) {
  const bool by_architecture = keys.has("architectures");
  const char* key = by_architecture ? "architectures" : "model_type";
  const std::string found = by_architecture ? keys.only_text(key) : keys.text(key);
  if (keys.failed()) return nullptr;
  for (const Family& family : kFamilies) {
    if (found == (by_architecture ? family.architecture : family.model_type)) return &family;
  }
  keys.fail(key, fmt::format("one of {}", names_of_families()), fmt::format("\"{}\"", found));
  return nullptr;
}

// Parameters of all matrices, in 128 bits: every part is bounded, the sum of the parts need not fit 64.
void check_size(ConfigReader& keys, const ModelSpec& spec) {
  const Int128 wide = 1;
  const Int128 attention = wide * 2 * spec.hidden * (spec.heads + spec.kv_heads) * spec.head_dim;
  const Int128 shared =
      wide * 3 * spec.hidden * (spec.shared_width + spec.dense_width) + spec.experts * spec.hidden;
  const Int128 bank = wide * 3 * spec.hidden * spec.expert_width * spec.experts;
  const Int128 all =
      spec.layers * (attention + shared) + spec.banks() * bank + wide * 2 * spec.vocabulary * spec.hidden;
  constexpr int kMostBits = 50;
  if (all >> kMostBits > 0)
    keys.fail("hidden_size", fmt::format("a model of fewer than 2^{} parameters", kMostBits), "a larger one");
}

}  // namespace

Result<ModelConfig> parse_config(const NamedText& source) {
  const auto document = parse_json_object(source.text, source.path, {});
  if (!document) return document.error();
  ConfigReader keys(*document);
  ModelConfig config;
  if (const Family* family = find_family(keys)) {
    config.spec.name = std::string(family->model_type);
    read_body(keys, *family, config.spec);
    refuse_unknown_body(keys);
    family->read(keys, config);
  }
  if (!keys.failed()) check_size(keys, config.spec);
  if (keys.failed()) return keys.failure().at(source.path);
  return config;
}

Result<ModelConfig> load_config(const std::string& folder) {
  const auto path = std::filesystem::path(folder) / "config.json";
  const auto text = read_text_file(path.string(), JsonLimits().most_bytes);
  if (!text) return text.error();
  auto config = parse_config(*text);
  if (!config) return config;
  // "models/olmoe/" is named "olmoe" too.
  const auto whole = std::filesystem::path(folder).lexically_normal();
  const std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  if (!name.empty() && name != "." && name != "..") config->spec.name = name;
  return config;
}

}  // namespace pregate
