// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/models/config_documents.hpp"

namespace pregate {
namespace {

using namespace fixtures;  // NOLINT: the documents of these tests
using testing::HasSubstr;

ModelSpec read(const Json& document) {
  const auto config = parse_config({"config.json", document.dump()});
  EXPECT_TRUE(config.ok()) << config.error().message();
  return config ? config->spec : ModelSpec();
}

std::string refusal_of_text(const std::string& text) {
  const auto config = parse_config({"config.json", text});
  return config ? "accepted" : config.error().message();
}

std::string refusal(const Json& document) {
  return refusal_of_text(document.dump());
}

TEST(Config, Megrez_IsReadWhole) {
  const auto config = parse_config({"config.json", megrez_config().dump()});
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->naming, TensorNaming::megrez);
  const ModelSpec& spec = config->spec;
  EXPECT_EQ(spec.hidden, 2048);
  EXPECT_EQ(spec.layers, 31);
  EXPECT_EQ(spec.heads, 16);
  EXPECT_EQ(spec.kv_heads, 4);
  EXPECT_EQ(spec.head_dim, 128);
  EXPECT_EQ(spec.dense_layers, 1);
  EXPECT_EQ(spec.dense_width, 10944);
  EXPECT_EQ(spec.group, 3);
  EXPECT_EQ(spec.banks(), 10);
  EXPECT_EQ(spec.experts, 64);
  EXPECT_EQ(spec.expert_width, 1408);
  EXPECT_EQ(spec.top_k, 6);
  EXPECT_EQ(spec.shared_width, 5632) << "four shared experts of 1408";
  EXPECT_EQ(spec.vocabulary, 128880);
  EXPECT_TRUE(spec.pre_gate);
  EXPECT_EQ(spec.scoring, Scoring::sigmoid);
  EXPECT_TRUE(spec.correction_bias);
  EXPECT_TRUE(spec.normalise_top_k);
  EXPECT_EQ(spec.routed_scale, 2.5);
  EXPECT_FALSE(spec.qkv_bias);
  EXPECT_FALSE(spec.shared_gate);
  EXPECT_EQ(spec.qk_norm, QkNorm::none);
  EXPECT_EQ(spec.rope_theta, 5e6);
  EXPECT_EQ(spec.norm_epsilon, 1e-6);
  EXPECT_EQ(spec.context, 32768);
  EXPECT_FALSE(spec.tied_head);
}

TEST(Config, Qwen2_HasBiasesAndAGatedSharedExpert) {
  const auto config = parse_config({"config.json", qwen2_config().dump()});
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->naming, TensorNaming::qwen2);
  const ModelSpec& spec = config->spec;
  EXPECT_TRUE(spec.qkv_bias);
  EXPECT_TRUE(spec.shared_gate);
  EXPECT_EQ(spec.shared_width, 5632);
  EXPECT_EQ(spec.expert_width, 1408);
  EXPECT_EQ(spec.dense_layers, 0);
  EXPECT_EQ(spec.group, 1);
  EXPECT_FALSE(spec.normalise_top_k);
  EXPECT_EQ(spec.scoring, Scoring::softmax);
}

TEST(Config, Qwen3_NormsEachHeadAndKeepsItsHeadDim) {
  const ModelSpec spec = read(qwen3_config());
  EXPECT_EQ(spec.qk_norm, QkNorm::head);
  EXPECT_EQ(spec.head_dim, 128) << "not 2048 / 32";
  EXPECT_FALSE(spec.qkv_bias);
  EXPECT_TRUE(spec.normalise_top_k);
  EXPECT_EQ(spec.shared_width, 0);
}

TEST(Config, Olmoe_NormsTheProjectionAndTakesItsDefaults) {
  const ModelSpec spec = read(olmoe_config());
  EXPECT_EQ(spec.qk_norm, QkNorm::projection);
  EXPECT_EQ(spec.expert_width, 1024) << "intermediate_size is the expert's";
  EXPECT_EQ(spec.norm_epsilon, 1e-5) << "absent in the published file";
}

TEST(Config, Mixtral_AlwaysNormalises) {
  const auto config = parse_config({"config.json", mixtral_config().dump()});
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->naming, TensorNaming::mixtral);
  EXPECT_TRUE(config->spec.normalise_top_k);
  EXPECT_EQ(config->spec.experts, 8);
  EXPECT_EQ(read(with(mixtral_config(), "sliding_window", 32768)).context, 32768) << "never slides";
}

TEST(Config, AbsentKeys_TakeTheDefaultsOfTheirFamily) {
  EXPECT_EQ(read(without(mixtral_config(), "rope_theta")).rope_theta, 1e6);
  EXPECT_EQ(read(without(qwen2_config(), "rope_theta")).rope_theta, 1e4);
  EXPECT_EQ(read(without(qwen3_config(), "rms_norm_eps")).norm_epsilon, 1e-6);
  EXPECT_EQ(read(without(mixtral_config(), "max_position_embeddings")).context, 131072);
  EXPECT_FALSE(read(without(olmoe_config(), "tie_word_embeddings")).tied_head);
  EXPECT_EQ(read(with(olmoe_config(), "num_key_value_heads", nullptr)).kv_heads, 16);
  EXPECT_EQ(read(without(megrez_config(), "experts_shared_frequency")).group, 1);
  EXPECT_EQ(read(without(megrez_config(), "n_shared_experts")).shared_width, 0);
  EXPECT_EQ(read(with(megrez_config(), "shared_intermediate_size", 96)).shared_width, 96);
  EXPECT_EQ(read(with(megrez_config(), "head_dim", 64)).head_dim, 64);
}

TEST(Config, WithoutArchitectures_TheModelTypeDecides) {
  const auto config = parse_config({"config.json", without(mixtral_config(), "architectures").dump()});
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->naming, TensorNaming::mixtral);
  EXPECT_THAT(refusal(without(without(mixtral_config(), "architectures"), "model_type")),
              HasSubstr("config.json: model_type: expected a text, found no such key"));
  EXPECT_THAT(refusal(with(mixtral_config(), "architectures", {"LlamaForCausalLM"})),
              HasSubstr("architectures: expected one of MegrezMoeForCausalLM"));
}

TEST(Config, RopeParameters_AreReadInEitherPlace) {
  const Json bare = without(qwen3_config(), "rope_theta");
  const Json parameters = {{"rope_type", "default"}, {"rope_theta", 250000.0}};
  EXPECT_EQ(read(with(bare, "rope_parameters", parameters)).rope_theta, 250000);
  EXPECT_EQ(read(with(qwen3_config(), "rope_scaling", {{"type", "default"}})).rope_theta, 1e6);
  EXPECT_THAT(refusal(with(bare, "rope_parameters", {{"rope_type", "yarn"}, {"factor", 4}})),
              HasSubstr("rope_parameters: expected null, or a rope_type of \"default\", found \"yarn\""));
}

TEST(Config, GreedySelection_HasNoGroupsAndNoBias) {
  Json document = with(megrez_config(), "topk_method", "greedy");
  document = with(document, "n_group", 7);
  const ModelSpec spec = read(document);
  EXPECT_FALSE(spec.correction_bias);
  EXPECT_EQ(spec.expert_groups, 1);
}

struct Refused {
  Json document;
  std::string says;
};

TEST(Config, WhatIsNotComputed_IsRefusedByName) {
  const std::vector<Refused> cases = {
      {with(megrez_config(), "topk_method", "group_limited_greedy"),
       R"(topk_method: expected "greedy" or "noaux_tc", found "group_limited_greedy")"},
      {without(megrez_config(), "topk_method"), "topk_method: expected"},
      {with(megrez_config(), "scoring_func", "tanh"), R"(scoring_func: expected "softmax" or "sigmoid")"},
      {with(megrez_config(), "moe_layer_freq", 2), "moe_layer_freq: expected 1, found 2"},
      {with(megrez_config(), "attention_bias", true), "attention_bias: expected false, found true"},
      {with(megrez_config(), "kv_lora_rank", 512), "kv_lora_rank: expected grouped-query attention"},
      {with(megrez_config(), "hidden_act", "gelu"), R"(hidden_act: expected "silu", found "gelu")"},
      {with(megrez_config(), "rope_scaling", {{"type", "linear"}, {"factor", 2}}),
       "rope_scaling: expected null"},
      {with(megrez_config(), "rope_scaling", {{"factor", 2}}), "rope_scaling.factor: expected 1, found 2"},
      {with(megrez_config(), "rope_scaling", "yarn"), "rope_scaling: expected null"},
      {with(qwen2_config(), "decoder_sparse_step", 2), "decoder_sparse_step: expected 1, found 2"},
      {with(qwen2_config(), "mlp_only_layers", {0}), "mlp_only_layers: expected an empty array"},
      {with(qwen2_config(), "use_sliding_window", true), "use_sliding_window: expected false, found true"},
      {with(qwen2_config(), "layer_types", {"full_attention", "sliding_attention"}), "layer_types: expected"},
      {with(qwen3_config(), "attention_bias", true), "attention_bias: expected false, found true"},
      {with(qwen3_config(), "partial_rotary_factor", 0.5), "partial_rotary_factor: expected 1, found 0.5"},
      {with(olmoe_config(), "clip_qkv", 8.0), "clip_qkv: expected null"},
      {with(mixtral_config(), "sliding_window", 4096), "sliding_window: expected an integer from 32768"},
      {with(mixtral_config(), "quantization_config", {{"bits", 4}}),
       "quantization_config: expected no quantised"},
  };
  for (const Refused& c : cases) EXPECT_THAT(refusal(c.document), HasSubstr(c.says));
}

TEST(Config, NumbersThatDoNotFit_AreRefusedByKey) {
  const Json base = megrez_config();
  const std::vector<Refused> cases = {
      {with(with(base, "num_attention_heads", 24), "num_key_value_heads", 4),
       "hidden_size: expected a multiple of the 24 attention heads, or head_dim, found 2048"},
      {with(base, "num_key_value_heads", 3), "num_key_value_heads: expected a divisor of the 16"},
      {with(base, "head_dim", 63), "head_dim: expected an even number"},
      {with(base, "num_experts_per_tok", 65), "num_experts_per_tok: expected at most the 64 routed experts"},
      {with(base, "n_group", 5), "n_group: expected a divisor of the 64 routed experts, found 5"},
      {with(with(base, "n_group", 8), "topk_group", 9), "topk_group: expected at most the 8 groups, found 9"},
      {with(with(base, "n_group", 16), "topk_group", 1),
       "num_experts_per_tok: expected at most the 4 experts of 1"},
      {with(base, "first_k_dense_replace", 31), "first_k_dense_replace: expected fewer than the 31 layers"},
      {with(base, "hidden_size", 2048.5), "hidden_size: expected an integer from 1 to 262144, found 2048.5"},
      {with(base, "hidden_size", -1), "hidden_size: expected an integer from 1 to 262144, found -1"},
      {with(base, "hidden_size", 1e300), "hidden_size: expected an integer from 1 to 262144, found 1e+300"},
      {with(base, "hidden_size", "2048"),
       R"(hidden_size: expected an integer from 1 to 262144, found "2048")"},
      {without(base, "hidden_size"), "hidden_size: expected an integer from 1 to 262144, found no such key"},
      {with(base, "vocab_size", 18446744073709551615ULL),
       "vocab_size: expected an integer from 1 to 16777216"},
      {with(base, "rms_norm_eps", "small"), "rms_norm_eps: expected a number from 0 to 1"},
      {with(base, "rope_theta", 0), "rope_theta: expected a number from 1 to"},
      {with(base, "pre_gate", 1), "pre_gate: expected true or false, found 1"},
      {with(base, "architectures", "MegrezMoeForCausalLM"), "architectures: expected an array of one text"},
  };
  for (const Refused& c : cases) EXPECT_THAT(refusal(c.document), HasSubstr(c.says));
}

TEST(Config, ProductsBeyondReason_AreRefused) {
  Json document = megrez_config();
  document["hidden_size"] = 1 << 18;
  document["moe_intermediate_size"] = 1 << 20;
  document["n_routed_experts"] = 65535;
  document["num_hidden_layers"] = 4096;
  EXPECT_THAT(refusal(document), HasSubstr("expected a model of fewer than 2^50 parameters"));
}

TEST(Config, TextThatIsNoConfig_IsRefusedOnce) {
  EXPECT_THAT(refusal_of_text(""), HasSubstr("config.json: byte 1: expected a JSON object"));
  EXPECT_THAT(refusal_of_text("[]"), HasSubstr("expected a JSON object, found an array"));
  EXPECT_THAT(refusal_of_text("7"), HasSubstr("expected a JSON object, found 7"));
  EXPECT_THAT(refusal_of_text(R"({"a": NaN})"), HasSubstr("byte 7: expected a JSON object"));
  EXPECT_THAT(refusal_of_text(R"({"a": 1e999})"), HasSubstr("expected"));
  EXPECT_THAT(refusal_of_text(R"({"a": {"b": 1, "b": 2}})"),
              HasSubstr(R"(expected each key once, found "b" twice)"));
  EXPECT_THAT(refusal_of_text("{\"a\": \"\xff\"}"), HasSubstr("byte 8: expected UTF-8, found byte 0xff"));
  std::string deep = "{\"a\": ";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_THAT(refusal_of_text(deep), HasSubstr("expected JSON of at most 16 levels"));
  EXPECT_THAT(refusal_of_text(std::string((std::size_t{16} << 20) + 1, ' ')),
              HasSubstr("expected at most 16777216 bytes"));
}

TEST(Config, OfAFolder_IsNamedAfterIt) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "config_of_a_folder" / "tiny-moe";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << olmoe_config().dump();
  const auto config = load_config(folder.string() + "/");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->spec.name, "tiny-moe");
  const auto missing = load_config(folder.string() + "/none");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("none/config.json: expected a file that can be read"));
}

}  // namespace
}  // namespace pregate
