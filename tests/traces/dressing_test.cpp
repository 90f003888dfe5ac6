// SPDX-License-Identifier: Apache-2.0
// Closed forms of the mapping, and what a dressed source keeps of the contract of sources.
#include "traces/dressing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/traces/trace_fixtures.hpp"
#include "traces/dressed_source.hpp"
#include "traces/model_spec.hpp"
#include "traces/replay.hpp"
#include "traces/synthetic.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Counts {
  std::int64_t moe_layers = 6, group = 3, experts = 8, top_k = 2, dense_layers = 1;
};

ModelShape shape(const std::string& name, const Counts& counts, std::int64_t width = 16) {
  ModelSpec spec;
  spec.name = name;
  spec.hidden = 32;
  spec.layers = counts.moe_layers + counts.dense_layers;
  spec.heads = spec.kv_heads = 2;
  spec.head_dim = 16;
  spec.dense_layers = counts.dense_layers;
  spec.dense_width = 64;
  spec.group = counts.group;
  spec.experts = counts.experts;
  spec.expert_width = width;
  spec.top_k = counts.top_k;
  spec.vocabulary = 100;
  return shape_of(spec);
}

Dressing dressing(const Counts& routed, const Counts& large, std::uint64_t seed = 1) {
  Result<Dressing> made = Dressing::make(shape("small", routed), shape("large", large, 512), seed);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message());
  return std::move(*made);
}

std::string refusal(const Counts& routed, const Counts& large) {
  const Result<Dressing> made = Dressing::make(shape("small", routed), shape("large", large), 1);
  return made.ok() ? "none" : made.error().message();
}

// Sources of the layers of the shape, -1 for a dense one.
std::vector<std::int64_t> sources(const Dressing& d) {
  std::vector<std::int64_t> out;
  for (std::uint32_t l = 0; l < d.shape().layers.size(); ++l) {
    const LayerId source = d.source_of(LayerId(l));
    out.push_back(source.valid() ? std::int64_t{source.value()} : -1);
  }
  return out;
}

std::vector<std::uint16_t> dressed(const Dressing& d, std::uint32_t layer, std::vector<std::uint16_t> choices,
                                   std::int32_t tokens = 1) {
  std::vector<std::uint16_t> out;
  const Status done = d.dress(LayerId(layer), {.experts = choices, .weights = {}, .tokens = tokens}, out);
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message());
  return out;
}

TEST(Dressing, SameCounts_LeaveEveryLayerAndExpertWhereItIs) {
  const Dressing d = dressing({}, {});
  EXPECT_THAT(sources(d), ElementsAre(-1, 1, 2, 3, 4, 5, 6));
  for (std::uint32_t l = 1; l < 7; ++l) EXPECT_THAT(dressed(d, l, {7, 0}), ElementsAre(7, 0));
  EXPECT_THAT(describe(d.facts()), HasSubstr("layer for layer; expert for expert"));
}

TEST(Dressing, MoreGroups_GoRoundAndKeepTheirPlaces) {
  const Dressing d = dressing({.moe_layers = 6}, {.moe_layers = 15, .dense_layers = 2});
  EXPECT_THAT(sources(d), ElementsAre(-1, -1, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3));
  EXPECT_EQ(d.repetition_of(LayerId(7)), 0);
  EXPECT_EQ(d.repetition_of(LayerId(8)), 1);
  EXPECT_EQ(d.repetition_of(LayerId(16)), 2);
  EXPECT_EQ(
      describe(d.facts()),
      "6 MoE layers of small stand for 15 of large, repeated 2.5 times, expert numbers of repeats permuted "
      "by seed 1; expert for expert");
}

TEST(Dressing, ARepeat_PermutesExpertsAlikeWithinItsBank) {
  const Dressing d = dressing({.moe_layers = 6}, {.moe_layers = 18});
  for (const std::uint32_t first : {7U, 13U}) {
    std::set<std::uint16_t> seen;
    bool moved = false;
    for (std::uint16_t e = 0; e < 8; ++e) {
      const std::uint16_t image = dressed(d, first, {e})[0];
      EXPECT_LT(image, 8);
      seen.insert(image);
      moved |= image != e;
      EXPECT_EQ(dressed(d, first + 1, {e})[0], image) << "layers of a bank mean the same expert by a number";
      EXPECT_EQ(dressed(d, first + 2, {e})[0], image);
    }
    EXPECT_EQ(seen.size(), 8U) << "no two experts become one";
    EXPECT_TRUE(moved);
  }
  EXPECT_NE(dressed(d, 7, {0, 1, 2, 3}), dressed(d, 13, {0, 1, 2, 3}));
  EXPECT_EQ(dressed(d, 7, {0, 1}), dressed(dressing({}, {.moe_layers = 18}), 7, {0, 1}));
  EXPECT_NE(dressed(d, 7, {0, 1, 2, 3}), dressed(dressing({}, {.moe_layers = 18}, 2), 7, {0, 1, 2, 3}));
}

TEST(Dressing, SmallerGroupsInTheShape_LeaveTheLastPlacesOut) {
  const Dressing d = dressing({.moe_layers = 6, .group = 3}, {.moe_layers = 4, .group = 2});
  EXPECT_THAT(sources(d), ElementsAre(-1, 1, 2, 4, 5));
  EXPECT_THAT(describe(d.facts()), HasSubstr("4 MoE layers of small stand for 4 of large (2 are not taken)"));
}

TEST(Dressing, LargerGroupsInTheShape_GoOnWithTheNextBank) {
  EXPECT_THAT(sources(dressing({.moe_layers = 6, .group = 1}, {.moe_layers = 6, .group = 3})),
              ElementsAre(-1, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(sources(dressing({.moe_layers = 4, .group = 2}, {.moe_layers = 6, .group = 3})),
              ElementsAre(-1, 1, 2, 3, 1, 2, 3));
  // One layer for a bank of two: the second is a repeat, and no copy of the first.
  const Dressing one = dressing({.moe_layers = 1, .group = 1}, {.moe_layers = 2, .group = 2});
  EXPECT_THAT(sources(one), ElementsAre(-1, 1, 1));
  EXPECT_NE(dressed(one, 1, {0, 1, 2, 3}), dressed(one, 2, {0, 1, 2, 3}));
}

TEST(Dressing, MoreExperts_AreChosenTogetherAndTheBestAreTaken) {
  const Dressing twins = dressing({.experts = 8, .top_k = 2}, {.experts = 16, .top_k = 4});
  EXPECT_THAT(dressed(twins, 1, {5, 0, 3, 7}, 2), ElementsAre(10, 11, 0, 1, 6, 7, 14, 15));
  const Dressing cut = dressing({.experts = 8, .top_k = 2}, {.experts = 16, .top_k = 3});
  EXPECT_THAT(dressed(cut, 1, {5, 0, 3, 7}, 2), ElementsAre(10, 11, 0, 6, 7, 14));
  EXPECT_THAT(
      describe(cut.facts()),
      HasSubstr("each of 8 experts stands for 2 of 16, chosen together; of 4 a token takes the best 3"));
}

TEST(Dressing, FewerExperts_AreFoldedAndChosenOnce) {
  const Dressing d = dressing({.experts = 8, .top_k = 3}, {.experts = 4, .top_k = 2});
  EXPECT_THAT(dressed(d, 1, {5, 1, 2, 4, 7, 0}, 2), ElementsAre(1, 2, 0, 3));
  EXPECT_THAT(dressed(d, 1, {5, 1, 5}), ElementsAre(1));
}

TEST(Dressing, ASmallerTopK_TakesEachTokensBest) {
  const Dressing d = dressing({.top_k = 4}, {.top_k = 2});
  EXPECT_THAT(dressed(d, 2, {7, 6, 5, 4, 0, 1, 2, 3}, 2), ElementsAre(7, 6, 0, 1));
}

TEST(Dressing, WhatDoesNotFit_IsRefusedWithBothNumbers) {
  EXPECT_THAT(
      refusal({.top_k = 2}, {.top_k = 3}),
      HasSubstr("model.shape_as: expected a shape with at most top-2, which the top-2 of small can fill, "
                "found large with top-3"));
  EXPECT_THAT(refusal({.experts = 8, .top_k = 2}, {.experts = 16, .top_k = 5}),
              HasSubstr("at most top-4, which the top-2 of small can fill where an expert stands for 2"));
  EXPECT_THAT(refusal({.experts = 8}, {.experts = 12}),
              HasSubstr("a multiple or a divisor of the 8 of small, found large with 12"));
  EXPECT_THAT(refusal({.experts = 12}, {.experts = 8}),
              HasSubstr("a multiple or a divisor of the 12 of small"));
  const Dressing d = dressing({.top_k = 4}, {.top_k = 2});
  const std::vector<std::uint16_t> choices = {7, 6, 5, 4, 0, 1, 2};
  std::vector<std::uint16_t> out;
  const Status cut = d.dress(LayerId(1), {.experts = choices, .weights = {}, .tokens = 2}, out);
  ASSERT_FALSE(cut.ok());
  EXPECT_THAT(cut.error().message(), HasSubstr("tokens each have all of their top-4"));
}

RouteTrace small_trace() {
  SyntheticParams params;
  params.prompt_tokens = 5;
  params.decode_tokens = 7;
  return synthesize(shape("small", {.top_k = 3}), params);
}

TEST(DressedTrace, IsValidInTheShapeAndHasItsCosts) {
  const Dressing d = dressing({.top_k = 3}, {.moe_layers = 15, .experts = 16, .top_k = 5});
  RouteTrace trace = small_trace();
  trace.header.context = 99;
  const Result<RouteTrace> whole = dress(trace, d);
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  EXPECT_EQ(whole->header.model.banks[0].expert_bytes, d.shape().banks[0].expert_bytes);
  EXPECT_EQ(whole->header.context, 99);
  EXPECT_EQ(whole->header.origin, Origin::synthetic);
  EXPECT_THAT(whole->header.provenance, HasSubstr("; 6 MoE layers of small stand for 15 of large"));
  ASSERT_EQ(whole->steps.size(), trace.steps.size());
  for (const RouteStep& step : whole->steps) {
    const Status valid = validate_step(step, whole->header.model);
    EXPECT_TRUE(valid.ok()) << (valid.ok() ? "" : valid.error().message());
  }
}

TEST(DressedSource, AnswersWhatTheDressedTraceHolds_InAnyOrder) {
  const Dressing d = dressing({.top_k = 3}, {.moe_layers = 15});
  Replay inner(std::make_shared<const RouteTrace>(small_trace()));
  const auto source = DressedSource::create(inner, d);
  ASSERT_TRUE(source.ok());
  const RouteTrace* whole = (*source)->whole_trace();
  ASSERT_NE(whole, nullptr);
  for (const RouteStep& expected : whole->steps) {
    const auto info = (*source)->next_step();
    ASSERT_TRUE(info.ok() && info->has_value());
    EXPECT_EQ((*info)->tokens, expected.tokens);
    for (const std::uint32_t l : {3U, 1U, 0U, 7U, 1U, 15U, 3U}) {
      const auto answer = (*source)->route(LayerId(l));
      ASSERT_TRUE(answer.ok());
      EXPECT_THAT(answer->experts, testing::ElementsAreArray(expected.layer_experts(l))) << l;
      EXPECT_EQ(answer->tokens, expected.layer_tokens[l]);
    }
  }
  EXPECT_FALSE((*source)->next_step()->has_value());
}

TEST(DressedSource, HasNoMeasuredOperators) {
  RouteTrace trace = fixtures::random_trace(3);
  const Result<Dressing> d = Dressing::make(trace.header.model, trace.header.model, 1);
  ASSERT_TRUE(d.ok());
  Replay inner(std::make_shared<const RouteTrace>(trace));
  const auto source = DressedSource::create(inner, *d);
  ASSERT_TRUE(source.ok());
  ASSERT_TRUE((*source)->next_step().ok());
  EXPECT_TRUE((*source)->measured(LayerId(), OperatorKind::head)->empty());
  EXPECT_TRUE((*source)->whole_trace()->steps[0].measured.empty());
  EXPECT_EQ((*source)->whole_trace()->steps.back().turn, 1);
  EXPECT_EQ((*source)->whole_trace()->steps.back().dropped, 4);
}

}  // namespace
}  // namespace pregate
