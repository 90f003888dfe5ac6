// SPDX-License-Identifier: Apache-2.0
// What must hold on any trace, on seeded random ones.
#include <gtest/gtest.h>

#include <set>

#include "tests/residency/worlds.hpp"

namespace pregate {
namespace {

using namespace testing_worlds;

// Experts of one size: Belady MIN is the optimum only there.
World some_world(std::uint64_t seed) {
  Random random(seed);
  return random_world(seed, {.model = {.banks = static_cast<std::int32_t>(1 + random.below(4)),
                                       .experts = static_cast<std::int32_t>(4 + random.below(13)),
                                       .layers_per_bank = static_cast<std::int32_t>(1 + random.below(3)),
                                       .top_k = static_cast<std::int32_t>(1 + random.below(4)),
                                       .expert_bytes = Bytes(10)},
                             .steps = 40,
                             .persistence = 0.1 * static_cast<double>(random.below(9))});
}

Bytes some_budget(const World& world, Random& random) {
  return Bytes(10 * static_cast<std::int64_t>(1 + random.below(world.table.size())));
}

TEST(Invariants, Opt_MissesNoMoreThanAnyPolicyInTheSameRoom) {
  Random random(1);
  int compared = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const World world = some_world(seed);
    const Bytes budget = some_budget(world, random);
    const std::int64_t opt = world.misses(EvictionKind::belady, budget);
    for (const EvictionKind kind : kAllPolicies) {
      const CurvePoint point = world.replay(kind, budget);
      // Where one event or a share needs more than it was given, the policies had different room; bypass is
      // another game.
      if (point.peak_resident > budget || kind == EvictionKind::belady_bypass) continue;
      ++compared;
      ASSERT_LE(opt, point.loads) << to_text(kind) << ", seed " << seed << ", " << to_text(budget);
    }
  }
  EXPECT_GT(compared, 1500);
}

TEST(Invariants, Bypass_MissesNoMoreThanForcedAdmission) {
  Random random(2);
  int better = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const World world = some_world(seed);
    const Bytes budget = some_budget(world, random);
    const CurvePoint forced = world.replay(EvictionKind::belady, budget);
    if (forced.peak_resident > budget) continue;
    const std::int64_t bypass = world.misses(EvictionKind::belady_bypass, budget);
    ASSERT_LE(bypass, forced.loads) << "seed " << seed;
    better += bypass < forced.loads ? 1 : 0;
  }
  EXPECT_GT(better, 10);
}

TEST(Invariants, OptHits_AreTheHitsOfForcedBelady) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const World world = some_world(seed);
    const std::vector<bool> hits =
        opt_hits(world.sequence, world.future, world.table, world.layers(), Bytes(60));
    EXPECT_EQ(hits.size(), world.sequence.lookups());
    EXPECT_EQ(std::count(hits.begin(), hits.end(), true), world.replay(EvictionKind::belady, Bytes(60)).hits);
  }
}

TEST(Invariants, Lru_WithMoreRoom_HitsAllThatItHitWithLess) {
  Random random(3);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const World world = some_world(seed);
    const Bytes less = some_budget(world, random);
    const Bytes more = less + some_budget(world, random);
    const auto with_less = replay_world(world, options_of(world, EvictionKind::lru, less)).hits;
    const auto with_more = replay_world(world, options_of(world, EvictionKind::lru, more)).hits;
    for (std::size_t i = 0; i < with_less.size(); ++i) {
      ASSERT_LE(with_less[i], with_more[i]) << "lookup " << i << ", seed " << seed;
    }
  }
}

TEST(Invariants, WithRoomForAll_OnlyCompulsoryMissesAreLeft) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const World world = some_world(seed);
    std::set<ExpertId> used;
    for (std::uint32_t i = 0; i < world.sequence.size(); ++i) {
      for (const ExpertId e : world.sequence.experts(EventId(i))) used.insert(e);
    }
    for (const EvictionKind kind : kAllPolicies) {
      if (kind == EvictionKind::none) continue;
      const CurvePoint point = world.replay(kind, Bytes(10 * static_cast<std::int64_t>(world.table.size())));
      ASSERT_EQ(point.loads, static_cast<std::int64_t>(used.size())) << to_text(kind) << ", seed " << seed;
      ASSERT_EQ(point.reloads, 0);
    }
  }
}

TEST(Invariants, EventAtomicLookups_DifferFromOneLookupAfterTheOther) {
  // The same choices with an event for each lookup: classification sees what the event itself evicted.
  std::int64_t atomic = 0, sequential = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const World world = random_world(seed, {.model = {.banks = 2, .experts = 8, .top_k = 4}});
    EventSequence one_by_one;
    for (std::uint32_t i = 0; i < world.sequence.size(); ++i) {
      for (const ExpertId& e : world.sequence.experts(EventId(i))) {
        one_by_one.append(world.sequence.info(EventId(i)), std::span(&e, 1));
      }
    }
    atomic += world.misses(EvictionKind::lru, Bytes(8));
    sequential += World(world.model, std::move(one_by_one)).misses(EvictionKind::lru, Bytes(8));
  }
  EXPECT_LT(atomic, sequential);
}

// Drives a Residency as a runtime does, with loads that take their time and prefetches at random, and checks
// each answer against what it keeps itself.
class Driver {
 public:
  Driver(const World& world, EvictionKind kind, Bytes budget, std::uint64_t seed)
      : world_(world), budget_(budget), random_(seed) {
    ResidencyOptions options = options_of(world, kind, budget);
    options.largest_event = world.sequence.largest_event(world.table);
    residency_ = make_residency(world, options);
  }

  void run() {
    for (std::uint32_t i = 0; i < world_.sequence.size(); ++i) {
      if (i == 0 || world_.sequence.info(EventId(i)).step != world_.sequence.info(EventId(i - 1)).step) {
        residency_->begin_step(world_.sequence.info(EventId(i)).step);
      }
      const auto experts = world_.sequence.experts(EventId(i));
      active_ = {experts.begin(), experts.end()};
      for (const Lookup& lookup : residency_->begin_event(EventId(i), experts)) {
        check_outcome(lookup);
        if (committed_.contains(lookup.expert)) committed_.erase(committed_.find(lookup.expert));
        if (lookup.outcome == Outcome::miss)
          queued_.push_back(residency_->request(lookup.expert, Purpose::demand));
      }
      while (!all_active_resident()) act();
      active_.clear();
      std::vector<Eviction> evicted;
      residency_->end_event(evicted);
      note(evicted, Purpose::speculative);
      for (int extra = 0; extra < 3; ++extra) act();
    }
    EXPECT_LE(residency_->peak_resident(), budget_);
  }
  [[nodiscard]] std::size_t evictions() const { return evictions_; }

 private:
  void check_outcome(const Lookup& lookup) {
    const bool there = resident_.contains(lookup.expert);
    ASSERT_EQ(there, lookup.outcome == Outcome::resident_hit || lookup.outcome == Outcome::prefetch_hit);
  }
  bool all_active_resident() const {
    return std::all_of(active_.begin(), active_.end(),
                       [&](ExpertId e) { return residency_->is_resident(e); });
  }
  void act() {
    switch (random_.below(4)) {
      case 0:
        return prefetch();
      case 1:
        return arrive_one();
      default:
        return start_one();
    }
  }
  void prefetch() {
    const ExpertId expert(static_cast<std::uint32_t>(random_.below(world_.table.size())));
    const bool sure = random_.chance(0.3);
    if (sure && committed_.size() < 2) {
      residency_->commit(expert);
      committed_.insert(expert);
    }
    const LoadId load = residency_->request(expert, sure ? Purpose::committed : Purpose::speculative);
    if (load.valid()) queued_.push_back(load);
  }
  void start_one() {
    if (queued_.empty()) return;
    const std::size_t pick = random_.below(queued_.size());
    const LoadId load = queued_[pick];
    const Purpose purpose = residency_->purpose_of(load);
    const Bytes before = residency_->used();
    std::vector<Eviction> evicted;
    const bool started = residency_->start(load, evicted);
    if (!started) {
      EXPECT_EQ(residency_->used(), before);
      EXPECT_TRUE(evicted.empty());
      // A prefetch without room would stand in the queue for ever.
      if (purpose == Purpose::demand) return;
      residency_->cancel(load);
    } else {
      in_flight_.push_back(load);
    }
    queued_.erase(queued_.begin() + static_cast<std::ptrdiff_t>(pick));
    note(evicted, purpose);
    EXPECT_LE(residency_->used(), budget_);
  }
  void arrive_one() {
    if (in_flight_.empty()) return;
    const std::size_t pick = random_.below(in_flight_.size());
    residency_->arrive(in_flight_[pick]);
    resident_.insert(residency_->expert_of(in_flight_[pick]));
    in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  void note(const std::vector<Eviction>& evicted, Purpose for_whom) {
    for (const Eviction& e : evicted) {
      EXPECT_EQ(e.id, EvictionId(static_cast<std::uint32_t>(evictions_++)));
      EXPECT_FALSE(active_.contains(e.expert));
      EXPECT_TRUE(for_whom == Purpose::demand || !committed_.contains(e.expert));
      EXPECT_EQ(resident_.erase(e.expert), 1U);
    }
  }

  const World& world_;
  Bytes budget_;
  Random random_;
  std::unique_ptr<Residency> residency_;
  std::set<ExpertId> active_, resident_;
  std::multiset<ExpertId> committed_;
  std::vector<LoadId> queued_, in_flight_;
  std::size_t evictions_ = 0;
};

TEST(Invariants, UnderRandomPrefetching_TheBudgetHoldsAndNothingInUseLeaves) {
  std::size_t evictions = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const World world = some_world(seed);
    const auto banks = static_cast<std::int64_t>(world.table.banks());
    const Bytes budget = world.sequence.largest_event(world.table) * banks + Bytes(20 * banks);
    for (const EvictionKind kind : kAllPolicies) {
      SCOPED_TRACE(std::string(to_text(kind)) + ", seed " + std::to_string(seed));
      Driver driver(world, kind, budget, seed);
      driver.run();
      evictions += driver.evictions();
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(evictions, 10'000U);
}

}  // namespace
}  // namespace pregate
