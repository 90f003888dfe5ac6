// SPDX-License-Identifier: Apache-2.0
// Reuse distances: closed forms, a second implementation, and the hit curve of the global LRU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <set>

#include "sim/residency/reuse.hpp"
#include "tests/residency/worlds.hpp"
#include "traces/import.hpp"

namespace pregate {
namespace {

using namespace testing_worlds;
using testing::ElementsAre;

constexpr std::int64_t kFirst = 0;

std::vector<std::int64_t> distances(const World& world) {
  std::vector<std::int64_t> out;
  for (const Reuse& reuse : measure_reuse(world.sequence, world.table)) out.push_back(reuse.distance.count());
  return out;
}

ReuseSummary summary_of(const World& world, Phases phases = Phases::all) {
  return summarize_reuse(world.sequence, measure_reuse(world.sequence, world.table), phases);
}

TEST(Reuse, DistanceIsOneself_AndEveryDistinctExpertSince) {
  // The stack before each lookup, newest first: -, 0, 10, 210, 0210..
  EXPECT_THAT(distances(one_layer({{0}, {1}, {2}, {0}, {0}, {2}, {1}})),
              ElementsAre(kFirst, kFirst, kFirst, 3, 1, 2, 3));
}

TEST(Reuse, OfACycle_IsTheCycle_SoTheCliffIsThere) {
  const World world = one_layer({{0}, {1}, {2}, {3}, {0}, {1}, {2}, {3}, {0}, {1}, {2}, {3}});
  const ReuseSummary summary = summary_of(world);
  EXPECT_EQ(summary.first_uses, 4);
  EXPECT_EQ(summary.bytes.quantile(0.01), 4);
  EXPECT_EQ(summary.bytes.quantile(1), 4);
  EXPECT_EQ(summary.lru_hits(Bytes(3)), 0);
  EXPECT_EQ(summary.lru_hits(Bytes(4)), 8);
}

TEST(Reuse, LookupsOfOneEvent_DoNotCountForEachOther) {
  // Both of the second event are where the first event left them: 1 on top, 0 below.
  EXPECT_THAT(distances(one_layer({{0, 1}, {1, 0}})), ElementsAre(kFirst, kFirst, 1, 2));
  // Nor do the event's own first uses push what it uses again.
  EXPECT_THAT(distances(one_layer({{0}, {1, 2, 3, 0}})), ElementsAre(kFirst, kFirst, kFirst, kFirst, 1));
}

TEST(Reuse, AnExpertUsedTwiceBetween_CountsOnce) {
  EXPECT_THAT(distances(one_layer({{0}, {1}, {1}, {1}, {0}})), ElementsAre(kFirst, kFirst, 1, 1, 2));
}

TEST(Reuse, BytesAreThoseOfTheExpertsBetween) {
  // Two banks: experts of 5 bytes and of 7.
  ModelShape model =
      make_model({.banks = 2, .experts = 4, .expert_bytes = Bytes(5), .more_bytes_per_bank = Bytes(2)});
  EventSequence sequence;
  const ExpertTable table(model);
  for (std::int32_t step = 0; step < 2; ++step) {
    for (std::uint32_t bank = 0; bank < 2; ++bank) {
      const std::vector<ExpertId> chosen = {table.id(BankId(bank), 1), table.id(BankId(bank), 3)};
      sequence.append({.step = step, .layer = LayerId(bank), .bank = BankId(bank)}, chosen);
    }
  }
  const World world(std::move(model), std::move(sequence));
  EXPECT_THAT(distances(world), ElementsAre(kFirst, kFirst, kFirst, kFirst, 24, 19, 24, 17));
}

TEST(Reuse, EventsAndSteps_AreCountedFromUseToUse) {
  const ReuseSummary summary = summary_of(one_layer({{0}, {1}, {2}, {0}, {0}}));
  EXPECT_THAT(summary.events.values(), ElementsAre(1, 3));
  EXPECT_THAT(summary.steps.values(), ElementsAre(1, 3));
  EXPECT_THAT(summary.next_event_bytes.values(), ElementsAre(1));
}

TEST(Reuse, WithinAToken_ByLayersThatShareABank_IsNoStepAway) {
  ModelShape model = make_model({.layers_per_bank = 2});
  EventSequence sequence;
  const std::vector<ExpertId> chosen = {ExpertId(3)};
  for (std::uint32_t layer = 0; layer < 2; ++layer)
    sequence.append({.step = 0, .layer = LayerId(layer), .bank = BankId(0)}, chosen);
  const ReuseSummary summary = summary_of({std::move(model), std::move(sequence)});
  EXPECT_THAT(summary.steps.values(), ElementsAre(0));
  EXPECT_THAT(summary.events.values(), ElementsAre(1));
}

TEST(Reuse, OfNothing_IsNothing) {
  const World world = one_layer({});
  EXPECT_TRUE(distances(world).empty());
  EXPECT_EQ(summary_of(world).lookups, 0);
  EXPECT_EQ(summary_of(world).lru_hits(Bytes::mib(1)), 0);
}

TEST(Reuse, DecodeAlone_CountsDecode_ButRemembersThePrompt) {
  const World world = random_world(5, {.steps = 10, .prefill_tokens = 4});
  const ReuseSummary decode = summary_of(world, Phases::decode), all = summary_of(world);
  EXPECT_LT(decode.lookups, all.lookups);
  EXPECT_EQ(decode.reuses(), world.replay(EvictionKind::lru, Bytes(1000)).hits_decode);
  EXPECT_EQ(all.first_uses, world.replay(EvictionKind::lru, Bytes(1000)).loads);
}

TEST(SortedValues, QuantilesAreValuesThatAreThere) {
  const SortedValues values({40, 10, 30, 20});
  EXPECT_EQ(values.quantile(0.25), 10);
  EXPECT_EQ(values.quantile(0.26), 20);
  EXPECT_EQ(values.quantile(0.5), 20);
  EXPECT_EQ(values.quantile(0.9), 40);
  EXPECT_EQ(values.quantile(1), 40);
  EXPECT_EQ(values.quantile(1e-9), 10);
  EXPECT_EQ(values.count_up_to(9), 0);
  EXPECT_EQ(values.count_up_to(20), 2);
  EXPECT_EQ(values.count_up_to(99), 4);
}

RandomOptions random_shape(Random& random) {
  RandomOptions options;
  options.model = {.banks = static_cast<std::int32_t>(1 + random.below(3)),
                   .experts = static_cast<std::int32_t>(3 + random.below(12)),
                   .layers_per_bank = static_cast<std::int32_t>(1 + random.below(3)),
                   .dense_layers = static_cast<std::int32_t>(random.below(2)),
                   .top_k = static_cast<std::int32_t>(1 + random.below(3)),
                   .expert_bytes = Bytes(3),
                   .more_bytes_per_bank = {}};
  options.steps = static_cast<std::int32_t>(2 + random.below(12));
  options.prefill_tokens = static_cast<std::int32_t>(1 + random.below(4));
  return options;
}

// Back from each lookup to the expert's last use, over every lookup between.
std::vector<std::int64_t> plain_distances(const World& world) {
  std::vector<std::int64_t> out;
  for (std::uint32_t now = 0; now < world.sequence.size(); ++now) {
    for (const ExpertId expert : world.sequence.experts(EventId(now))) {
      std::set<ExpertId> between;
      bool found = false;
      for (std::uint32_t then = now; then-- > 0 && !found;) {
        const auto used = world.sequence.experts(EventId(then));
        for (std::size_t i = used.size(); i-- > 0 && !found;) {
          found = used[i] == expert;
          between.insert(used[i]);
        }
      }
      std::int64_t bytes = 0;
      for (const ExpertId one : between) bytes += world.table.bytes(one).count();
      out.push_back(found ? bytes : kFirst);
    }
  }
  return out;
}

TEST(Reuse, AgreesWithAPlainImplementation_OnRandomTraces) {
  Random random(77);
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    RandomOptions options = random_shape(random);
    options.model.more_bytes_per_bank = Bytes(static_cast<std::int64_t>(random.below(3)));
    const World world = random_world(seed, options);
    ASSERT_EQ(distances(world), plain_distances(world)) << "seed " << seed;
  }
}

// From no room at all, where events overflow, to room for everything.
void expect_lru_curve(const World& world, Bytes from, Bytes to, Bytes by) {
  const std::vector<Reuse> reuses = measure_reuse(world.sequence, world.table);
  const ReuseSummary all = summarize_reuse(world.sequence, reuses, Phases::all);
  const ReuseSummary decode = summarize_reuse(world.sequence, reuses, Phases::decode);
  for (Bytes budget = from; budget <= to; budget += by) {
    const CurvePoint point = world.replay(EvictionKind::lru, budget);
    ASSERT_EQ(all.lookups, point.lookups);
    ASSERT_EQ(decode.lookups, point.lookups_decode);
    ASSERT_EQ(all.lru_hits(budget), point.hits) << budget.count();
    ASSERT_EQ(decode.lru_hits(budget), point.hits_decode) << budget.count();
    if (budget >= world.sequence.largest_event(world.table)) {
      ASSERT_EQ(all.bytes.count_up_to(budget.count()), point.hits) << "the histogram alone";
    }
  }
}

TEST(Reuse, CumulativeHistogram_IsTheHitCurveOfLru_OnRandomTraces) {
  Random random(78);
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const World world = random_world(seed, random_shape(random));
    const Bytes all(3 * static_cast<std::int64_t>(world.table.size()));
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(expect_lru_curve(world, Bytes(1), all + Bytes(1), Bytes(1)));
  }
}

TEST(Reuse, CumulativeHistogram_IsTheHitCurveOfLru_WithMixedSizesToo) {
  Random random(79);
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    RandomOptions options = random_shape(random);
    options.model.banks = 3;
    options.model.more_bytes_per_bank = Bytes(static_cast<std::int64_t>(1 + random.below(5)));
    const World world = random_world(seed, options);
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(expect_lru_curve(world, Bytes(1), Bytes(400), Bytes(3)));
  }
}

TEST(Reuse, OfThePhonesTrace_IsItsLruCurve) {
  const std::string phone = PREGATE_SHARED_DIR "/traces/phone/qwen3-30b-a3b.route.csv";
  if (!std::filesystem::exists(phone)) GTEST_SKIP() << "no shared traces at " << phone;
  Result<RouteTrace> trace = load_trace(phone);
  ASSERT_TRUE(trace.ok());
  for (const bool one_size : {false, true}) {
    ModelShape model = trace->header.model;
    for (BankShape& bank : model.banks) bank.expert_bytes = one_size ? Bytes::mib(3) : bank.expert_bytes;
    const ExpertTable table(model);
    EventSequence sequence(*trace, table);
    const World world(std::move(model), std::move(sequence));
    expect_lru_curve(world, Bytes::mib(100), Bytes::mib(2500), Bytes::mib(150));
    expect_lru_curve(world, Bytes::mib(4000), Bytes::mib(20000), Bytes::mib(4000));
  }
}

TEST(Reuse, ByLayer_SumsToTheWhole) {
  const World world = random_world(9, {.model = {.banks = 2, .layers_per_bank = 2}, .prefill_tokens = 3});
  const std::vector<Reuse> reuses = measure_reuse(world.sequence, world.table);
  const auto layer_of = [&world](const Reuse& reuse) {
    return std::size_t{world.sequence.info(reuse.event).layer.value()};
  };
  const std::vector<ReuseSummary> layers =
      summarize_reuse_by(world.sequence, reuses, Phases::decode, 4, layer_of);
  const ReuseSummary whole = summary_of(world, Phases::decode);
  std::int64_t lookups = 0, first_uses = 0, hits = 0;
  for (const ReuseSummary& layer : layers) {
    lookups += layer.lookups;
    first_uses += layer.first_uses;
    hits += layer.lru_hits(Bytes(6));
  }
  EXPECT_EQ(lookups, whole.lookups);
  EXPECT_EQ(first_uses, whole.first_uses);
  EXPECT_EQ(hits, whole.lru_hits(Bytes(6)));
}

}  // namespace
}  // namespace pregate
