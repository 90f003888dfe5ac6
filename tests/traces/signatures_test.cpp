// SPDX-License-Identifier: Apache-2.0
// Each signature on a trace that is built to show it and on one that is not.
#include "traces/signatures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "traces/base/random.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;

constexpr std::int32_t kExperts = 64, kTopK = 6;

// Six MoE layers behind a dense one, in groups of three that share a bank.
ModelShape shared_model() {
  ModelShape model;
  model.name = "test";
  model.top_k = kTopK;
  model.layers.resize(7);
  for (std::size_t l = 1; l < 7; ++l) model.layers[l].bank = BankId(static_cast<std::uint32_t>((l - 1) / 3));
  model.banks.assign(2, {.experts = kExperts, .expert_bytes = Bytes(10), .expert_macs = {}});
  return model;
}

using Choice = std::vector<std::uint16_t>;

// `count` distinct experts below `among`.
Choice draw(Random& random, std::uint64_t among, int count = kTopK) {
  Choice all(among);
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  for (int i = 0; i < count; ++i)
    std::swap(all[static_cast<std::size_t>(i)],
              all[static_cast<std::size_t>(i) + random.below(among - static_cast<std::uint64_t>(i))]);
  all.resize(static_cast<std::size_t>(count));
  return all;
}

// A trace of one-token decode steps; `choose` says what MoE layer `l` (1 to 6) takes.
template <typename Choose>
RouteTrace make_trace(int tokens, const Choose& choose) {
  RouteTrace trace{.header = {.model = shared_model()}};
  for (int t = 0; t < tokens; ++t) {
    RouteStep step{.position = t, .offset = {0, 0}, .layer_tokens = {1}};
    for (int l = 1; l < 7; ++l) {
      const Choice choice = choose(l);
      step.experts.insert(step.experts.end(), choice.begin(), choice.end());
      step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
      step.layer_tokens.push_back(1);
    }
    trace.steps.push_back(std::move(step));
  }
  return trace;
}

RouteTrace uniform_trace(int tokens = 200) {
  Random random(3);
  return make_trace(tokens, [&random](int) { return draw(random, kExperts); });
}

TEST(Collapse, OfAUniformRouter_IsOk) {
  const RoutingUse use = measure_use(uniform_trace());
  ASSERT_EQ(use.layers.size(), 6U);
  ASSERT_EQ(use.banks.size(), 2U);
  EXPECT_EQ(use.banks[1].layers, 3);
  EXPECT_EQ(use.banks[1].use.tokens, 600);
  for (const LayerUse& layer : use.layers) {
    EXPECT_NEAR(layer.use.evenness, 1, 0.02);
    EXPECT_NEAR(layer.use.entropy_bits, layer.use.entropy_bits_chance, 0.05);
    EXPECT_NEAR(layer.use.top8_share, layer.use.top8_share_chance, 0.02);
    EXPECT_EQ(layer.use.uses, 200 * kTopK);
    EXPECT_EQ(layer.use.unused, 0);
  }
  const Signature s = judge_collapse(use);
  EXPECT_EQ(s.verdict, Verdict::ok);
  EXPECT_NEAR(*s.value, 1, 0.02);
}

TEST(Collapse, OfOneLayer_IsFailingAndNamed) {
  Random random(4);
  const RouteTrace trace =
      make_trace(200, [&random](int layer) { return draw(random, layer == 4 ? 7 : kExperts); });
  const RoutingUse use = measure_use(trace);
  EXPECT_EQ(use.layers[3].layer, LayerId(4));
  EXPECT_EQ(use.layers[3].use.unused, kExperts - 7);
  EXPECT_LT(use.layers[3].use.most_used, 7);
  EXPECT_DOUBLE_EQ(use.layers[3].use.top8_share, 1);
  const Signature s = judge_collapse(use);
  EXPECT_EQ(s.verdict, Verdict::failing);
  EXPECT_LT(*s.value, 0.15);
  EXPECT_THAT(s.sentence, HasSubstr("Layer 4"));
  EXPECT_THAT(s.sentence, HasSubstr("57 of 64 are never used"));
}

TEST(Collapse, OntoOneSet_HasNoEvennessAtAll) {
  const RouteTrace trace = make_trace(64, [](int) { return Choice{0, 1, 2, 3, 4, 5}; });
  const RoutingUse use = measure_use(trace);
  EXPECT_NEAR(use.layers[0].use.evenness, 0, 1e-9);
  EXPECT_NEAR(use.layers[0].use.entropy_bits, std::log2(6.0), 1e-9);
  EXPECT_DOUBLE_EQ(use.layers[0].use.largest_share, 1.0 / 6);
}

TEST(Signatures, OfAShortTrace_AreUnknown) {
  const RouteTrace trace = uniform_trace(kLeastTokens - 1);
  EXPECT_EQ(judge_collapse(measure_use(trace)).verdict, Verdict::unknown);
  EXPECT_EQ(judge_confusion(measure_pairs(trace)).verdict, Verdict::unknown);
  EXPECT_THAT(judge_confusion(measure_pairs(trace)).sentence, HasSubstr("31 decode tokens"));
  EXPECT_EQ(judge_collapse(measure_use(uniform_trace(kLeastTokens))).verdict, Verdict::ok);
  const RouteTrace none = uniform_trace(0);
  EXPECT_EQ(judge_collapse(measure_use(none)).verdict, Verdict::unknown);
  EXPECT_EQ(judge_confusion(measure_pairs(none)).verdict, Verdict::unknown);
  EXPECT_EQ(judge_thrashing(std::nullopt).verdict, Verdict::unknown);
}

TEST(Confusion, OfIndependentRouters_IsWhatChanceGives) {
  const LayerPairs pairs = measure_pairs(uniform_trace(400));
  ASSERT_EQ(pairs.within.size(), 6U) << "three pairs in each of two groups";
  for (const LayerPair& pair : pairs.within) {
    EXPECT_DOUBLE_EQ(pair.chance, 6.0 / 64);
    EXPECT_NEAR(pair.overlap, pair.chance, 0.02);
    EXPECT_NEAR(pair.shuffled, pair.chance, 0.01);
    EXPECT_NEAR(pair.choice_correlation, (pair.overlap - pair.chance) / (1 - pair.chance), 1e-9);
    EXPECT_GT(pair.shuffled_deviation, 0);
    EXPECT_LT(pair.shuffled_deviation, 0.02);
  }
  ASSERT_EQ(pairs.within_means.size(), 2U);
  EXPECT_EQ(pairs.within_means[0].pairs, 4);
  EXPECT_EQ(pairs.within_means[1].pairs, 2);
  ASSERT_EQ(pairs.across_means.size(), 2U);
  EXPECT_EQ(pairs.across_means[0].pairs, 1) << "layers 3 and 4";
  EXPECT_EQ(pairs.across_means[1].pairs, 2);
  EXPECT_EQ(judge_confusion(pairs).verdict, Verdict::ok);
}

TEST(Confusion, OfTwoRoutersThatAgree_IsFailingAndNamed) {
  Random random(5);
  Choice last;
  // Layer 6 takes what layer 5 took, but for one expert.
  const RouteTrace trace = make_trace(100, [&](int layer) {
    if (layer == 6) {
      const Choice other = draw(random, kExperts);
      for (const std::uint16_t e : other) {
        if (std::find(last.begin(), last.end(), e) != last.end()) continue;
        last[0] = e;
        break;
      }
      return last;
    }
    last = draw(random, kExperts);
    return last;
  });
  const LayerPairs pairs = measure_pairs(trace);
  const LayerPair& worst = pairs.within.back();
  EXPECT_EQ(worst.first, LayerId(5));
  EXPECT_EQ(worst.second, LayerId(6));
  EXPECT_DOUBLE_EQ(worst.overlap, 5.0 / 6);
  EXPECT_NEAR(worst.shuffled, 6.0 / 64, 0.02) << "they agree token by token, not in what is popular";
  const Signature s = judge_confusion(pairs);
  EXPECT_EQ(s.verdict, Verdict::failing);
  EXPECT_THAT(s.sentence, HasSubstr("the routers of 5 and 6"));
}

TEST(Confusion, OfSharedPopularity_ShowsInTheShuffledTokens) {
  Random random(6);
  const RouteTrace trace =
      make_trace(200, [&random](int layer) { return draw(random, layer <= 2 ? 12 : kExperts); });
  const LayerPair& pair = measure_pairs(trace).within.front();
  EXPECT_NEAR(pair.overlap, 0.5, 0.05);
  EXPECT_NEAR(pair.shuffled, pair.overlap, 0.05);
  EXPECT_GT(pair.usage_correlation, 0.9);
  EXPECT_LT(std::abs(measure_pairs(trace).within[1].usage_correlation), 0.5);
}

TEST(Confusion, OfRoutersThatAvoidEachOther_IsBelowChance) {
  Random random(7);
  const RouteTrace trace = make_trace(100, [&random](int layer) {
    Choice choice = draw(random, kExperts / 2);
    for (std::uint16_t& e : choice) e = static_cast<std::uint16_t>(e * 2 + layer % 2);
    return choice;
  });
  const LayerPairs pairs = measure_pairs(trace);
  EXPECT_EQ(pairs.within.front().overlap, 0);
  EXPECT_LT(pairs.within.front().choice_correlation, 0);
  EXPECT_LT(pairs.within.front().usage_correlation, -0.5);
  EXPECT_GT(pairs.within[1].overlap, pairs.within[1].chance) << "layers 1 and 3 share a half";
}

TEST(Confusion, WithoutSharedBanks_IsUnknown) {
  RouteTrace trace = uniform_trace(64);
  trace.header.model.banks.assign(6, trace.header.model.banks.front());
  for (std::uint32_t l = 1; l < 7; ++l) trace.header.model.layers[l].bank = BankId(l - 1);
  const LayerPairs pairs = measure_pairs(trace);
  EXPECT_TRUE(pairs.within.empty());
  ASSERT_EQ(pairs.across_means.size(), 2U);
  EXPECT_EQ(pairs.across_means[0].pairs, 5);
  const Signature s = judge_confusion(pairs);
  EXPECT_EQ(s.verdict, Verdict::unknown);
  EXPECT_THAT(s.sentence, HasSubstr("No two layers share"));
}

RouteTrace with_norms(float shared, float routed) {
  RouteTrace trace = uniform_trace(64);
  for (RouteStep& step : trace.steps) {
    step.norms.assign(7, {.shared = 1, .routed = 1});
    step.norms[0] = {};
    step.norms[5] = {.shared = shared, .routed = routed};
  }
  return trace;
}

TEST(SharedDominance, NamesTheLayerThatLeansMostOnItsSharedExperts) {
  const Signature fine = judge_shared(measure_use(with_norms(2, 1)));
  EXPECT_EQ(fine.verdict, Verdict::ok);
  EXPECT_DOUBLE_EQ(*fine.value, 2);
  const Signature bad = judge_shared(measure_use(with_norms(24, 2)));
  EXPECT_EQ(bad.verdict, Verdict::failing);
  EXPECT_THAT(bad.sentence, HasSubstr("Layer 5"));
  EXPECT_EQ(judge_shared(measure_use(with_norms(5, 1))).verdict, Verdict::watch);
}

TEST(SharedDominance, WithoutNormsOrSharedExperts_IsUnknownAndSaysWhy) {
  EXPECT_THAT(judge_shared(measure_use(uniform_trace())).sentence, HasSubstr("live forward pass"));
  RouteTrace trace = with_norms(0, 1);
  for (RouteStep& step : trace.steps) step.norms.assign(7, {.shared = 0, .routed = 1});
  EXPECT_THAT(judge_shared(measure_use(trace)).sentence, HasSubstr("no shared experts"));
}

TEST(SharedDominance, LeavesThePromptOut) {
  RouteTrace trace = with_norms(2, 1);
  RouteStep prompt = trace.steps.front();
  prompt.phase = Phase::prefill;
  prompt.norms.assign(7, {.shared = 1000, .routed = 1});  // the first token's state is large
  trace.steps.insert(trace.steps.begin(), prompt);
  EXPECT_DOUBLE_EQ(*judge_shared(measure_use(trace)).value, 2);
}

// A run of `tokens` decode steps after a prompt that uses ten experts a token, of which `again` are read
// again and `first` for the first time.
RunRecord make_run(int tokens, int again, int first) {
  RunRecord run{.model = shared_model()};
  run.steps.push_back({.phase = Phase::prefill, .tokens = 5});
  run.events.push_back({.step = 0, .layer = LayerId(1)});
  run.loads.push_back(
      {.expert = ExpertId(0), .bytes = Bytes(100'000), .reload = true, .state = LoadEnd::arrived});
  for (int t = 1; t <= tokens; ++t) {
    run.steps.push_back({.phase = Phase::decode, .position = t + 4, .tokens = 1});
    run.events.push_back(
        {.step = t, .layer = LayerId(1), .first_lookup = static_cast<std::uint32_t>(run.lookups.size())});
    for (std::uint32_t e = 0; e < 10; ++e)
      run.lookups.push_back({.event = EventId(static_cast<std::uint32_t>(t)), .expert = ExpertId(e)});
    for (int i = 0; i < again + first; ++i) {
      run.loads.push_back({.expert = ExpertId(0),
                           .bytes = Bytes(10),
                           .reload = i < again,
                           .state = LoadEnd::arrived,
                           .step = t,
                           .layer = LayerId(1)});
    }
  }
  return run;
}

TEST(Thrashing, IsWhatWasReadAgainOfWhatWasUsed) {
  const auto thrashing = measure_thrashing(make_run(20, 6, 2));
  ASSERT_TRUE(thrashing);
  EXPECT_EQ(thrashing->tokens, 16);
  EXPECT_EQ(thrashing->used, Bytes(1600));
  EXPECT_DOUBLE_EQ(thrashing->of_used(), 0.6);
  EXPECT_DOUBLE_EQ(thrashing->of_read(), 0.75);
  const Signature s = judge_thrashing(thrashing);
  EXPECT_EQ(s.verdict, Verdict::failing);
  EXPECT_THAT(s.sentence, HasSubstr("60 % of those used, and 75 % of the bytes read"));
}

TEST(Thrashing, OfALongRunThatHits_IsOk_ThoughEveryReadIsAReload) {
  const Signature s = judge_thrashing(measure_thrashing(make_run(100, 1, 0)));
  EXPECT_EQ(s.verdict, Verdict::ok);
  EXPECT_DOUBLE_EQ(*s.value, 0.1);
}

TEST(Thrashing, FirstReadsAreNone) {
  const Signature s = judge_thrashing(measure_thrashing(make_run(40, 0, 9)));
  EXPECT_EQ(s.verdict, Verdict::ok);
  EXPECT_DOUBLE_EQ(*s.value, 0);
}

TEST(Thrashing, FindsTheWorstWindow) {
  RunRecord run = make_run(60, 1, 0);
  for (LoadRecord& load : run.loads) {
    if (load.step >= 30 && load.step < 46) load.bytes = Bytes(40);
  }
  const auto thrashing = measure_thrashing(run);
  EXPECT_EQ(thrashing->first_step, 30);
  EXPECT_DOUBLE_EQ(thrashing->of_used(), 0.4);
  EXPECT_EQ(judge_thrashing(thrashing).verdict, Verdict::watch);
}

TEST(Thrashing, LoadsThatNeverRan_AreNotRead) {
  RunRecord run = make_run(20, 6, 0);
  for (LoadRecord& load : run.loads) load.state = LoadEnd::cancelled;
  EXPECT_EQ(measure_thrashing(run)->read, Bytes());
}

TEST(Signatures, OfARunAndItsTrace_AreTheSame) {
  const RouteTrace trace = uniform_trace(50);
  RunRecord run{.model = trace.header.model};
  const ExpertTable table(run.model);
  for (std::size_t t = 0; t < trace.steps.size(); ++t) {
    run.steps.push_back({.phase = Phase::decode, .tokens = 1});
    for (std::uint32_t l = 1; l < 7; ++l) {
      run.events.push_back({.step = static_cast<std::int32_t>(t),
                            .layer = LayerId(l),
                            .first_lookup = static_cast<std::uint32_t>(run.lookups.size())});
      for (const std::uint16_t e : trace.steps[t].layer_experts(l)) {
        run.lookups.push_back({.event = EventId(static_cast<std::uint32_t>(run.events.size() - 1)),
                               .expert = table.id(run.model.layers[l].bank, e)});
      }
    }
  }
  EXPECT_EQ(judge_collapse(measure_use(run)).value, judge_collapse(measure_use(trace)).value);
  EXPECT_EQ(judge_confusion(measure_pairs(run)).value, judge_confusion(measure_pairs(trace)).value);
}

TEST(Limits, JudgeOnTheirBadSide) {
  constexpr Limits kAbove = {.watch = 1, .failing = 2},
                   kBelow = {.watch = 2, .failing = 1, .side = BadSide::below};
  EXPECT_EQ(kAbove.judge(0.9), Verdict::ok);
  EXPECT_EQ(kAbove.judge(1), Verdict::watch);
  EXPECT_EQ(kAbove.judge(2), Verdict::failing);
  EXPECT_EQ(kBelow.judge(2.1), Verdict::ok);
  EXPECT_EQ(kBelow.judge(2), Verdict::watch);
  EXPECT_EQ(kBelow.judge(1), Verdict::failing);
}

}  // namespace
}  // namespace pregate
