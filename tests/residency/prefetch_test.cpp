// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/prefetch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/residency/worlds.hpp"

namespace pregate {

static void PrintTo(const PrefetchWish& wish, std::ostream* out) {
  *out << "layer " << wish.layer.value() << " expert " << wish.expert.value() << " " << to_text(wish.purpose);
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace testing_worlds;

// Layer 0 is dense; layers 1, 2 and 3 have four experts each: 0-3, 4-7 and 8-11.
class Room {
 public:
  Room(const PolicySpec& policy, std::int64_t budget = 12,
       ModelOptions model = {.banks = 3, .experts = 4, .dense_layers = 1})
      : world_(random_world(1, {.model = model, .steps = 6})),
        residency_(make_residency(world_, options_of(world_, EvictionKind::lru, Bytes(budget)))) {
    auto made = make_prefetcher(policy, context(budget));
    check(made.ok(), "the test's prefetcher can be had");
    prefetcher_ = std::move(*made);
  }
  PrefetchContext context(std::int64_t budget) {
    return {.model = &world_.model,
            .table = &world_.table,
            .future = &world_.sequence,
            .residency = residency_.get(),
            .budget = Bytes(budget)};
  }

  std::vector<PrefetchWish> event(std::uint32_t layer, const std::vector<ExpertId>& chosen,
                                  std::uint32_t event = 0) {
    std::vector<PrefetchWish> out;
    prefetcher_->event(EventId(event), LayerId(layer), chosen, out);
    return out;
  }
  std::vector<PrefetchWish> ahead(std::uint32_t layer, const std::vector<ExpertId>& chosen) {
    std::vector<PrefetchWish> out;
    prefetcher_->ahead(LayerId(layer), chosen, out);
    return out;
  }
  void make_resident(ExpertId expert) {
    const LoadId load = residency_->request(expert, Purpose::demand);
    std::vector<Eviction> evicted;
    check(residency_->start(load, evicted), "there is room");
    residency_->arrive(load);
  }

  const World& world() const { return world_; }
  Residency& residency() { return *residency_; }
  Prefetcher& prefetcher() { return *prefetcher_; }

 private:
  World world_;
  std::unique_ptr<Residency> residency_;
  std::unique_ptr<Prefetcher> prefetcher_;
};

ExpertId id(std::uint32_t value) {
  return ExpertId(value);
}
PrefetchWish speculative(std::uint32_t layer, std::uint32_t expert) {
  return {LayerId(layer), id(expert), Purpose::speculative};
}
PrefetchWish committed(std::uint32_t layer, std::uint32_t expert) {
  return {LayerId(layer), id(expert), Purpose::committed};
}

TEST(Prefetch, None_WishesForNothing) {
  Room room({.prefetch = PrefetchKind::none});
  EXPECT_EQ(room.prefetcher().lookahead(), 0);
  EXPECT_THAT(room.event(1, {id(0)}), IsEmpty());
  EXPECT_THAT(room.ahead(2, {id(4)}), IsEmpty());
}

TEST(Prefetch, Pregate_CommitsToWhatIsAbsent) {
  Room room({.prefetch = PrefetchKind::pregate, .lookahead = 2});
  EXPECT_EQ(room.prefetcher().lookahead(), 2);
  room.make_resident(id(4));
  room.residency().request(id(6), Purpose::speculative);
  EXPECT_THAT(room.ahead(2, {id(4), id(5), id(6), id(7)}), ElementsAre(committed(2, 5), committed(2, 7)));
  EXPECT_THAT(room.event(1, {id(0)}), IsEmpty());
}

TEST(Prefetch, PrevToken_RepeatsTheStepBefore_InTheNextMoeLayer) {
  Room room({.prefetch = PrefetchKind::prev_token});
  EXPECT_THAT(room.event(1, {id(0), id(1)}), IsEmpty());
  EXPECT_THAT(room.event(2, {id(5)}), IsEmpty());
  // After the last layer: the first MoE layer (the dense one is passed over) of the next step.
  EXPECT_THAT(room.event(3, {id(8)}), ElementsAre(speculative(1, 0), speculative(1, 1)));
  EXPECT_THAT(room.event(1, {id(2)}), ElementsAre(speculative(2, 5)));
  EXPECT_THAT(room.event(2, {id(6)}), ElementsAre(speculative(3, 8)));
  EXPECT_THAT(room.event(3, {id(9)}), ElementsAre(speculative(1, 2)));
}

TEST(Prefetch, Popularity_WishesForTheMostUsed_TiesToTheLowerId) {
  Room room({.prefetch = PrefetchKind::popularity, .popularity_count = 2});
  room.event(2, {id(7), id(6)});
  room.event(2, {id(7), id(5)});
  EXPECT_THAT(room.event(1, {id(0)}), ElementsAre(speculative(2, 7), speculative(2, 5)));
  EXPECT_THAT(room.event(2, {id(6)}), IsEmpty()) << "nothing is known of layer 3";
  EXPECT_THAT(room.event(3, {id(8)}), ElementsAre(speculative(1, 0))) << "one expert was ever used there";
  EXPECT_THAT(room.event(1, {id(0)}), ElementsAre(speculative(2, 6), speculative(2, 7)));
}

TEST(Prefetch, Popularity_CountsLayersOfASharedBankApart) {
  Room room({.prefetch = PrefetchKind::popularity, .popularity_count = 1}, 12,
            {.banks = 1, .experts = 4, .layers_per_bank = 2});
  room.event(0, {id(0)});
  room.event(1, {id(3)});
  EXPECT_THAT(room.event(0, {id(0)}), ElementsAre(speculative(1, 3)));
  EXPECT_THAT(room.event(1, {id(3)}), ElementsAre(speculative(0, 0)));
}

TEST(Prefetch, Popularity_DefaultsToTopK) {
  Room room({.prefetch = PrefetchKind::popularity});
  room.event(2, {id(4), id(5), id(6), id(7)});
  EXPECT_EQ(room.event(1, {id(0)}).size(), 2U);
}

TEST(Prefetch, StaleGate_IsTheTruthAtAccuracyOne_AndNeverAtZero) {
  Room right({.prefetch = PrefetchKind::stale_gate, .stale_gate_accuracy = 1});
  EXPECT_EQ(right.prefetcher().lookahead(), 1);
  EXPECT_THAT(right.ahead(2, {id(4), id(6)}), ElementsAre(speculative(2, 4), speculative(2, 6)));
  Room wrong({.prefetch = PrefetchKind::stale_gate, .stale_gate_accuracy = 0});
  for (int i = 0; i < 20; ++i) {
    const auto wishes = wrong.ahead(2, {id(4), id(6)});
    EXPECT_THAT(wishes, testing::UnorderedElementsAre(speculative(2, 5), speculative(2, 7)));
  }
}

TEST(Prefetch, StaleGate_IsRightAsOftenAsItsAccuracy_AndWrongUniformly) {
  Room room({.prefetch = PrefetchKind::stale_gate, .stale_gate_accuracy = 0.7}, 64,
            {.banks = 1, .experts = 11});
  int right = 0;
  std::vector<int> wrong(11, 0);
  for (int i = 0; i < 10'000; ++i) {
    for (const PrefetchWish& wish : room.ahead(0, {id(3)})) {
      if (wish.expert == id(3)) {
        ++right;
      } else {
        ++wrong[wish.expert.value()];
      }
    }
  }
  EXPECT_NEAR(right, 7000, 200);
  for (const std::uint32_t i : {0U, 1U, 2U, 4U, 5U, 6U, 7U, 8U, 9U, 10U}) EXPECT_NEAR(wrong[i], 300, 75);
}

TEST(Prefetch, StaleGate_IsTheSameForTheSameSeed) {
  const PolicySpec spec{.prefetch = PrefetchKind::stale_gate, .stale_gate_accuracy = 0.5, .seed = 9};
  Room a(spec), b(spec);
  PolicySpec other = spec;
  other.seed = 10;
  Room c(other);
  bool differs = false;
  for (int i = 0; i < 50; ++i) {
    const auto wishes = a.ahead(2, {id(4), id(5)});
    EXPECT_EQ(wishes, b.ahead(2, {id(4), id(5)}));
    differs = differs || !(wishes == c.ahead(2, {id(4), id(5)}));
  }
  EXPECT_TRUE(differs);
}

TEST(Prefetch, StaleGate_CannotBeWrongInALayerThatChoseItsWholeBank) {
  Room room({.prefetch = PrefetchKind::stale_gate, .stale_gate_accuracy = 0});
  EXPECT_THAT(room.ahead(1, {id(0), id(1), id(2), id(3)}), IsEmpty());
}

TEST(Prefetch, Oracle_WishesForTheFutureInOrder_AsFarAsItFits) {
  Room room({.prefetch = PrefetchKind::oracle}, 5);
  const EventSequence& sequence = room.world().sequence;
  const auto now = sequence.experts(EventId(0));
  std::vector<PrefetchWish> expected;
  std::vector<ExpertId> window(now.begin(), now.end());
  for (std::uint32_t i = 1; i < sequence.size() && window.size() <= 5; ++i) {
    for (const ExpertId e : sequence.experts(EventId(i))) {
      if (std::find(window.begin(), window.end(), e) != window.end()) continue;
      window.push_back(e);
      if (window.size() <= 5) expected.push_back({sequence.info(EventId(i)).layer, e, Purpose::committed});
    }
  }
  const auto wishes = room.event(1, {now.begin(), now.end()}, 0);
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(wishes, expected);
  // What is there already is not wished for, and takes its room all the same.
  room.make_resident(expected.front().expert);
  expected.erase(expected.begin());
  EXPECT_EQ(room.event(1, {now.begin(), now.end()}, 0), expected);
}

// What is foreseen must stay: a policy that looks back would give it up for what is farther away.
TEST(Prefetch, Oracle_TellsEachComingTouchThatFitsOnce) {
  Room room({.prefetch = PrefetchKind::oracle}, 8);
  const EventSequence& sequence = room.world().sequence;
  std::vector<ExpertId> told, touches;
  for (std::uint32_t e = 0; e < sequence.size(); ++e) {
    const auto now = sequence.experts(EventId(e));
    if (e > 0) touches.insert(touches.end(), now.begin(), now.end());
    room.event(sequence.info(EventId(e)).layer.value(), {now.begin(), now.end()}, e);
    const auto certain = room.prefetcher().certain();
    told.insert(told.end(), certain.begin(), certain.end());
    EXPECT_GE(told.size(), touches.size() - (e > 0 ? now.size() : 0)) << "event " << e << " was not foreseen";
  }
  EXPECT_EQ(told, touches);
}

TEST(Prefetch, Oracle_AtTheLastEvent_WishesForNothing) {
  Room room({.prefetch = PrefetchKind::oracle});
  const EventId last(static_cast<std::uint32_t>(room.world().sequence.size() - 1));
  const auto chosen = room.world().sequence.experts(last);
  EXPECT_THAT(room.event(3, {chosen.begin(), chosen.end()}, last.value()), IsEmpty());
}

TEST(Prefetch, Oracle_IsRefusedForALiveSource) {
  Room room({.prefetch = PrefetchKind::none});
  PrefetchContext live = room.context(12);
  live.future = nullptr;
  const auto made = make_prefetcher({.prefetch = PrefetchKind::oracle}, live);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message(), testing::HasSubstr("policy.prefetch"));
}

}  // namespace
}  // namespace pregate
