// SPDX-License-Identifier: Apache-2.0
// A second implementation of every policy, slow and plain: all experts of an event are classified, then all
// misses admitted, then the worst of what the event did not touch leaves until the rest fits. It must agree
// lookup by lookup.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>

#include "tests/residency/worlds.hpp"

namespace pregate {
namespace {

using namespace testing_worlds;

class NaiveCache {
 public:
  NaiveCache(const World& world, EvictionKind kind, Bytes budget, std::int32_t half_life)
      : world_(world), kind_(kind), half_life_(half_life), budget_(budget) {
    if (is_partitioned(kind))
      budget_ = Bytes(budget.count() / static_cast<std::int64_t>(world.table.banks()));
  }

  std::vector<bool> run() {
    std::vector<bool> hits;
    for (now_ = 0; now_ < world_.sequence.size(); ++now_) {
      const EventInfo& info = world_.sequence.info(EventId(now_));
      if (info.step != step_) begin_step(info.step);
      bank_ = info.bank;
      const auto experts = world_.sequence.experts(EventId(now_));
      for (const ExpertId e : experts) hits.push_back(resident_.contains(e));
      for (const ExpertId e : experts) {
        last_[e] = {++clock_, step_};
        uses_[e] += std::int64_t{1} << 32;
        if (!resident_.contains(e)) resident_[e] = ++admissions_;
      }
      leave({experts.begin(), experts.end()});
    }
    return hits;
  }

 private:
  using Key = std::tuple<std::int64_t, std::int64_t>;

  void begin_step(std::int32_t step) {
    step_ = step;
    if (kind_ == EvictionKind::lfu_decay && step > 0 && step % half_life_ == 0) {
      for (auto& [e, uses] : uses_) uses /= 2;
    }
  }

  bool same_partition(ExpertId e) const { return !is_partitioned(kind_) || world_.table.bank(e) == bank_; }

  Bytes partition_bytes() const {
    Bytes sum;
    for (const auto& [e, admitted] : resident_) sum += same_partition(e) ? world_.table.bytes(e) : Bytes();
    return sum;
  }

  void leave(const std::set<ExpertId>& touched) {
    if (kind_ == EvictionKind::none) return resident_.clear();
    while (partition_bytes() > budget_) {
      std::optional<ExpertId> worst;
      for (const auto& [e, admitted] : resident_) {
        if (!same_partition(e)) continue;
        if (touched.contains(e) && kind_ != EvictionKind::belady_bypass) continue;
        if (!worst || key(e) < key(*worst)) worst = e;
      }
      if (!worst) return;
      resident_.erase(*worst);
    }
  }

  // The least leaves first.
  Key key(ExpertId e) const {
    const auto [order, step] = last_.at(e);
    switch (kind_) {
      case EvictionKind::lfu:
      case EvictionKind::lfu_decay:
      case EvictionKind::layer_lfu:
        return {uses_.at(e), order};
      case EvictionKind::fifo:
        return {resident_.at(e), 0};
      case EvictionKind::belady:
      case EvictionKind::belady_bypass:
        return {-next_use(e), order};
      case EvictionKind::least_stale:
        return {(step == step_ ? 2 : 0) + (world_.table.bank(e) < bank_ ? 0 : 1), order};
      default:
        return {order, 0};
    }
  }

  std::int64_t next_use(ExpertId e) const {
    for (std::uint32_t i = now_ + 1; i < world_.sequence.size(); ++i) {
      for (const ExpertId used : world_.sequence.experts(EventId(i))) {
        if (used == e) return i;
      }
    }
    return INT32_MAX;
  }

  const World& world_;
  EvictionKind kind_;
  std::int32_t half_life_;
  Bytes budget_;
  std::uint32_t now_ = 0;
  std::int32_t step_ = 0;
  BankId bank_;
  std::int64_t clock_ = 0, admissions_ = 0;
  std::map<ExpertId, std::int64_t> resident_;  // and the number of its admission
  std::map<ExpertId, std::int64_t> uses_;      // times 2^32
  std::map<ExpertId, std::pair<std::int64_t, std::int32_t>> last_;
};

class EveryPolicy : public testing::TestWithParam<EvictionKind> {};

TEST_P(EveryPolicy, AgreesWithAPlainImplementation_OnThousandsOfRandomTraces) {
  Random random(static_cast<std::uint64_t>(GetParam()) + 100);
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    RandomOptions options;
    options.model = {.banks = static_cast<std::int32_t>(1 + random.below(3)),
                     .experts = static_cast<std::int32_t>(3 + random.below(6)),
                     .layers_per_bank = static_cast<std::int32_t>(1 + random.below(2)),
                     .top_k = static_cast<std::int32_t>(1 + random.below(3)),
                     .expert_bytes = Bytes(3),
                     .more_bytes_per_bank = Bytes(static_cast<std::int64_t>(random.below(3)))};
    options.steps = 8;
    options.prefill_tokens = static_cast<std::int32_t>(1 + random.below(3));
    const World world = random_world(seed, options);
    const Bytes budget(static_cast<std::int64_t>(random.below(3 * world.table.size() + 4)));
    ResidencyOptions residency = options_of(world, GetParam(), budget);
    residency.context.lfu_half_life = static_cast<std::int32_t>(1 + random.below(4));
    const std::vector<bool> expected =
        NaiveCache(world, GetParam(), budget, residency.context.lfu_half_life).run();
    ASSERT_EQ(replay_world(world, residency).hits, expected)
        << "seed " << seed << ", budget " << budget.count();
  }
}

TEST_P(EveryPolicy, ReplayAt_CountsWhatTheResidencyDid) {
  const World world =
      random_world(11, {.model = {.banks = 3, .experts = 16, .layers_per_bank = 2, .expert_bytes = Bytes(5)},
                        .steps = 50,
                        .prefill_tokens = 4});
  const Bytes budget(70);
  const Replayed replayed = replay_world(world, options_of(world, GetParam(), budget));
  const CurvePoint point = world.replay(GetParam(), budget);
  EXPECT_EQ(point.lookups, static_cast<std::int64_t>(world.sequence.lookups()));
  EXPECT_EQ(point.hits, std::count(replayed.hits.begin(), replayed.hits.end(), true));
  EXPECT_EQ(point.loads, point.lookups - point.hits);
  EXPECT_EQ(point.bytes_read, Bytes(5) * point.loads);
  EXPECT_EQ(point.peak_resident, replayed.peak);
  EXPECT_LT(point.lookups_decode, point.lookups);
  const std::vector<bool> decode(replayed.hits.end() - static_cast<std::ptrdiff_t>(point.lookups_decode),
                                 replayed.hits.end());
  EXPECT_EQ(point.hits_decode, std::count(decode.begin(), decode.end(), true));
}

INSTANTIATE_TEST_SUITE_P(Naive, EveryPolicy,
                         testing::Values(EvictionKind::lru, EvictionKind::lfu, EvictionKind::lfu_decay,
                                         EvictionKind::fifo, EvictionKind::least_stale,
                                         EvictionKind::layer_lru, EvictionKind::layer_lfu,
                                         EvictionKind::belady, EvictionKind::belady_bypass,
                                         EvictionKind::none),
                         [](const auto& test) {
                           std::string name(to_text(test.param));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace pregate
