// SPDX-License-Identifier: Apache-2.0
// One expert's way through absent, queued, loading and resident, and what protects it there.
#include "sim/residency/residency.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/residency/worlds.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using namespace testing_worlds;

constexpr ExpertId kA(0), kB(1), kC(2), kD(3);

class Cache {
 public:
  explicit Cache(std::int64_t budget, EvictionKind kind = EvictionKind::lru)
      : world_(one_layer({{0, 1}, {2}, {0}})),
        residency_(make_residency(world_, options_of(world_, kind, Bytes(budget)))) {}

  Residency* operator->() { return residency_.get(); }
  std::vector<Lookup> begin(const std::vector<ExpertId>& experts) {
    const auto lookups = residency_->begin_event(EventId(next_event_++), experts);
    return {lookups.begin(), lookups.end()};
  }
  Outcome outcome(ExpertId expert) { return begin({expert}).front().outcome; }
  std::vector<Eviction> end() {
    std::vector<Eviction> gone;
    residency_->end_event(gone);
    return gone;
  }
  // Requests, starts and delivers.
  LoadId load(ExpertId expert, Purpose purpose) {
    const LoadId id = residency_->request(expert, purpose);
    check(start(id), "there is room");
    residency_->arrive(id);
    return id;
  }
  bool start(LoadId id) { return residency_->start(id, evicted); }
  // A whole event with one expert.
  void use(ExpertId expert) {
    if (outcome(expert) == Outcome::miss) load(expert, Purpose::demand);
    end();
  }

  std::vector<Eviction> evicted;

 private:
  World world_;
  std::unique_ptr<Residency> residency_;
  std::uint32_t next_event_ = 0;
};

TEST(Residency, AMiss_IsLoadedAndThenHits) {
  Cache cache(4);
  const auto lookups = cache.begin({kA});
  EXPECT_EQ(lookups[0].outcome, Outcome::miss);
  EXPECT_FALSE(lookups[0].seen_before);
  EXPECT_FALSE(lookups[0].load.valid());
  const LoadId load = cache->request(kA, Purpose::demand);
  EXPECT_EQ(load, LoadId(0));
  EXPECT_EQ(cache->presence(kA), Presence::queued);
  EXPECT_EQ(cache->used(), Bytes(0));
  EXPECT_TRUE(cache.start(load));
  EXPECT_EQ(cache->presence(kA), Presence::loading);
  EXPECT_EQ(cache->used(), Bytes(1));
  EXPECT_FALSE(cache->is_resident(kA));
  cache->arrive(load);
  EXPECT_TRUE(cache->is_resident(kA));
  cache.end();
  const auto again = cache.begin({kA});
  EXPECT_EQ(again[0].outcome, Outcome::resident_hit);
  EXPECT_EQ(again[0].load, load);
}

ResidencyOptions preloaded(const World& world, EvictionKind kind, std::int64_t budget) {
  ResidencyOptions options = options_of(world, kind, Bytes(budget));
  options.preload = true;
  return options;
}

TEST(Residency, APreloadedExpert_HitsWithoutALoadAndIsNoPrefetch) {
  const World world = one_layer({{0, 1}});
  const auto cache = make_residency(world, preloaded(world, EvictionKind::lru, 8));
  EXPECT_EQ(cache->used(), Bytes(8));
  EXPECT_EQ(cache->peak_resident(), Bytes(8));
  EXPECT_FALSE(cache->request(kC, Purpose::speculative).valid());
  const std::vector<ExpertId> chosen = {kA, kB};
  for (const Lookup& lookup : cache->begin_event(EventId(0), chosen)) {
    EXPECT_EQ(lookup.outcome, Outcome::resident_hit);
    EXPECT_FALSE(lookup.load.valid());
  }
  std::vector<Eviction> gone;
  cache->end_event(gone);
  EXPECT_THAT(gone, IsEmpty());
}

TEST(Residency, Preloading_WantsRoomForAllExpertsAndAPolicyThatKeepsThem) {
  const World world = one_layer({{0, 1}});
  const auto error_of = [&world](ResidencyOptions options) {
    const auto residency = Residency::create(world.table, options);
    return residency ? std::string("no error") : residency.error().message();
  };
  EXPECT_EQ(error_of(preloaded(world, EvictionKind::belady, 8)), "no error");
  EXPECT_EQ(error_of(preloaded(world, EvictionKind::lru, 7)),
            "dram.expert_budget: expected at least 8 B (8 bytes) for all 8 experts with dram.preload=all, "
            "found 7 B (7 bytes) in the budget");
  EXPECT_THAT(error_of(preloaded(world, EvictionKind::none, 8)), HasSubstr("policy.eviction: expected"));
  ResidencyOptions bypass = preloaded(world, EvictionKind::belady_bypass, 9);
  bypass.largest_event = Bytes(2);  // kept aside
  EXPECT_THAT(error_of(bypass), HasSubstr("found 7 B"));
  bypass.budget = Bytes(10);
  EXPECT_EQ(error_of(bypass), "no error");
}

// Shares are even, banks are not: the largest bank decides.
TEST(Residency, PreloadingIntoShares_WantsRoomInEach) {
  const World world = random_world(1, {.model = {.banks = 2, .experts = 4, .more_bytes_per_bank = Bytes(1)}});
  const auto fits = [&world](std::int64_t budget) {
    return Residency::create(world.table, preloaded(world, EvictionKind::layer_lru, budget)).ok();
  };
  EXPECT_FALSE(fits(12));  // 4 and 8 bytes, 6 a share
  EXPECT_FALSE(fits(15));
  EXPECT_TRUE(fits(16));
}

TEST(Residency, AReload_NamesTheEvictionBehindIt) {
  Cache cache(1);
  cache.use(kA);
  cache.use(kB);
  ASSERT_EQ(cache.evicted.size(), 1U);
  EXPECT_EQ(cache.evicted[0].expert, kA);
  EXPECT_EQ(cache.evicted[0].by_load, LoadId(1));
  EXPECT_EQ(cache.evicted[0].last_used, EventId(0));
  const auto lookups = cache.begin({kA});
  EXPECT_EQ(lookups[0].outcome, Outcome::miss);
  EXPECT_TRUE(lookups[0].seen_before);
  EXPECT_EQ(lookups[0].previous_eviction, cache.evicted[0].id);
  EXPECT_EQ(cache->previous_eviction(kA), EvictionId(0));
  EXPECT_FALSE(cache->previous_eviction(kB).valid());
}

TEST(Residency, APrefetchInTime_IsAPrefetchHitOnce) {
  Cache cache(4);
  cache.load(kA, Purpose::speculative);
  EXPECT_TRUE(cache->is_unused_prefetch(kA));
  EXPECT_EQ(cache.outcome(kA), Outcome::prefetch_hit);
  EXPECT_FALSE(cache->is_unused_prefetch(kA));
  cache.end();
  EXPECT_EQ(cache.outcome(kA), Outcome::resident_hit);
}

TEST(Residency, APrefetchThatIsQueued_IsLateAndAdopted) {
  Cache cache(4);
  const LoadId load = cache->request(kA, Purpose::speculative);
  const auto lookups = cache.begin({kA});
  EXPECT_EQ(lookups[0].outcome, Outcome::late_prefetch);
  EXPECT_EQ(lookups[0].load, load);
  EXPECT_EQ(cache->purpose_of(load), Purpose::demand);
  EXPECT_TRUE(cache.start(load));
  EXPECT_FALSE(cache->is_unused_prefetch(kA));
}

TEST(Residency, APrefetchInFlight_IsLateAndNotAnUnusedOne) {
  Cache cache(4);
  const LoadId load = cache->request(kA, Purpose::committed);
  ASSERT_TRUE(cache.start(load));
  EXPECT_TRUE(cache->is_unused_prefetch(kA));
  EXPECT_EQ(cache.outcome(kA), Outcome::late_prefetch);
  cache->arrive(load);
  EXPECT_FALSE(cache->is_unused_prefetch(kA));
  cache.end();
  EXPECT_EQ(cache.outcome(kA), Outcome::resident_hit);
}

TEST(Residency, AnAdoptedPrefetch_MayEvictWhatOnlyADemandMay) {
  Cache cache(1);
  cache->commit(kA);
  cache.load(kA, Purpose::committed);
  const LoadId load = cache->request(kB, Purpose::committed);
  EXPECT_FALSE(cache.start(load));
  EXPECT_EQ(cache.outcome(kB), Outcome::late_prefetch);
  EXPECT_TRUE(cache.start(load));
}

TEST(Residency, ARequestForWhatIsThereOrComing_IsRedundant) {
  Cache cache(4);
  const LoadId load = cache->request(kA, Purpose::speculative);
  EXPECT_FALSE(cache->request(kA, Purpose::committed).valid());
  ASSERT_TRUE(cache.start(load));
  EXPECT_FALSE(cache->request(kA, Purpose::speculative).valid());
  cache->arrive(load);
  EXPECT_FALSE(cache->request(kA, Purpose::speculative).valid());
  EXPECT_EQ(cache->request(kB, Purpose::speculative), LoadId(1)) << "redundant requests take no number";
}

TEST(Residency, ACancelledPrefetch_LeavesNoTrace) {
  Cache cache(4);
  cache->cancel(cache->request(kA, Purpose::speculative));
  EXPECT_EQ(cache->presence(kA), Presence::absent);
  EXPECT_EQ(cache->used(), Bytes(0));
  const auto lookups = cache.begin({kA});
  EXPECT_EQ(lookups[0].outcome, Outcome::miss);
  EXPECT_FALSE(lookups[0].seen_before);
  EXPECT_EQ(cache->request(kA, Purpose::demand), LoadId(1));
}

TEST(Residency, AUselessPrefetch_IsEvictedAsNeverUsed) {
  Cache cache(1);
  cache.load(kA, Purpose::speculative);
  cache.use(kB);
  ASSERT_EQ(cache.evicted.size(), 1U);
  EXPECT_EQ(cache.evicted[0].expert, kA);
  EXPECT_FALSE(cache.evicted[0].last_used.valid());
  EXPECT_FALSE(cache->is_unused_prefetch(kA));
}

TEST(Residency, LastUse_IsSinceTheExpertWasLoaded) {
  Cache cache(1);
  cache.use(kA);
  cache.use(kB);
  cache.load(kA, Purpose::speculative);
  cache.use(kB);
  ASSERT_EQ(cache.evicted.size(), 3U);
  EXPECT_FALSE(cache.evicted[2].last_used.valid()) << "the use before its eviction is another life";
}

TEST(Residency, APrefetch_IsFreshWhenAdmitted) {
  Cache cache(3);
  cache.use(kA);
  cache.load(kB, Purpose::speculative);
  cache.use(kC);
  cache.use(kD);
  EXPECT_EQ(cache.evicted.at(0).expert, kA);
}

TEST(Residency, WhatIsInUse_IsNeverEvicted) {
  Cache cache(2);
  cache.use(kA);
  cache.use(kB);
  cache.begin({kA, kB});
  for (const Purpose purpose : {Purpose::demand, Purpose::committed, Purpose::speculative}) {
    const LoadId load = cache->request(kC, purpose);
    EXPECT_FALSE(cache.start(load));
    cache->cancel(load);
  }
  EXPECT_THAT(cache.evicted, IsEmpty());
  EXPECT_EQ(cache->used(), Bytes(2));
  cache.end();
  EXPECT_TRUE(cache.start(cache->request(kC, Purpose::speculative)));
}

TEST(Residency, WhatIsLoading_IsNeverEvicted) {
  Cache cache(1);
  const LoadId a = cache->request(kA, Purpose::speculative);
  ASSERT_TRUE(cache.start(a));
  const LoadId b = cache->request(kB, Purpose::demand);
  EXPECT_FALSE(cache.start(b));
  cache->arrive(a);
  EXPECT_TRUE(cache.start(b));
}

TEST(Residency, ACommittedExpert_YieldsToADemandOnly_AndLast) {
  Cache cache(2);
  cache.use(kA);
  cache.use(kB);
  cache->commit(kA);
  cache->commit(kB);
  const LoadId prefetch = cache->request(kC, Purpose::committed);
  EXPECT_FALSE(cache.start(prefetch));
  EXPECT_THAT(cache.evicted, IsEmpty());
  cache->cancel(prefetch);
  cache.use(kC);
  EXPECT_EQ(cache.evicted.at(0).expert, kA);

  Cache mixed(2);
  mixed.use(kA);
  mixed.use(kB);
  mixed->commit(kA);
  mixed.use(kC);
  EXPECT_EQ(mixed.evicted.at(0).expert, kB) << "the committed one is older, but the other may go";
}

TEST(Residency, ACommitment_EndsWithTheEventItIsFor) {
  Cache cache(1);
  cache.use(kA);
  cache->commit(kA);
  EXPECT_FALSE(cache.start(cache->request(kB, Purpose::speculative)));
  cache.use(kA);
  const LoadId late = cache->request(kC, Purpose::speculative);
  EXPECT_TRUE(cache.start(late));
}

TEST(Residency, TwoCommitments_OutlastTheFirstEvent) {
  // Lookahead of two layers over a shared bank: the expert is known for both of the next events.
  Cache cache(1);
  cache.use(kA);
  cache->commit(kA);
  cache->commit(kA);
  cache.use(kA);
  EXPECT_FALSE(cache.start(cache->request(kB, Purpose::speculative)));
  cache.use(kA);
  EXPECT_TRUE(cache.start(cache->request(kC, Purpose::speculative)));
}

TEST(Residency, ACommitmentMadeBeforeTheLoad_HoldsOnceItArrived) {
  Cache cache(1);
  cache->commit(kA);
  cache.load(kA, Purpose::committed);
  EXPECT_FALSE(cache.start(cache->request(kB, Purpose::committed)));
}

TEST(Residency, NoCache_DropsAnEventAtItsEnd_ButKeepsAPrefetchForItsEvent) {
  Cache cache(3, EvictionKind::none);
  cache.load(kB, Purpose::committed);
  cache.begin({kA});
  cache.load(kA, Purpose::demand);
  const auto gone = cache.end();
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].expert, kA);
  EXPECT_FALSE(gone[0].by_load.valid());
  EXPECT_EQ(cache.outcome(kB), Outcome::prefetch_hit);
  EXPECT_EQ(cache.end().size(), 1U);
  EXPECT_EQ(cache->used(), Bytes(0));
}

TEST(Residency, NoCache_KeepsWhatTheNextEventIsKnownToNeed) {
  Cache cache(3, EvictionKind::none);
  cache.begin({kA});
  cache.load(kA, Purpose::demand);
  cache->commit(kA);
  EXPECT_THAT(cache.end(), IsEmpty());
  EXPECT_EQ(cache.outcome(kA), Outcome::resident_hit);
  EXPECT_EQ(cache.end().size(), 1U);
}

TEST(Residency, BeladyBypass_KeepsRoomForTheLargestEvent) {
  const World world = one_layer({{0}, {1}, {2}, {0}, {1}, {2}});
  ResidencyOptions options = options_of(world, EvictionKind::belady_bypass, Bytes(3));
  options.largest_event = Bytes(1);
  const auto residency = make_residency(world, options);
  std::vector<Eviction> evicted;
  for (std::uint32_t i = 0; i < world.sequence.size(); ++i) {
    for (const Lookup& lookup : residency->begin_event(EventId(i), world.sequence.experts(EventId(i)))) {
      if (lookup.outcome != Outcome::miss) continue;
      const LoadId load = residency->request(lookup.expert, Purpose::demand);
      ASSERT_TRUE(residency->start(load, evicted));
      residency->arrive(load);
    }
    residency->end_event(evicted);
    EXPECT_LE(residency->used(), Bytes(2)) << "after event " << i;
  }
  EXPECT_LE(residency->peak_resident(), Bytes(3));
}

TEST(Residency, Create_RefusesABudgetBelowOneExpert) {
  const World world = one_layer({{0}});
  const auto residency = Residency::create(world.table, options_of(world, EvictionKind::lru, Bytes(0)));
  ASSERT_FALSE(residency.ok());
  EXPECT_EQ(residency.error().message(), "dram.expert_budget: expected room for an expert of 1 B, found 0 B");
}

TEST(Residency, Create_RefusesAShareBelowOneExpert) {
  const World world = random_world(1, {.model = {.banks = 4, .expert_bytes = Bytes(100)}});
  const auto residency =
      Residency::create(world.table, options_of(world, EvictionKind::layer_lfu, Bytes(399)));
  ASSERT_FALSE(residency.ok());
  EXPECT_THAT(residency.error().message(), HasSubstr("in each of 4 banks, found a share of 99"));
  EXPECT_TRUE(Residency::create(world.table, options_of(world, EvictionKind::layer_lfu, Bytes(400))).ok());
}

TEST(Residency, Create_RefusesBeladyOnALiveSource) {
  const World world = one_layer({{0}});
  ResidencyOptions options = options_of(world, EvictionKind::belady, Bytes(4));
  options.context.future = nullptr;
  EXPECT_FALSE(Residency::create(world.table, options).ok());
}

}  // namespace
}  // namespace pregate
