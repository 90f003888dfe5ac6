// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/text_documents.hpp"

namespace pregate {
namespace {

using test::read_source_file;
using test::small_model;
using test::with_line;
using testing::HasSubstr;

ModelShape preset(const std::string& name, const PrecisionOverride& precision = {}) {
  const std::string path = "models/presets/" + name + ".model.textproto";
  const Result<ModelShape> model = parse_model({path, read_source_file(path)}, precision);
  EXPECT_TRUE(model) << name << ": " << (model ? "" : model.error().message());
  return model ? *model : ModelShape{};
}

// At 8 bits bytes are parameters.
constexpr PrecisionOverride kBytesAreParameters{.expert_bits = 8.0, .dense_bits = 8.0};

double billions(std::int64_t count) {
  return static_cast<double>(count) * 1e-9;
}

// Without embedding and head: what a token passes through in the layers.
double activated_in_layers(const ModelShape& model) {
  Bytes sum = model.dense_bytes() - model.head_bytes;
  for (const LayerShape& layer : model.layers) {
    if (layer.is_moe()) sum += model.banks[layer.bank.value()].expert_bytes * model.top_k;
  }
  return billions(sum.count());
}

double stored_in_layers(const ModelShape& model) {
  return billions((model.all_experts_bytes() + model.dense_bytes() - model.head_bytes).count());
}

double head_parameters(const ModelShape& model) {
  return billions(model.head_bytes.count());
}

std::string error_of(const std::string& text) {
  const Result<ModelShape> model = parse_model({"m.textproto", text});
  return model ? "no error" : model.error().message();
}
std::string error_with(const std::string& key, const std::string& line) {
  return error_of(with_line(small_model, key, line));
}
ModelShape small() {
  return *parse_model({"m.textproto", small_model});
}

TEST(Megrez2, HasTenBanksOfSixtyFourExperts) {
  const ModelShape model = preset("megrez2-3x7b-a3b");
  ASSERT_EQ(model.layers.size(), 31u);
  EXPECT_FALSE(model.layers[0].is_moe());
  EXPECT_EQ(model.moe_layers(), 30);
  ASSERT_EQ(model.banks.size(), 10u);
  for (const BankShape& bank : model.banks) EXPECT_EQ(bank.experts, 64);
  for (std::uint32_t i = 1; i < 31; ++i) EXPECT_EQ(model.layers[i].bank.value(), (i - 1) / 3) << i;
  EXPECT_EQ(model.top_k, 6);
  EXPECT_EQ(model.kv_bytes.count(), 2 * 4 * 128 * 2);
  EXPECT_EQ(model.kv_macs.count(), 2 * 16 * 128);
}

// 7.5 B counts embedding and head (0.26 B each); 3.0 B activated leaves both out.
TEST(Megrez2, ReproducesItsPublishedParameterCounts) {
  const ModelShape model = preset("megrez2-3x7b-a3b", kBytesAreParameters);
  EXPECT_NEAR(stored_in_layers(model) + 2 * head_parameters(model), 7.5, 0.02 * 7.5);
  EXPECT_NEAR(activated_in_layers(model), 3.0, 0.02 * 3.0);
}

TEST(Megrez2, ItsParts_AddUpToThePublishedCounts) {
  const std::string path = "models/presets/megrez2-3x7b-a3b.model.textproto";
  const Result<ModelSpec> spec = parse_model_spec({path, read_source_file(path)});
  ASSERT_TRUE(spec.ok()) << spec.error().message();
  const ParameterCounts parts = count_parameters(*spec);
  EXPECT_EQ(parts.expert, 3LL * 2048 * 1408);
  EXPECT_EQ(parts.routed_stored, 640 * parts.expert);
  EXPECT_NEAR(billions(parts.stored()), 7.5, 0.005);    // with embedding and head
  EXPECT_NEAR(billions(parts.activated()), 3.0, 0.01);  // in the layers
  EXPECT_EQ(spec->banks(), 10);
}

TEST(Megrez2, AnExpertAtFourAndAHalfBits_TakesItsShareOfAByte) {
  const ModelShape model = preset("megrez2-3x7b-a3b");
  EXPECT_EQ(model.banks[0].expert_bytes.count(), 3LL * 2048 * 1408 * 9 / 16);
  EXPECT_EQ(model.banks[0].expert_macs.count(), 3LL * 2048 * 1408);
  EXPECT_EQ(model.costs_from, "preset megrez2-3x7b-a3b at 4.5 bits (dense 8.5 bits)");
}

struct Published {
  const char* name;
  double total, active;  // billions, as published
  int embeddings;        // matrices of vocabulary x hidden in `total`: 2 untied
  int active_embeddings;
};

class Preset : public testing::TestWithParam<Published> {};

TEST_P(Preset, ReproducesItsPublishedParameterCounts) {
  const Published& p = GetParam();
  const ModelShape model = preset(p.name, kBytesAreParameters);
  EXPECT_NEAR(stored_in_layers(model) + p.embeddings * head_parameters(model), p.total, 0.01 * p.total);
  EXPECT_NEAR(activated_in_layers(model) + p.active_embeddings * head_parameters(model), p.active,
              0.04 * p.active);
}

INSTANTIATE_TEST_SUITE_P(
    Models, Preset,
    testing::Values(Published{"qwen3-30b-a3b", 30.5, 3.3, 2, 2}, Published{"qwen3-235b-a22b", 235, 22, 2, 2},
                    Published{"qwen1.5-moe-a2.7b", 14.3, 2.7, 2, 2},
                    Published{"gpt-oss-120b", 116.8, 5.13, 2, 1}, Published{"gpt-oss-20b", 20.9, 3.61, 2, 1},
                    Published{"olmoe-1b-7b", 6.92, 1.28, 2, 2}, Published{"mixtral-8x7b", 46.7, 12.9, 2, 2},
                    Published{"phi-3.5-moe", 41.9, 6.6, 2, 2}, Published{"deepseek-v2-lite", 15.7, 2.4, 2, 1},
                    Published{"deepseek-v3", 671, 37, 2, 1}),
    [](const testing::TestParamInfo<Published>& row) {
      std::string name = row.param.name;
      for (char& c : name) c = c == '-' || c == '.' ? '_' : c;
      return name;
    });

TEST(Presets, AreAllCoveredByAParameterCount) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PREGATE_SOURCE_DIR "/models/presets")) {
    files += entry.path().string().ends_with(".model.textproto") ? 1 : 0;
    EXPECT_THAT(read_source_file("models/presets/" + entry.path().filename().string()),
                HasSubstr("config.json"));
  }
  EXPECT_EQ(files, 11u);  // Megrez2 and the ten above
}

TEST(Presets, ExpertBytes_EqualThoseThatThePhoneRecorded) {
  EXPECT_EQ(preset("gpt-oss-120b").banks[0].expert_bytes.count(), 13'219'200);
  EXPECT_EQ(preset("qwen3-30b-a3b").banks[0].expert_bytes.count(), 2'856'960);
}

TEST(Presets, LatentAttention_CachesOneVectorAndOneRotaryKey) {
  const ModelShape model = preset("deepseek-v2-lite");
  EXPECT_EQ(model.kv_bytes.count(), (512 + 64) * 2);
  EXPECT_EQ(model.kv_macs.count(), 16 * (2 * 512 + 64));
}

TEST(Model, CostsOfASmallShape_FollowTheFormulas) {
  const ModelShape model = *parse_model({"m.textproto", small_model}, kBytesAreParameters);
  ASSERT_EQ(model.layers.size(), 5u);
  const std::int64_t attention = 2 * 64 * 4 * 16 + 2 * 64 * 2 * 16, norms = 2 * 64, router = 64 * 8;
  EXPECT_EQ(model.layers[0].attention_bytes.count(), attention + norms);
  EXPECT_EQ(model.layers[0].attention_macs.count(), attention);
  EXPECT_EQ(model.layers[0].feed_forward_macs.count(), 3 * 64 * 128);
  EXPECT_EQ(model.layers[1].attention_bytes.count(), attention + norms + router);
  EXPECT_EQ(model.layers[1].attention_macs.count(), attention + router);
  EXPECT_EQ(model.layers[1].feed_forward_bytes.count(), 3 * 64 * 32);
  EXPECT_EQ(model.head_macs.count(), 6400);
  // Four MoE layers in groups of three: the last group has one.
  ASSERT_EQ(model.banks.size(), 2u);
  EXPECT_EQ(model.layers[3].bank, BankId(0));
  EXPECT_EQ(model.layers[4].bank, BankId(1));
}

TEST(Model, BytesOfAnOddPrecision_RoundUp) {
  const ModelShape model =
      *parse_model({"m.textproto", small_model}, {.expert_bits = 4.51, .dense_bits = {}});
  EXPECT_EQ(model.banks[0].expert_bytes.count(), 3464);  // 6144 x 4.51 / 8 = 3463.68
}

TEST(Model, CacheWidth_CanBeGiven) {
  const std::string text = small_model + "kv_latent_size: 100\nkv_bits: 4\n";
  EXPECT_EQ(parse_model({"m.textproto", text})->kv_bytes.count(), 50);
}

TEST(ModelError, InconsistentShapes_NameTheFieldThatDoesNotFit) {
  EXPECT_EQ(error_with("num_hidden_layers", "num_hidden_layers: 0"),
            "m.textproto: line 3: num_hidden_layers: expected a whole number from 1 to 4096, found 0");
  EXPECT_THAT(error_with("num_hidden_layers", "num_hidden_layers: 4097"), HasSubstr("found 4097"));
  EXPECT_THAT(error_with("num_experts_per_tok", "num_experts_per_tok: 9"),
              HasSubstr("line 9: num_experts_per_tok: expected at most the 8 routed experts, found 9"));
  EXPECT_THAT(error_with("num_experts_per_tok", "num_experts_per_tok: 0"),
              HasSubstr("from 1 to 65535, found 0"));
  EXPECT_THAT(error_with("n_routed_experts", "n_routed_experts: 65536"),
              HasSubstr("line 8: n_routed_experts"));
  EXPECT_THAT(error_with("n_routed_experts", "n_routed_experts: 0"), HasSubstr("line 8: n_routed_experts"));
  EXPECT_THAT(error_with("first_k", "first_k_dense_replace: 5"),
              HasSubstr("line 11: first_k_dense_replace: expected fewer than the 5 layers, found 5"));
  EXPECT_THAT(error_with("num_key_value_heads", "num_key_value_heads: 3"),
              HasSubstr("line 5: num_key_value_heads: expected a divisor of the 4 attention heads, found 3"));
  EXPECT_THAT(error_with("hidden_size", "hidden_size: 66"),
              HasSubstr("head_dim: expected the width of a head"));
  EXPECT_THAT(error_with("experts_shared", "experts_shared_frequency: 0"),
              HasSubstr("line 12: experts_shared_frequency"));
  EXPECT_THAT(error_with("intermediate_size: 128", ""),
              HasSubstr("intermediate_size: expected a whole number"));
  EXPECT_THAT(error_with("vocab_size", "vocab_size: 100 expert_bits: 0"), HasSubstr("line 13: expert_bits"));
  EXPECT_THAT(error_with("vocab_size", "vocab_size: 100 dense_bits: nan"), HasSubstr("found nan"));
}

TEST(ModelError, ASingleMissingLatentKey_IsNamed) {
  EXPECT_THAT(error_of(small_model + "kv_lora_rank: 16\nqk_nope_head_dim: 8\nqk_rope_head_dim: 4\n"),
              HasSubstr("v_head_dim: expected a whole number"));
}

TEST(ModelError, AShapeBeyondAllBounds_IsRefused) {
  const std::string wide = with_line(small_model, "moe_intermediate_size", "moe_intermediate_size: 1048576");
  EXPECT_THAT(error_of(with_line(wide, "hidden_size", "hidden_size: 262144")),
              HasSubstr("layer 0: attention bytes from 0"));
}

TEST(ModelError, AnOverriddenPrecision_IsNotBlamedOnTheFile) {
  const Result<ModelShape> model =
      parse_model({"m.textproto", small_model}, {.expert_bits = 0.0, .dense_bits = {}});
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message(), HasSubstr("precision override: expert_bits: expected a number"));
}

TEST(ModelShape, Validate_NamesTheOffendingLayerOrBank) {
  ModelShape model = small();
  EXPECT_TRUE(model.validate());
  model.layers[2].bank = BankId(7);
  EXPECT_EQ(model.validate().error().message(), "layer 2: expected a bank below 2, found bank 7");
  model = small();
  model.banks[1].expert_bytes = Bytes(0);
  EXPECT_THAT(model.validate().error().message(), HasSubstr("bank 1: expected bytes of an expert from 1"));
  model = small();
  model.layers[3].attention_bytes = Bytes(-1);
  EXPECT_THAT(model.validate().error().message(), HasSubstr("layer 3: expected attention bytes from 0"));
  model = small();
  model.banks.push_back(model.banks[0]);
  EXPECT_EQ(model.validate().error().message(), "bank 2: expected a layer that uses the bank, found none");
  model = small();
  model.top_k = 9;
  EXPECT_THAT(model.validate().error().message(),
              HasSubstr("bank 0: expected top-k within the bank's experts"));
  model = small();
  model.layers.clear();
  EXPECT_THAT(model.validate().error().message(), HasSubstr("expected 1 to 4096 layers, found 0"));
}

TEST(ExpertTable, NumbersExperts_BankAfterBank) {
  ModelShape model = small();
  model.banks[0].experts = 3;
  model.banks[1].expert_bytes = Bytes(17);
  const ExpertTable table(model);
  EXPECT_EQ(table.size(), 11u);
  EXPECT_EQ(table.banks(), 2u);
  EXPECT_EQ(table.id(BankId(1), 0), ExpertId(3));
  EXPECT_EQ(table.bytes(ExpertId(3)), Bytes(17));
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(table.id(table.bank(ExpertId(i)), table.index_in_bank(ExpertId(i))), ExpertId(i));
  }
}

// A member that is added breaks the binding here, so that model_text() cannot forget it.
auto members(const ModelSpec& spec) {
  const auto& [name, hidden, layers, heads, kv_heads, head_dim, latent, dense_layers, dense_width, group,
               experts, expert_width, top_k, shared_width, vocabulary, pre_gate, lookahead, scoring,
               correction_bias, expert_groups, top_groups, normalise_top_k, routed_scale, shared_gate,
               qkv_bias, qk_norm, rope_theta, norm_epsilon, context, tied_head, expert_bits, dense_bits,
               kv_bits, cached_numbers] = spec;
  EXPECT_FALSE(latent);
  return std::tie(name, hidden, layers, heads, kv_heads, head_dim, dense_layers, dense_width, group, experts,
                  expert_width, top_k, shared_width, vocabulary, pre_gate, lookahead, scoring,
                  correction_bias, expert_groups, top_groups, normalise_top_k, routed_scale, shared_gate,
                  qkv_bias, qk_norm, rope_theta, norm_epsilon, context, tied_head, expert_bits, dense_bits,
                  kv_bits, cached_numbers);
}

TEST(ModelText, OfAnyNumbers_IsReadBackAsTheSameNumbers) {
  const ModelSpec spec{.name = "x",
                       .hidden = 96,
                       .layers = 9,
                       .heads = 6,
                       .kv_heads = 3,
                       .head_dim = 20,
                       .latent = {},
                       .dense_layers = 2,
                       .dense_width = 200,
                       .group = 3,
                       .experts = 12,
                       .expert_width = 40,
                       .top_k = 4,
                       .shared_width = 7,
                       .vocabulary = 300,
                       .pre_gate = true,
                       .lookahead = 2,
                       .scoring = Scoring::sigmoid,
                       .correction_bias = true,
                       .expert_groups = 4,
                       .top_groups = 2,
                       .normalise_top_k = false,
                       .routed_scale = 2.5,
                       .shared_gate = true,
                       .qkv_bias = true,
                       .qk_norm = QkNorm::head,
                       .rope_theta = 500000.5,
                       .norm_epsilon = 1e-5,
                       .context = 77,
                       .tied_head = true,
                       .expert_bits = 3.5,
                       .dense_bits = 6.25,
                       .kv_bits = 8,
                       .cached_numbers = 99};
  const Result<ModelSpec> again = parse_model_spec({"x.model.textproto", model_text(spec)});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(members(*again), members(spec));
}

TEST(ModelText, OfAPreset_CostsWhatThePresetCosts) {
  for (const char* name : {"megrez2-3x7b-a3b", "deepseek-v2-lite", "deepseek-v3", "gpt-oss-20b"}) {
    const std::string path = fmt::format("models/presets/{}.model.textproto", name);
    const Result<ModelSpec> spec = parse_model_spec({path, read_source_file(path)});
    ASSERT_TRUE(spec) << spec.error().message();
    const Result<ModelShape> again = parse_model({"again", model_text(*spec)});
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->dense_bytes(), preset(name).dense_bytes()) << name;
    EXPECT_EQ(again->all_experts_bytes(), preset(name).all_experts_bytes()) << name;
    EXPECT_EQ(again->kv_macs, preset(name).kv_macs) << name;
    EXPECT_EQ(again->head_macs, preset(name).head_macs) << name;
  }
}

}  // namespace
}  // namespace pregate
