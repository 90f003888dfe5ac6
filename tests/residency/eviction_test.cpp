// SPDX-License-Identifier: Apache-2.0
// Closed forms: small sequences whose hits and victims can be counted by hand.
#include "sim/residency/eviction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/residency/worlds.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace testing_worlds;

// `layers` layers with a bank each, that use the same `per_event` experts in every step.
World cyclic(std::int32_t layers, std::int32_t per_event, std::int32_t steps) {
  ModelShape model = make_model({.banks = layers, .experts = per_event, .top_k = per_event});
  const ExpertTable table(model);
  EventSequence sequence;
  for (std::int32_t step = 0; step < steps; ++step) {
    for (std::int32_t layer = 0; layer < layers; ++layer) {
      const BankId bank(static_cast<std::uint32_t>(layer));
      std::vector<ExpertId> experts;
      for (std::int32_t i = 0; i < per_event; ++i) experts.push_back(table.id(bank, i));
      sequence.append({.step = step, .layer = LayerId(bank.value()), .bank = bank}, experts);
    }
  }
  return {std::move(model), std::move(sequence)};
}

std::vector<std::uint32_t> victims(const World& world, EvictionKind policy, std::int64_t budget) {
  std::vector<std::uint32_t> out;
  for (const Eviction& e : replay_world(world, options_of(world, policy, Bytes(budget))).evictions) {
    out.push_back(e.expert.value());
  }
  return out;
}

TEST(Eviction, Lru_BelowTheTokenCycle_HitsNothing) {
  EXPECT_EQ(cyclic(10, 1, 20).replay(EvictionKind::lru, Bytes(9)).hits, 0);
  EXPECT_EQ(cyclic(10, 4, 20).replay(EvictionKind::lru, Bytes(36)).hits, 0);
}

TEST(Eviction, Lru_AtTheTokenCycle_HitsEverythingAfterTheFirstToken) {
  const CurvePoint point = cyclic(10, 4, 20).replay(EvictionKind::lru, Bytes(40));
  EXPECT_EQ(point.hits, 19 * 40);
  EXPECT_EQ(point.loads, 40);
  EXPECT_EQ(point.reloads, 0);
}

TEST(Eviction, LayerLru_BelowTheTokenCycle_FailsInEveryBankAlike) {
  // Each bank's share holds its event: the cliff of global LRU is gone at the cycle, not below it.
  EXPECT_EQ(cyclic(10, 4, 20).replay(EvictionKind::layer_lru, Bytes(40)).hits, 19 * 40);
}

TEST(Eviction, Belady_BelowTheTokenCycle_KeepsWhatFits) {
  // MIN on a cyclic sequence of n with room for c: one of the n - 1 others is missed each (n - 1) / (n - c)
  // lookups.
  const CurvePoint point = cyclic(10, 1, 100).replay(EvictionKind::belady, Bytes(9));
  EXPECT_EQ(point.loads, 10 + (1000 - 10 + 8) / 9);
}

TEST(Eviction, Lru_EvictsTheLongestUnused) {
  EXPECT_THAT(victims(one_layer({{0}, {1}, {0}, {2}}), EvictionKind::lru, 2), ElementsAre(1));
}

TEST(Eviction, Fifo_EvictsTheFirstAdmitted_HoweverUsed) {
  EXPECT_THAT(victims(one_layer({{0}, {1}, {0}, {2}}), EvictionKind::fifo, 2), ElementsAre(0));
}

TEST(Eviction, Fifo_WithMoreRoom_MayMissMore) {
  // Belady's anomaly: 9 misses in 3 frames, 10 in 4.
  const World world = one_layer({{1}, {2}, {3}, {4}, {1}, {2}, {5}, {1}, {2}, {3}, {4}, {5}});
  EXPECT_EQ(world.misses(EvictionKind::fifo, Bytes(3)), 9);
  EXPECT_EQ(world.misses(EvictionKind::fifo, Bytes(4)), 10);
}

TEST(Eviction, Lfu_EvictsTheLeastUsed_ThenTheLeastRecent) {
  EXPECT_THAT(victims(one_layer({{0}, {0}, {1}, {2}, {3}}), EvictionKind::lfu, 3), ElementsAre(1));
  EXPECT_THAT(victims(one_layer({{1}, {0}, {0}, {2}, {3}}), EvictionKind::lfu, 3), ElementsAre(1));
  EXPECT_THAT(victims(one_layer({{1}, {2}, {0}, {0}, {1}, {3}}), EvictionKind::lfu, 3), ElementsAre(2));
}

TEST(Eviction, Lfu_CountsSurviveEviction) {
  // 1 leaves for 2 although both were used once; back again it has two uses and outlasts 2.
  EXPECT_THAT(victims(one_layer({{0}, {0}, {0}, {1}, {2}, {1}, {3}}), EvictionKind::lfu, 2),
              ElementsAre(1, 2, 1));
  EXPECT_THAT(victims(one_layer({{1}, {2}, {0}, {1}, {3}}), EvictionKind::lfu, 2), ElementsAre(1, 2, 0));
}

TEST(Eviction, LfuDecay_ForgetsOldFavourites_WhereLfuDoesNot) {
  std::vector<std::vector<std::uint32_t>> events(8, {0});
  for (int i = 0; i < 16; ++i) events.push_back({1});
  events.insert(events.end(), {{2}, {2}, {3}});
  const World world = one_layer(events);
  EXPECT_THAT(victims(world, EvictionKind::lfu, 3), ElementsAre(2));
  ResidencyOptions options = options_of(world, EvictionKind::lfu_decay, Bytes(3));
  options.context.lfu_half_life = 4;
  const Replayed replayed = replay_world(world, options);
  ASSERT_EQ(replayed.evictions.size(), 1U);
  EXPECT_EQ(replayed.evictions[0].expert, ExpertId(0));
}

TEST(Eviction, LfuDecay_HalvingKeepsTheOrder) {
  // One use more a long time ago is still more after twenty halvings.
  std::vector<std::vector<std::uint32_t>> events = {{0, 1}, {0}};
  for (int i = 0; i < 40; ++i) events.push_back({2});
  events.push_back({3});
  const World world = one_layer(events);
  ResidencyOptions options = options_of(world, EvictionKind::lfu_decay, Bytes(3));
  options.context.lfu_half_life = 2;
  EXPECT_EQ(replay_world(world, options).evictions.at(0).expert, ExpertId(1));
}

TEST(Eviction, Belady_OnTheTextbookSequence_HasSevenMisses) {
  // Three frames: 1 2 3 4 1 2 5 1 2 3 4 5.
  const World world = one_layer({{1}, {2}, {3}, {4}, {1}, {2}, {5}, {1}, {2}, {3}, {4}, {5}});
  EXPECT_EQ(world.misses(EvictionKind::belady, Bytes(3)), 7);
  EXPECT_EQ(victims(world, EvictionKind::belady, 3)[0], 3U);
}

TEST(Eviction, BeladyBypass_DoesNotKeepWhatIsNotUsedAgain) {
  // Forced admission of 2 costs one of 0 and 1; bypass keeps both.
  const World world = one_layer({{0}, {1}, {2}, {0}, {1}});
  EXPECT_EQ(world.misses(EvictionKind::belady, Bytes(2)), 4);
  EXPECT_EQ(world.misses(EvictionKind::belady_bypass, Bytes(2)), 3);
}

TEST(Eviction, LeastStale_SparesWhatThisStepHasUsed) {
  // 0 and 1 are of bank 0, 3 and 4 of bank 1. In step 1, bank 0 has used 0 when bank 1 needs room: 1 is
  // stale. LRU agrees there. In step 2 only 3 is stale when bank 0 needs room.
  ModelShape model = make_model({.banks = 2, .experts = 3});
  EventSequence sequence;
  const auto add = [&](std::int32_t step, std::uint32_t bank, std::vector<ExpertId> experts) {
    sequence.append({.step = step, .layer = LayerId(bank), .bank = BankId(bank)}, experts);
  };
  add(0, 0, {ExpertId(0), ExpertId(1)});
  add(0, 1, {ExpertId(3)});
  add(1, 0, {ExpertId(0)});
  add(1, 1, {ExpertId(4)});
  add(2, 0, {ExpertId(2)});
  const World world(std::move(model), std::move(sequence));
  EXPECT_THAT(victims(world, EvictionKind::least_stale, 3), ElementsAre(1, 3));
}

TEST(Eviction, LeastStale_TakesThePassedBankWhereLruTakesTheComingOne) {
  ModelShape model = make_model({.banks = 2, .experts = 3});
  EventSequence sequence;
  const auto add = [&](std::int32_t step, std::uint32_t bank, std::vector<ExpertId> experts) {
    sequence.append({.step = step, .layer = LayerId(bank), .bank = BankId(bank)}, experts);
  };
  add(0, 1, {ExpertId(4)});
  add(1, 0, {ExpertId(0), ExpertId(1)});
  add(2, 0, {ExpertId(1)});
  add(2, 1, {ExpertId(3)});  // least-stale: 0 (passed, untouched in step 2); 4 is of the running bank. LRU: 4
  const World world(std::move(model), std::move(sequence));
  EXPECT_THAT(victims(world, EvictionKind::least_stale, 3), ElementsAre(0));
  EXPECT_THAT(victims(world, EvictionKind::lru, 3), ElementsAre(4));
}

TEST(Eviction, ALayerPartition_DoesNotTakeFromAnotherBank) {
  ModelShape model = make_model({.banks = 2, .experts = 4});
  EventSequence sequence;
  std::int32_t step = 0;
  for (const std::uint32_t expert : {4U, 0U, 1U, 2U, 3U, 4U}) {
    const std::uint32_t bank = expert / 4;
    sequence.append({.step = step++, .layer = LayerId(bank), .bank = BankId(bank)},
                    std::vector{ExpertId(expert)});
  }
  const World world(std::move(model), std::move(sequence));
  EXPECT_EQ(world.replay(EvictionKind::lru, Bytes(4)).hits, 0);
  EXPECT_EQ(world.replay(EvictionKind::layer_lru, Bytes(4)).hits, 1);
  EXPECT_THAT(victims(world, EvictionKind::layer_lru, 4), ElementsAre(0, 1));
}

TEST(Eviction, Random_DrawsEveryCandidateAboutAsOften_AndNeverAPinnedOne) {
  const World world = one_layer({{0}}, 10);
  const auto policy = make_eviction(EvictionKind::random, {.table = &world.table, .seed = 3});
  PinBoard pins(world.table.size());
  pins.set(ExpertId(4), Pin::active);
  pins.set(ExpertId(9), Pin::committed);
  for (std::uint32_t i = 0; i < 10; ++i) (*policy)->admitted({.expert = ExpertId(i), .event = EventId(0)});
  std::vector<int> drawn(10, 0);
  for (int i = 0; i < 8000; ++i) ++drawn[(*policy)->victim(pins, Pin::none)->value()];
  EXPECT_EQ(drawn[4], 0);
  EXPECT_EQ(drawn[9], 0);
  for (const std::uint32_t i : {0U, 1U, 2U, 3U, 5U, 6U, 7U, 8U}) EXPECT_NEAR(drawn[i], 1000, 150);
}

TEST(Eviction, Random_IsTheSameForTheSameSeed) {
  const World world = random_world(5, {.steps = 100});
  ResidencyOptions options = options_of(world, EvictionKind::random, Bytes(4));
  const auto first = replay_world(world, options).hits;
  EXPECT_EQ(first, replay_world(world, options).hits);
  options.context.seed = 2;
  EXPECT_NE(first, replay_world(world, options).hits);
}

TEST(Eviction, NoCache_HitsNothing_AndKeepsNothing) {
  const World world = one_layer({{0, 1}, {0, 1}, {0, 1}});
  const CurvePoint point = world.replay(EvictionKind::none, Bytes(8));
  EXPECT_EQ(point.hits, 0);
  EXPECT_EQ(point.reloads, 4);
  EXPECT_EQ(point.peak_resident, Bytes(2));
}

TEST(Eviction, AnEventThatMissesFirst_StillHitsWhatWasThere) {
  // Event-atomic: 0 and 1 are there when {2, 0} begins, so 0 hits. One lookup after the other, 2 would evict
  // 0 first.
  EXPECT_EQ(one_layer({{0}, {1}, {2, 0}}).replay(EvictionKind::lru, Bytes(2)).hits, 1);
  EXPECT_EQ(one_layer({{0}, {1}, {2}, {0}}).replay(EvictionKind::lru, Bytes(2)).hits, 0);
}

TEST(Eviction, AnEventLargerThanTheBudget_StaysUntilTheNext) {
  const World world = one_layer({{0, 1, 2}, {0, 3}, {1}});
  const CurvePoint point = world.replay(EvictionKind::lru, Bytes(2));
  EXPECT_EQ(point.hits, 1);
  EXPECT_EQ(point.peak_resident, Bytes(3));
}

TEST(Eviction, ThatNeedsTheFuture_IsRefusedForALiveSource) {
  const World world = one_layer({{0}});
  for (const EvictionKind kind : kAllPolicies) {
    const auto policy = make_eviction(kind, {.table = &world.table});
    EXPECT_EQ(policy.ok(), !needs_future(kind)) << to_text(kind);
    if (policy.ok()) continue;
    EXPECT_EQ(policy.error().kind, Error::Kind::bad_input);
    EXPECT_THAT(policy.error().message(), HasSubstr("policy.eviction"));
  }
}

TEST(Eviction, Explain_SaysWhatTheChoiceRestedOn) {
  EXPECT_EQ(explain(EvictionKind::lru, 4711), "lru: last used at event 4711");
  EXPECT_EQ(explain(EvictionKind::lfu, 3), "lfu: used 3 times");
  EXPECT_EQ(explain(EvictionKind::lfu, 1), "lfu: used 1 time");
  EXPECT_EQ(explain(EvictionKind::belady, 5020), "belady: next used at event 5020 (the farthest)");
  EXPECT_EQ(explain(EvictionKind::belady, -1), "belady: never used again");
  EXPECT_EQ(explain(EvictionKind::lfu_decay, 1536), "lfu-decay: used 1.50 times after decay");
}

TEST(Eviction, AnEviction_CarriesTheScoreOfItsVictim) {
  const World world = one_layer({{0}, {1}, {0}, {2}, {1}});
  const auto score = [&](EvictionKind kind) {
    return replay_world(world, options_of(world, kind, Bytes(2))).evictions.at(0).score;
  };
  EXPECT_EQ(score(EvictionKind::lru), 1);
  EXPECT_EQ(score(EvictionKind::lfu), 1);
  EXPECT_EQ(score(EvictionKind::fifo), 0);
  EXPECT_EQ(score(EvictionKind::belady), -1);
  EXPECT_EQ(score(EvictionKind::random), 2);
}

}  // namespace
}  // namespace pregate
