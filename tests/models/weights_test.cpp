// SPDX-License-Identifier: Apache-2.0
// Weights that leave the routed experts to somebody else.
#include <gmock/gmock.h>

#include <cstring>

#include "models/expert_layout.hpp"
#include "tests/models/decoding.hpp"

namespace pregate {
namespace {

using namespace fixtures;

constexpr Precision kPrecisions[] = {Precision::f32, Precision::bf16, Precision::int8};

class WithoutExperts : public OnOneThread {};

void expect_same(const PackedMatrix& a, const PackedMatrix& b, const char* what) {
  ASSERT_EQ(a.layout == nullptr, b.layout == nullptr) << what;
  if (a.layout == nullptr) return;
  ASSERT_EQ(a.layout->bytes(), b.layout->bytes()) << what;
  EXPECT_EQ(std::memcmp(a.data, b.data, a.layout->bytes()), 0) << what;
}

void expect_same_layer(const LayerWeights& a, const LayerWeights& b) {
  EXPECT_EQ(a.attention_norm, b.attention_norm);
  EXPECT_EQ(a.feed_forward_norm, b.feed_forward_norm);
  EXPECT_EQ(a.qkv_bias, b.qkv_bias);
  EXPECT_EQ(a.q_norm, b.q_norm);
  EXPECT_EQ(a.k_norm, b.k_norm);
  EXPECT_EQ(a.correction, b.correction);
  EXPECT_EQ(a.shared_gate, b.shared_gate);
  EXPECT_EQ(a.has_feed_forward, b.has_feed_forward);
  expect_same(a.qkv, b.qkv, "qkv");
  expect_same(a.output, b.output, "output");
  expect_same(a.router, b.router, "router");
  expect_same(a.feed_forward.gate, b.feed_forward.gate, "gate");
  expect_same(a.feed_forward.up, b.feed_forward.up, "up");
  expect_same(a.feed_forward.down, b.feed_forward.down, "down");
}

void expect_all_but_experts(const Weights& whole, const Weights& part) {
  const ModelSpec& spec = whole.spec();
  EXPECT_TRUE(whole.has_experts());
  EXPECT_FALSE(part.has_experts());
  for (std::int64_t i = 0; i < spec.layers; ++i) {
    SCOPED_TRACE(i);
    expect_same_layer(whole.layer(i), part.layer(i));
  }
  expect_same(whole.head(), part.head(), "head");
  EXPECT_EQ(whole.final_norm(), part.final_norm());
  std::vector<float> a(static_cast<std::size_t>(spec.hidden)), b = a;
  for (std::int32_t token = 0; token < spec.vocabulary; ++token) {
    whole.embed(token, a.data());
    part.embed(token, b.data());
    ASSERT_EQ(a, b) << "token " << token;
  }
  EXPECT_EQ(part.expert_bytes(), whole.expert_bytes());
  EXPECT_EQ(part.expert_bytes(), ExpertLayout(spec, part.precision()).bytes());
  EXPECT_EQ(whole.packed_bytes() - part.packed_bytes(), part.expert_bytes() * (spec.banks() * spec.experts));
}

TEST_F(WithoutExperts, OfACheckpoint_AllElseIsTheSameToTheBit) {
  const std::string folder = PREGATE_SOURCE_DIR "/models/megrez2-nano";
  const Result<ModelConfig> config = load_config(folder);
  ASSERT_TRUE(config.ok()) << config.error().message();
  for (const Precision precision : kPrecisions) {
    if (!supports(precision)) continue;  // of this processor
    const WeightsOptions without{.precision = precision, .progress = {}, .routed_experts = false};
    expect_all_but_experts(loaded(load_folder(folder, precision)),
                           loaded(Weights::load(*config, folder, without)));
  }
}

TEST_F(WithoutExperts, OfRandomWeights_AllElseIsTheSameToTheBit) {
  const Result<ModelConfig> config = parse_config({"config.json", small_qwen2_config().dump()});
  ASSERT_TRUE(config.ok()) << config.error().message();
  for (const Precision precision : kPrecisions) {
    if (!supports(precision)) continue;  // of this processor
    WeightsOptions options{.precision = precision, .progress = {}};
    const Weights whole = loaded(Weights::random(config->spec, 7, options));
    options.routed_experts = false;
    expect_all_but_experts(whole, loaded(Weights::random(config->spec, 7, options)));
  }
}

TEST_F(WithoutExperts, ACheckpointNeedNotHoldThem) {
  SmallModel model = random_model(small_megrez_config());
  std::erase_if(model.tensors,
                [](const auto& tensor) { return tensor.first.find(".experts.") != std::string::npos; });
  const std::string folder = write_model(model, "no_experts");
  const Result<ModelConfig> config = load_config(folder);
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_FALSE(Weights::load(*config, folder, {.precision = Precision::f32, .progress = {}}).ok());
  const auto weights =
      Weights::load(*config, folder, {.precision = Precision::f32, .progress = {}, .routed_experts = false});
  EXPECT_TRUE(weights.ok()) << weights.error().message();
}

TEST(ExpertLayoutTest, IsWhatWeightsHold_GateUpAndDownOneAfterAnother) {
  const SmallModel model = random_model(odd_config());
  for (const Precision precision : kPrecisions) {
    if (!supports(precision)) continue;  // of this processor
    const Weights weights = load_small(model, precision);
    const ExpertLayout layout(weights.spec(), precision);
    const SwigluWeights held = weights.expert(1, 2), seen = layout.at(held.gate.data);
    EXPECT_EQ(held.up.data, seen.up.data);
    EXPECT_EQ(held.down.data, seen.down.data);
    EXPECT_EQ(layout.bytes(), weights.expert_bytes());
    EXPECT_THAT(layout.name(), testing::StartsWith(std::string(to_text(precision)) + " "));
    EXPECT_THAT(layout.name(), testing::AllOf(testing::HasSubstr("19x42"), testing::HasSubstr("42x19")));
  }
}

}  // namespace
}  // namespace pregate
