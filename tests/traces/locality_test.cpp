// SPDX-License-Identifier: Apache-2.0
#include "traces/locality.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "traces/base/random.hpp"

namespace pregate {
namespace {

// `layers` MoE layers, each with a bank of its own unless `shared`.
struct Shape {
  std::size_t layers = 1;
  std::int32_t experts = 16;
  std::int32_t top_k = 2;
  bool shared = false;
};

ModelShape make_model(const Shape& shape) {
  ModelShape model;
  model.name = "test";
  model.top_k = shape.top_k;
  model.layers.resize(shape.layers);
  for (std::size_t l = 0; l < shape.layers; ++l) {
    model.layers[l].bank = BankId(shape.shared ? 0U : static_cast<std::uint32_t>(l));
  }
  model.banks.assign(shape.shared ? 1 : shape.layers,
                     {.experts = shape.experts, .expert_bytes = Bytes(100), .expert_macs = {}});
  return model;
}

using Choices = std::vector<std::vector<std::uint16_t>>;  // by layer

RouteStep decode_step(const Choices& layers, std::int32_t turn = 0) {
  RouteStep step;
  step.turn = turn;
  step.offset.push_back(0);
  for (const auto& layer : layers) {
    step.experts.insert(step.experts.end(), layer.begin(), layer.end());
    step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
    step.layer_tokens.push_back(1);
  }
  return step;
}

RouteTrace make_trace(const ModelShape& model, const std::vector<Choices>& steps) {
  RouteTrace trace;
  trace.header.model = model;
  for (const Choices& choices : steps) trace.steps.push_back(decode_step(choices));
  return trace;
}

TEST(Locality, OfARouterThatNeverMoves_IsFullOverlapAndLogKBits) {
  const RouteTrace trace = make_trace(make_model({.top_k = 4}), {20, Choices{{3, 5, 7, 11}}});
  const Locality m = measure_locality(trace);
  EXPECT_DOUBLE_EQ(m.lag1_overlap, 1.0);
  EXPECT_DOUBLE_EQ(m.entropy_bits, 2.0);
  EXPECT_DOUBLE_EQ(m.top8_share, 1.0);
}

TEST(Locality, OfTwoAlternatingSets_OverlapsAtEvenLagsOnly) {
  std::vector<Choices> steps;
  for (int t = 0; t < 70; ++t) steps.push_back(t % 2 == 0 ? Choices{{0, 1}} : Choices{{2, 3}});
  const Locality m = measure_locality(make_trace(make_model({}), steps));
  ASSERT_EQ(m.lag_overlap.size(), std::size(kLags));
  for (std::size_t i = 0; i < m.lag_overlap.size(); ++i) {
    EXPECT_DOUBLE_EQ(m.lag_overlap[i], kLags[i] % 2 == 0 ? 1.0 : 0.0) << "lag " << kLags[i];
  }
  EXPECT_DOUBLE_EQ(m.lag1_overlap, m.lag_overlap.front());
}

TEST(Locality, OfHalfTheSetKept_IsOneHalf_AsTheMeanOverLayers) {
  // Layer 0 keeps one of two experts, layer 1 keeps both, layer 2 none: (1/2 + 1 + 0) / 3.
  const RouteTrace trace =
      make_trace(make_model({.layers = 3}), {{{0, 1}, {0, 1}, {0, 1}}, {{1, 2}, {1, 0}, {2, 3}}});
  EXPECT_DOUBLE_EQ(measure_locality(trace).lag1_overlap, 0.5);
}

TEST(Locality, OverlapDoesNotReachAcrossTurns) {
  RouteTrace trace = make_trace(make_model({}), {{{0, 1}}, {{0, 1}}});
  trace.steps.push_back(decode_step({{5, 6}}, 1));
  trace.steps.push_back(decode_step({{5, 6}}, 1));
  EXPECT_DOUBLE_EQ(measure_locality(trace).lag1_overlap, 1.0);
}

TEST(Locality, TopEightShare_CountsTheMostUsedEight) {
  // Ten experts of one choice each, one of them used eleven times: (11 + 7) / 20.
  std::vector<Choices> steps;
  for (std::uint16_t e = 0; e < 10; ++e) steps.push_back({{e}});
  for (int i = 0; i < 10; ++i) steps.push_back({{4}});
  EXPECT_DOUBLE_EQ(measure_locality(make_trace(make_model({.top_k = 1}), steps)).top8_share, 0.9);
}

TEST(Locality, EntropyOfEvenUse_IsTheLogarithmOfTheExperts) {
  std::vector<Choices> steps;
  for (std::uint16_t e = 0; e < 16; ++e) steps.push_back({{e}});
  EXPECT_DOUBLE_EQ(measure_locality(make_trace(make_model({.top_k = 1}), steps)).entropy_bits, 4.0);
}

TEST(Locality, TokenCycle_CountsASharedBanksExpertOnce) {
  const std::vector<Choices> steps = {{{0, 1}, {1, 2}}};  // three distinct experts if shared, four if not
  const Shape own = {.layers = 2}, shared = {.layers = 2, .shared = true};
  EXPECT_EQ(measure_locality(make_trace(make_model(own), steps)).token_cycle, Bytes(400));
  EXPECT_EQ(measure_locality(make_trace(make_model(shared), steps)).token_cycle, Bytes(300));
}

TEST(Locality, TokenCycle_HasMeanLeastAndMostOverDecodeTokens) {
  ModelShape model = make_model({.layers = 2, .shared = true});
  const Locality m =
      measure_locality(make_trace(model, {{{0, 1}, {1, 0}}, {{0, 1}, {2, 3}}, {{0, 1}, {1, 2}}}));
  EXPECT_EQ(m.token_cycle_min, Bytes(200));
  EXPECT_EQ(m.token_cycle_max, Bytes(400));
  EXPECT_EQ(m.token_cycle, Bytes(300));
}

TEST(Locality, OfABatchedStep_CountsTokensButNotOverlap) {
  ModelShape model = make_model({});
  RouteTrace trace = make_trace(model, {{{0, 1}}, {{0, 1}}});
  RouteStep prefill = decode_step({{4, 5, 6, 7, 8, 9}});
  prefill.phase = Phase::prefill;
  prefill.tokens = 3;
  prefill.layer_tokens = {3};
  prefill.dropped = 2;
  trace.steps.insert(trace.steps.begin(), prefill);
  const Locality m = measure_locality(trace);
  EXPECT_EQ(m.steps, 3);
  EXPECT_EQ(m.prefill_tokens, 3);
  EXPECT_EQ(m.decode_tokens, 2);
  EXPECT_EQ(m.choices, 10);
  EXPECT_EQ(m.dropped, 2);
  EXPECT_DOUBLE_EQ(m.lag1_overlap, 1.0);
  EXPECT_EQ(m.token_cycle, Bytes(200));
}

TEST(Locality, OfADenseLayer_IsLeftOut) {
  ModelShape model = make_model({});
  model.layers.insert(model.layers.begin(), LayerShape{});
  const Locality m = measure_locality(make_trace(model, {{{}, {0, 1}}, {{}, {0, 1}}}));
  EXPECT_EQ(m.moe_layers, 1);
  EXPECT_DOUBLE_EQ(m.lag1_overlap, 1.0);
}

TEST(Locality, WithoutDecode_IsZeroAndFinite) {
  const Locality m = measure_locality(make_trace(make_model({}), {}));
  EXPECT_EQ(m.token_cycle, Bytes(0));
  for (const double value : {m.lag1_overlap, m.lag1_overlap_chance, m.entropy_bits, m.entropy_bits_chance,
                             m.top8_share, m.top8_share_chance}) {
    EXPECT_EQ(value, 0.0);
  }
}

TEST(Locality, OfAUniformRouter_IsChance_AndChanceOfOverlapIsTopKOverExperts) {
  const Shape shape = {.layers = 24, .experts = 64, .top_k = 6};
  Random random(7);
  std::vector<Choices> steps;
  for (int t = 0; t < 200; ++t) {
    Choices step;
    for (std::size_t l = 0; l < shape.layers; ++l) {
      std::vector<std::uint16_t> chosen;
      while (chosen.size() < 6) {
        const auto expert = static_cast<std::uint16_t>(random.below(64));
        if (std::find(chosen.begin(), chosen.end(), expert) == chosen.end()) chosen.push_back(expert);
      }
      step.push_back(chosen);
    }
    steps.push_back(step);
  }
  const Locality m = measure_locality(make_trace(make_model(shape), steps));
  EXPECT_NEAR(m.lag1_overlap_chance, 6.0 / 64, 0.003);
  EXPECT_NEAR(m.lag1_overlap, m.lag1_overlap_chance, 0.005);
  EXPECT_NEAR(m.entropy_bits, m.entropy_bits_chance, 0.01);
  EXPECT_NEAR(m.top8_share, m.top8_share_chance, 0.005);
  EXPECT_LT(m.entropy_bits_chance, 6.0);     // a finite sample is never quite even,
  EXPECT_GT(m.top8_share_chance, 8.0 / 64);  // and has favourites
}

TEST(Locality, Chance_DoesNotDependOnWhatWasChosen) {
  const std::vector<Choices> still(50, Choices{{1, 2}});
  std::vector<Choices> moving;
  for (std::uint16_t t = 0; t < 50; ++t) {
    const auto first = static_cast<std::uint16_t>(t % 15);
    moving.push_back({{first, static_cast<std::uint16_t>(first + 1)}});
  }
  const Locality a = measure_locality(make_trace(make_model({}), still));
  const Locality b = measure_locality(make_trace(make_model({}), moving));
  EXPECT_EQ(a.lag1_overlap_chance, b.lag1_overlap_chance);
  EXPECT_EQ(a.entropy_bits_chance, b.entropy_bits_chance);
  EXPECT_EQ(a.top8_share_chance, b.top8_share_chance);
}

}  // namespace
}  // namespace pregate
