// SPDX-License-Identifier: Apache-2.0
#include "traces/synthetic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "traces/locality_measures.hpp"

namespace pregate {
namespace {

struct Shape {
  std::size_t layers = 12;
  std::int32_t experts = 64;
  std::int32_t top_k = 4;
  std::size_t layers_per_bank = 1;
};

ModelShape make_model(const Shape& shape = {}) {
  ModelShape model;
  model.name = "test";
  model.top_k = shape.top_k;
  model.layers.resize(shape.layers + 1);  // layer 0 is dense
  for (std::size_t l = 0; l < shape.layers; ++l) {
    model.layers[l + 1].bank = BankId(static_cast<std::uint32_t>(l / shape.layers_per_bank));
  }
  const std::size_t banks = (shape.layers + shape.layers_per_bank - 1) / shape.layers_per_bank;
  model.banks.assign(banks, {.experts = shape.experts, .expert_bytes = Bytes(1000), .expert_macs = {}});
  return model;
}

SyntheticParams no_preferences() {
  SyntheticParams params;
  params.popularity = params.topic = params.context = 0;
  return params;
}

std::vector<std::uint16_t> all_choices(const RouteTrace& trace) {
  std::vector<std::uint16_t> out;
  for (const RouteStep& step : trace.steps) out.insert(out.end(), step.experts.begin(), step.experts.end());
  return out;
}

TEST(Synthetic, SameSeed_DrawsTheSameTrace_AndAnotherSeedAnother) {
  const ModelShape model = make_model();
  const SyntheticParams params;
  SyntheticParams other = params;
  other.seed = 2;
  EXPECT_EQ(all_choices(synthesize(model, params)), all_choices(synthesize(model, params)));
  EXPECT_NE(all_choices(synthesize(model, params)), all_choices(synthesize(model, other)));
}

TEST(Synthetic, Trace_IsTheSameOnEveryPlatform) {
  SyntheticParams params;
  params.group_correlation = 0.25;
  params.layer_spread = 0.3;
  params.prompt_noise = 1.5;
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const std::uint16_t expert : all_choices(synthesize(make_model({.layers_per_bank = 3}), params))) {
    hash = (hash ^ expert) * 0x100000001b3ULL;
  }
  EXPECT_EQ(hash, 15848403533425894837ULL);
}

TEST(Synthetic, MoreTokens_ContinueTheSameTrace) {
  const ModelShape model = make_model();
  SyntheticParams params;
  params.decode_tokens = 10;
  const std::vector<std::uint16_t> shorter = all_choices(synthesize(model, params));
  params.decode_tokens = 30;
  std::vector<std::uint16_t> longer = all_choices(synthesize(model, params));
  ASSERT_GT(longer.size(), shorter.size());
  longer.resize(shorter.size());
  EXPECT_EQ(longer, shorter);
}

TEST(Synthetic, EveryStep_FitsItsModel) {
  for (const Shape& shape : {Shape{}, Shape{.experts = 3, .top_k = 3}, Shape{.experts = 1, .top_k = 1},
                             Shape{.layers = 9, .experts = 300, .top_k = 17, .layers_per_bank = 3}}) {
    const ModelShape model = make_model(shape);
    const RouteTrace trace = synthesize(model, {});
    ASSERT_EQ(trace.steps.size(), 129U);
    for (const RouteStep& step : trace.steps) {
      const Status fits = validate_step(step, model);
      EXPECT_TRUE(fits.ok()) << fits.error().message();
    }
  }
}

TEST(Synthetic, Prompt_IsOneBatchedStep_WhoseLastTokenAlonePassesTheLastLayer) {
  const ModelShape model = make_model();
  const RouteTrace trace = synthesize(model, {});
  const RouteStep& prompt = trace.steps.front();
  EXPECT_EQ(prompt.phase, Phase::prefill);
  EXPECT_EQ(prompt.tokens, 28);
  EXPECT_EQ(prompt.layer_experts(1).size(), 28U * 4);
  EXPECT_EQ(prompt.layer_experts(model.layers.size() - 1).size(), 4U);
  EXPECT_EQ(trace.steps[1].position, 28);
  EXPECT_EQ(trace.steps.back().position, 28 + 127);
}

TEST(Synthetic, WithoutAPrompt_BeginsWithDecode) {
  SyntheticParams params;
  params.prompt_tokens = 0;
  EXPECT_EQ(synthesize(make_model(), params).steps.front().phase, Phase::decode);
}

TEST(Synthetic, Header_SaysSynthetic_TheParametersAndTheAssumption) {
  SyntheticParams params;
  params.fitted_to = "some trace";
  const RouteHeader header = synthesize(make_model(), params).header;
  EXPECT_EQ(header.origin, Origin::synthetic);
  EXPECT_NE(header.provenance.find("popularity 1,"), std::string::npos) << header.provenance;
  EXPECT_NE(header.provenance.find("fitted to some trace"), std::string::npos) << header.provenance;
  EXPECT_NE(header.provenance.find("group correlation 0 (an assumption)"), std::string::npos)
      << header.provenance;
}

TEST(Synthetic, WithoutPreferences_IsAUniformRouter) {
  const Locality m = measure_locality(synthesize(make_model(), no_preferences()));
  EXPECT_NEAR(m.lag1_overlap, 4.0 / 64, 0.01);
  EXPECT_NEAR(m.entropy_bits, m.entropy_bits_chance, 0.03);
  EXPECT_NEAR(m.top8_share, m.top8_share_chance, 0.02);
}

TEST(Synthetic, OverwhelmingPopularity_NeverMoves) {
  SyntheticParams params = no_preferences();
  params.popularity = 100;
  EXPECT_GT(measure_locality(synthesize(make_model(), params)).lag1_overlap, 0.97);
}

TEST(Synthetic, FullPersistence_IsPopularity_AndNoneIsNoise) {
  SyntheticParams params = no_preferences();
  params.topic = 100;
  params.topic_persistence = 1;
  EXPECT_GT(measure_locality(synthesize(make_model(), params)).lag1_overlap, 0.97);
  params.topic_persistence = 0;
  EXPECT_NEAR(measure_locality(synthesize(make_model(), params)).lag1_overlap, 4.0 / 64, 0.01);
}

TEST(Synthetic, Context_FadesFasterThanTopic) {
  SyntheticParams quick = no_preferences(), slow = no_preferences();
  quick.context = slow.topic = 3;
  const auto a = measure_locality(synthesize(make_model(), quick)).lag_overlap;
  const auto b = measure_locality(synthesize(make_model(), slow)).lag_overlap;
  EXPECT_GT(a[0], 0.2);
  EXPECT_NEAR(a[4], 4.0 / 64, 0.02);  // 16 tokens later
  EXPECT_GT(b[4], 0.15);
}

TEST(Synthetic, GroupCorrelation_MakesTheLayersOfABankAlike_AndOnlyThose) {
  const ModelShape model = make_model({.layers_per_bank = 3});
  SyntheticParams params;
  params.popularity = 4;
  EXPECT_NEAR(measure_fast(synthesize(model, params)).bank_overlap, 4.0 / 64, 0.03);
  params.group_correlation = 1;
  EXPECT_GT(measure_fast(synthesize(model, params)).bank_overlap, 0.4);
  // Layers of different banks stay strangers: a group's union over banks is what independent layers have.
  const RouteTrace trace = synthesize(model, params);
  std::int64_t common = 0, all = 0;
  for (const RouteStep& step : trace.steps) {
    if (step.phase == Phase::prefill) continue;
    const auto a = step.layer_experts(3), b = step.layer_experts(4);
    const std::set<std::uint16_t> set(a.begin(), a.end());
    for (const std::uint16_t expert : b) common += set.contains(expert) ? 1 : 0;
    all += static_cast<std::int64_t>(b.size());
  }
  EXPECT_LT(static_cast<double>(common) / static_cast<double>(all), 0.25);
}

TEST(Synthetic, PromptNoise_ScattersThePrompt_AndLeavesDecodeAlone) {
  const ModelShape model = make_model();
  SyntheticParams params;
  const RouteTrace plain = synthesize(model, params);
  params.prompt_noise = 3;
  const RouteTrace scattered = synthesize(model, params);
  EXPECT_GT(measure_fast(scattered).prefill_distinct, 1.1 * measure_fast(plain).prefill_distinct);
  for (std::size_t i = 1; i < plain.steps.size(); ++i)
    ASSERT_EQ(scattered.steps[i].experts, plain.steps[i].experts);
}

TEST(Synthetic, LayerSpread_MakesLayersDiffer_AroundTheSameMean) {
  const ModelShape model = make_model({.layers = 24});
  SyntheticParams params;
  const LocalityMeasures even = measure_fast(synthesize(model, params));
  params.layer_spread = 0.4;
  const LocalityMeasures uneven = measure_fast(synthesize(model, params));
  EXPECT_GT(uneven.overlap_spread, 2 * even.overlap_spread);
  EXPECT_NEAR(uneven.overlap[0], even.overlap[0], 0.06);
}

TEST(SyntheticParams, OutOfRange_AreRefusedByName) {
  EXPECT_TRUE(validate(SyntheticParams{}).ok());
  const auto place_of = [](auto change) {
    SyntheticParams params;
    change(params);
    const Status status = validate(params);
    return status.ok() ? std::string() : status.error().place;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(place_of([nan](auto& p) { p.popularity = nan; }), "popularity");
  EXPECT_EQ(place_of([](auto& p) { p.topic = -1; }), "topic");
  EXPECT_EQ(place_of([](auto& p) { p.topic_persistence = 1.01; }), "topic_persistence");
  EXPECT_EQ(place_of([](auto& p) { p.context = 1e9; }), "context");
  EXPECT_EQ(place_of([](auto& p) { p.context_persistence = -0.1; }), "context_persistence");
  EXPECT_EQ(place_of([](auto& p) { p.group_correlation = 2; }), "group_correlation");
  EXPECT_EQ(place_of([](auto& p) { p.layer_spread = 1.1; }), "layer_spread");
  EXPECT_EQ(place_of([](auto& p) { p.prompt_noise = 1e300; }), "prompt_noise");
  EXPECT_EQ(place_of([](auto& p) { p.prompt_tokens = -1; }), "prompt_tokens");
  EXPECT_EQ(place_of([](auto& p) { p.decode_tokens = 2'000'000; }), "decode_tokens");
}

TEST(SyntheticFit, OfASyntheticTrace_FindsItsLocalityAgain) {
  SyntheticParams params;
  params.popularity = 1.5;
  params.topic = 0.8;
  params.context = 1.2;
  params.layer_spread = 0.2;
  params.prompt_noise = 1.5;
  params.seed = 77;
  const RouteTrace trace = synthesize(make_model(), params);
  const Result<FitResult> fit = fit_synthetic(trace, 1);
  ASSERT_TRUE(fit.ok());
  EXPECT_NEAR(fit->reached.lag1_overlap, fit->target.lag1_overlap, 0.03);
  EXPECT_NEAR(fit->reached.entropy_bits, fit->target.entropy_bits, 0.15);
  EXPECT_NEAR(fit->reached.top8_share, fit->target.top8_share, 0.06);
  EXPECT_EQ(fit->params.prompt_tokens, 28);
  EXPECT_EQ(fit->params.decode_tokens, 128);
  EXPECT_EQ(fit->params.fitted_to, "test");
  const double distinct = measure_fast(synthesize(make_model(), fit->params)).prefill_distinct;
  EXPECT_NEAR(distinct, measure_fast(trace).prefill_distinct, 1.5);
  EXPECT_TRUE(validate(fit->params).ok());
}

TEST(SyntheticFit, IsDeterministic) {
  const RouteTrace trace = synthesize(make_model({.layers = 3, .experts = 16, .top_k = 2}), {});
  const Result<FitResult> a = fit_synthetic(trace, 5), b = fit_synthetic(trace, 5);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->evaluations, b->evaluations);
  EXPECT_EQ(a->params.popularity, b->params.popularity);
  EXPECT_EQ(a->params.topic, b->params.topic);
  EXPECT_EQ(a->params.context_persistence, b->params.context_persistence);
}

TEST(SyntheticFit, OfLayersThatShareABank_FindsWhatTheyHaveInCommon) {
  const ModelShape model = make_model({.layers = 18, .layers_per_bank = 3});
  SyntheticParams params;
  params.popularity = 2.5;
  params.group_correlation = 0.6;
  params.seed = 9;
  const RouteTrace trace = synthesize(model, params);
  const Result<FitResult> fit = fit_synthetic(trace, 1);
  ASSERT_TRUE(fit.ok());
  const LocalityMeasures reached = measure_fast(synthesize(model, fit->params));
  EXPECT_NEAR(reached.bank_overlap, measure_fast(trace).bank_overlap, 0.03);
  EXPECT_NEAR(fit->params.group_correlation, 0.6, 0.2);
}

TEST(SyntheticFit, OfTooShortATrace_SaysHowLongItMustBe) {
  SyntheticParams params;
  params.decode_tokens = 3;
  const Result<FitResult> fit = fit_synthetic(synthesize(make_model(), params), 1);
  ASSERT_FALSE(fit.ok());
  EXPECT_EQ(fit.error().kind, Error::Kind::bad_input);
  EXPECT_EQ(fit.error().message(), "expected a trace of at least 16 decode steps of one token, found 3");
}

TEST(SyntheticFit, OfADenseModel_IsRefused) {
  RouteTrace trace;
  trace.header.model.layers.resize(2);
  EXPECT_FALSE(fit_synthetic(trace, 1).ok());
}

TEST(SyntheticFit, OfASingleShortLayer_StaysWithinTheParametersRanges) {
  SyntheticParams params;
  params.prompt_tokens = 0;
  params.decode_tokens = 16;
  const RouteTrace trace = synthesize(make_model({.layers = 1, .experts = 2, .top_k = 1}), params);
  const Result<FitResult> fit = fit_synthetic(trace, 1);
  ASSERT_TRUE(fit.ok());
  EXPECT_TRUE(validate(fit->params).ok());
  EXPECT_EQ(fit->params.prompt_noise, 0);
  EXPECT_EQ(fit->params.prompt_tokens, 0);
}

}  // namespace
}  // namespace pregate
