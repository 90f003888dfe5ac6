// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/sharing.hpp"

#include <gtest/gtest.h>

#include <map>

#include "traces/base/random.hpp"

namespace pregate {
namespace {

constexpr Bandwidth gb_per_s(std::int64_t v) {
  return Bandwidth::bytes_per_second(v * 1'000'000'000);
}

// Runs the network until it is empty; when each flow ended.
std::map<std::uint32_t, SimTime> run_out(FluidNetwork& network) {
  std::map<std::uint32_t, SimTime> ends;
  std::vector<FlowId> ended;
  while (const auto next = network.next_event()) {
    ended.clear();
    network.advance(*next, ended);
    for (const FlowId flow : ended) ends[flow.value()] = *next;
  }
  return ends;
}

TEST(Sharing, OneFlow_TakesBytesOverRate) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(10));
  const auto flow = network.start(FlowSpec{}.through(dram), Bytes(1'000'000), Duration(), SimTime());
  EXPECT_EQ(run_out(network)[flow.value()], SimTime::at_ps(100'000'000));
}

TEST(Sharing, OneFlow_WaitsItsDelayFirst) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(10));
  const auto flow = network.start(FlowSpec{}.through(dram), Bytes(1'000'000), Duration::us(7), SimTime());
  EXPECT_EQ(run_out(network)[flow.value()], SimTime::at_ps(107'000'000));
}

TEST(Sharing, AFlowOfNoBytes_IsADelay) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(10));
  const auto flow = network.start(FlowSpec{}.through(dram), Bytes(), Duration::us(3), SimTime());
  EXPECT_EQ(run_out(network)[flow.value()], SimTime::at_ps(3'000'000));
}

TEST(Sharing, ACappedFlow_LeavesTheRestToTheOther) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(10));
  FlowSpec slow;
  slow.through(dram).cap = gb_per_s(2);
  const auto a = network.start(slow, Bytes(1'000'000), Duration(), SimTime());
  const auto b = network.start(FlowSpec{}.through(dram), Bytes(1'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(a), gb_per_s(2));
  EXPECT_EQ(network.rate(b), gb_per_s(8));
}

TEST(Sharing, Weights_DivideABottleneckInProportion) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(9));
  FlowSpec heavy;
  heavy.through(dram).weight = 2;
  const auto a = network.start(heavy, Bytes(1'000'000), Duration(), SimTime());
  const auto b = network.start(FlowSpec{}.through(dram), Bytes(1'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(a), gb_per_s(6));
  EXPECT_EQ(network.rate(b), gb_per_s(3));
}

TEST(Sharing, FlowsOfOneRequester_DivideItsShare) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(12));
  FlowSpec lane;
  lane.through(dram).requester = 1;
  const auto a = network.start(lane, Bytes(1'000'000), Duration(), SimTime());
  network.start(lane, Bytes(1'000'000), Duration(), SimTime());
  network.start(lane, Bytes(1'000'000), Duration(), SimTime());
  const auto npu = network.start(FlowSpec{}.through(dram), Bytes(1'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(npu), gb_per_s(6));
  EXPECT_EQ(network.rate(a), gb_per_s(2));
}

TEST(Sharing, ACostlyWrite_TakesMoreOfTheDram) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(10));
  FlowSpec write;
  write.through(dram, Permille{2500}).cap = gb_per_s(2);
  network.start(write, Bytes(1'000'000), Duration(), SimTime());
  const auto reader = network.start(FlowSpec{}.through(dram), Bytes(1'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(reader), gb_per_s(5));
}

TEST(Sharing, TheNarrowerOfTwoResources_Binds) {
  FluidNetwork network;
  const auto flash = network.add_resource(gb_per_s(2));
  const auto dram = network.add_resource(gb_per_s(10));
  const auto load =
      network.start(FlowSpec{}.through(flash).through(dram), Bytes(1'000'000), Duration(), SimTime());
  const auto op = network.start(FlowSpec{}.through(dram), Bytes(1'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(load), gb_per_s(2));
  EXPECT_EQ(network.rate(op), gb_per_s(8));
}

// 16 MiB joined at 100 us by 4 MiB, both at half rate while they overlap: as two readers that join in flight.
TEST(Sharing, AReaderJoinedInFlight_EndsWhenTheSharesSayItMust) {
  FluidNetwork network;
  const auto dram = network.add_resource(gb_per_s(40));
  const auto big = network.start(FlowSpec{}.through(dram), Bytes(16'000'000), Duration(), SimTime());
  std::vector<FlowId> ended;
  network.advance(SimTime::at_ps(100'000'000), ended);
  const auto small =
      network.start(FlowSpec{}.through(dram), Bytes(4'000'000), Duration(), SimTime::at_ps(100'000'000));
  auto ends = run_out(network);
  EXPECT_EQ(ends[small.value()], SimTime::at_ps(300'000'000));  // 4 MB at 20 GB/s after 100 us
  EXPECT_EQ(ends[big.value()], SimTime::at_ps(500'000'000));    // 20 MB in all at 40 GB/s
}

TEST(Sharing, SlowingAFlow_NeverEndsItEarlier) {
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    FluidNetwork network;
    const auto dram = network.add_resource(
        Bandwidth::bytes_per_second(1000 + static_cast<std::int64_t>(random.below(1'000'000'000))));
    FlowSpec spec;
    spec.through(dram).cap =
        Bandwidth::bytes_per_second(1000 + static_cast<std::int64_t>(random.below(1'000'000'000)));
    const Bytes size(1 + static_cast<std::int64_t>(random.below(10'000'000)));
    FluidNetwork alone_network;
    const auto alone_dram = alone_network.add_resource(gb_per_s(100));
    FlowSpec alone_spec;
    alone_spec.through(alone_dram).cap = spec.cap;
    const auto alone = alone_network.start(alone_spec, size, Duration(), SimTime());
    const SimTime alone_end = run_out(alone_network)[alone.value()];

    const auto flow = network.start(spec, size, Duration(), SimTime());
    for (int i = 0; i < 5; ++i) {
      network.start(FlowSpec{}.through(dram), Bytes(static_cast<std::int64_t>(random.below(100'000))),
                    Duration::ns(static_cast<std::int64_t>(random.below(1'000'000))), SimTime());
    }
    EXPECT_GE(run_out(network)[flow.value()], alone_end);
  }
}

// On random networks: no resource is overfull, and no flow could get more without taking from one that has
// less.
TEST(Sharing, RatesAreMaxMinFair_OnRandomNetworks) {
  Random random(11);
  for (int round = 0; round < 3000; ++round) {
    FluidNetwork network;
    const std::size_t resources = 1 + random.below(3);
    std::vector<std::int64_t> capacity;
    std::vector<ResourceId> ids;
    for (std::size_t r = 0; r < resources; ++r) {
      capacity.push_back(1'000'000 + static_cast<std::int64_t>(random.below(1'000'000'000)));
      ids.push_back(network.add_resource(Bandwidth::bytes_per_second(capacity.back())));
    }
    std::vector<FlowSpec> specs;
    std::vector<FlowId> flows;
    for (std::size_t f = 0; f < 1 + random.below(8); ++f) {
      FlowSpec spec;
      for (std::size_t r = 0; r < resources; ++r) {
        if (r == f % resources || random.chance(0.4))
          spec.through(ids[r], Permille{1000 + 100 * static_cast<std::int64_t>(random.below(20))});
      }
      if (random.chance(0.5))
        spec.cap =
            Bandwidth::bytes_per_second(1'000'000 + static_cast<std::int64_t>(random.below(300'000'000)));
      spec.weight = 1 + static_cast<std::int32_t>(random.below(3));
      specs.push_back(spec);
      flows.push_back(network.start(spec, Bytes(1'000'000'000), Duration(), SimTime()));
    }
    std::vector<double> used(resources, 0);
    for (std::size_t f = 0; f < flows.size(); ++f) {
      const auto rate = static_cast<double>(network.rate(flows[f]).count());
      for (std::size_t u = 0; u < specs[f].use_count; ++u) {
        used[specs[f].uses[u].resource.value()] +=
            rate * static_cast<double>(specs[f].uses[u].cost.value) / 1000.0;
      }
      if (specs[f].cap.count() > 0) {
        EXPECT_LE(network.rate(flows[f]), specs[f].cap);
      }
    }
    for (std::size_t r = 0; r < resources; ++r) EXPECT_LE(used[r], static_cast<double>(capacity[r]) + 1);
    // Each flow is at its cap, or crosses a full resource on which no flow has a higher level than it.
    for (std::size_t f = 0; f < flows.size(); ++f) {
      if (network.rate(flows[f]) == specs[f].cap) continue;
      const double level = static_cast<double>(network.rate(flows[f]).count()) / specs[f].weight;
      bool justified = false;
      for (std::size_t u = 0; u < specs[f].use_count; ++u) {
        const auto r = specs[f].uses[u].resource;
        if (used[r.value()] < static_cast<double>(capacity[r.value()]) - 100) continue;
        bool highest = true;
        for (std::size_t g = 0; g < flows.size(); ++g) {
          for (std::size_t v = 0; v < specs[g].use_count; ++v) {
            if (specs[g].uses[v].resource != r) continue;
            highest =
                highest && static_cast<double>(network.rate(flows[g]).count()) / specs[g].weight <= level + 2;
          }
        }
        justified = justified || highest;
      }
      EXPECT_TRUE(justified) << "round " << round << " flow " << f;
    }
  }
}

// Joining and leaving in any order gives the rates that filling from scratch gives: shortcuts must not show.
TEST(Sharing, RatesAfterJoiningAndLeaving_AreThoseOfAFreshNetwork) {
  Random random(23);
  for (int round = 0; round < 2000; ++round) {
    FluidNetwork network;
    std::vector<std::int64_t> capacity;
    std::vector<ResourceId> ids;
    for (std::size_t r = 0; r < 3; ++r) {
      capacity.push_back(1'000'000 + static_cast<std::int64_t>(random.below(1'000'000'000)));
      ids.push_back(network.add_resource(Bandwidth::bytes_per_second(capacity.back())));
    }
    std::map<std::uint32_t, FlowSpec> live;
    SimTime now;
    std::vector<FlowId> ended;
    for (int change = 0; change < 12; ++change) {
      FlowSpec spec;
      for (std::size_t r = 0; r < 3; ++r) {
        if (r == 0 || random.chance(0.5)) spec.through(ids[r]);
      }
      if (random.chance(0.7)) {
        spec.cap =
            Bandwidth::bytes_per_second(1'000'000 + static_cast<std::int64_t>(random.below(400'000'000)));
      }
      if (random.chance(0.3)) spec.requester = 1;
      const Bytes size(1 + static_cast<std::int64_t>(random.below(10'000'000)));
      live[network.start(spec, size, Duration(), now).value()] = spec;
      if (random.chance(0.5)) {
        now = *network.next_event();
        ended.clear();
        network.advance(now, ended);
        for (const FlowId flow : ended) live.erase(flow.value());
      }
      FluidNetwork fresh;
      for (const std::int64_t c : capacity) fresh.add_resource(Bandwidth::bytes_per_second(c));
      std::map<std::uint32_t, FlowId> twin;
      for (const auto& [id, flow] : live) twin[id] = fresh.start(flow, Bytes::gib(1), Duration(), SimTime());
      for (const auto& [id, flow] : live) {
        EXPECT_NEAR(static_cast<double>(network.rate(FlowId(id)).count()),
                    static_cast<double>(fresh.rate(twin[id]).count()), 16)
            << "round " << round << " change " << change;
      }
    }
  }
}

FlowSpec of_class(ResourceId resource, std::uint8_t urgency) {
  FlowSpec spec;
  spec.through(resource).urgency = urgency;
  return spec;
}

TEST(Arbitration, Priority_GivesAllToTheMoreUrgentClass_AndPausesTheOther) {
  FluidNetwork network;
  const auto flash = network.add_resource({gb_per_s(4), Arbitration::priority});
  const auto early = network.start(of_class(flash, 2), Bytes(4'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(early), gb_per_s(4));
  std::vector<FlowId> ended;
  network.advance(SimTime::at_ps(500'000'000), ended);  // half of it has moved
  const auto demand =
      network.start(of_class(flash, 0), Bytes(4'000'000), Duration(), SimTime::at_ps(500'000'000));
  EXPECT_EQ(network.rate(early), Bandwidth());
  EXPECT_EQ(network.rate(demand), gb_per_s(4));
  auto ends = run_out(network);
  EXPECT_EQ(ends[demand.value()], SimTime::at_ps(1'500'000'000));
  EXPECT_EQ(ends[early.value()], SimTime::at_ps(2'000'000'000));  // the pause, then its other half
}

TEST(Arbitration, Priority_LeavesWhatACappedDemandCannotUse) {
  FluidNetwork network;
  const auto flash = network.add_resource({gb_per_s(4), Arbitration::priority});
  FlowSpec lane = of_class(flash, 0);
  lane.cap = gb_per_s(3);
  network.start(lane, Bytes::gib(1), Duration(), SimTime());
  const auto committed = network.start(of_class(flash, 1), Bytes::gib(1), Duration(), SimTime());
  const auto guess = network.start(of_class(flash, 2), Bytes::gib(1), Duration(), SimTime());
  EXPECT_EQ(network.rate(committed), gb_per_s(1));
  EXPECT_EQ(network.rate(guess), Bandwidth());
}

TEST(Arbitration, Weighted_DividesByTheWeightsOfTheClasses) {
  FluidNetwork network;
  const auto flash = network.add_resource({gb_per_s(7), Arbitration::weighted});
  const auto demand = network.start(of_class(flash, 0), Bytes::gib(1), Duration(), SimTime());
  const auto committed = network.start(of_class(flash, 1), Bytes::gib(1), Duration(), SimTime());
  const auto guess = network.start(of_class(flash, 2), Bytes::gib(1), Duration(), SimTime());
  EXPECT_EQ(network.rate(demand), gb_per_s(4));
  EXPECT_EQ(network.rate(committed), gb_per_s(2));
  EXPECT_EQ(network.rate(guess), gb_per_s(1));
}

TEST(Arbitration, AnAdoptedFlow_IsServedAsDemandFromThenOn) {
  FluidNetwork network;
  const auto flash = network.add_resource({gb_per_s(4), Arbitration::priority});
  network.start(of_class(flash, 0), Bytes::gib(1), Duration(), SimTime());
  const auto committed = network.start(of_class(flash, 1), Bytes::gib(1), Duration(), SimTime());
  EXPECT_EQ(network.rate(committed), Bandwidth());
  network.set_urgency(committed, 0, SimTime::at_ps(1'000'000));
  EXPECT_EQ(network.rate(committed), gb_per_s(2));
}

// Priority on the flash, fairness in the DRAM: a guess that the flash starves does not slow the NPU's
// reading.
TEST(Arbitration, APausedFlow_TakesNothingFromTheOtherResourcesOnItsWay) {
  FluidNetwork network;
  const auto flash = network.add_resource({gb_per_s(4), Arbitration::priority});
  const auto dram = network.add_resource({gb_per_s(10), Arbitration::max_min});
  FlowSpec load;
  load.through(flash).through(dram);
  FlowSpec guess = load;
  guess.urgency = 2;
  network.start(load, Bytes::gib(1), Duration(), SimTime());
  network.start(guess, Bytes::gib(1), Duration(), SimTime());
  const auto reader = network.start(FlowSpec{}.through(dram), Bytes::gib(1), Duration(), SimTime());
  EXPECT_EQ(network.rate(reader), gb_per_s(6));
}

TEST(Arbitration, OneClassAlone_SharesAsMaxMinWhateverTheRule) {
  Random random(5);
  for (int round = 0; round < 500; ++round) {
    FluidNetwork plain, ruled;
    for (int r = 0; r < 3; ++r) {
      const auto capacity =
          Bandwidth::bytes_per_second(1'000'000 + static_cast<std::int64_t>(random.below(1'000'000'000)));
      plain.add_resource(capacity);
      ruled.add_resource({capacity, r == 1 ? Arbitration::weighted : Arbitration::priority});
    }
    std::vector<FlowId> a, b;
    for (int f = 0; f < 6; ++f) {
      FlowSpec spec;
      spec.through(ResourceId(static_cast<std::uint8_t>(random.below(3)))).urgency = 1;
      a.push_back(plain.start(spec, Bytes::gib(1), Duration(), SimTime()));
      b.push_back(ruled.start(spec, Bytes::gib(1), Duration(), SimTime()));
    }
    for (std::size_t f = 0; f < a.size(); ++f) EXPECT_EQ(plain.rate(a[f]), ruled.rate(b[f]));
  }
}

// On random networks of random rules: nothing overfull, nobody idle who could move, and a flow that is held
// back by a full priority resource only if that resource gives nothing to a less urgent class.
TEST(Arbitration, OnRandomNetworks_NothingIsOverfullAndPriorityIsStrict) {
  Random random(17);
  for (int round = 0; round < 2000; ++round) {
    FluidNetwork network;
    std::vector<std::int64_t> capacity;
    std::vector<Arbitration> rules;
    for (std::size_t r = 0; r < 3; ++r) {
      capacity.push_back(1'000'000'000 + static_cast<std::int64_t>(random.below(10'000'000'000)));
      rules.push_back(static_cast<Arbitration>(random.below(3)));
      network.add_resource({Bandwidth::bytes_per_second(capacity.back()), rules.back()});
    }
    std::vector<FlowSpec> specs;
    std::vector<FlowId> flows;
    for (std::size_t f = 0; f < 2 + random.below(6); ++f) {
      FlowSpec spec;
      for (std::uint8_t r = 0; r < 3; ++r) {
        if (r == f % 3 || random.chance(0.4)) spec.through(ResourceId(r));
      }
      if (random.chance(0.4))
        spec.cap =
            Bandwidth::bytes_per_second(100'000'000 + static_cast<std::int64_t>(random.below(3'000'000'000)));
      spec.urgency = static_cast<std::uint8_t>(random.below(kUrgencies));
      specs.push_back(spec);
      flows.push_back(network.start(spec, Bytes::gib(1), Duration(), SimTime()));
    }
    std::vector<std::int64_t> used(3, 0);
    const auto rate = [&](std::size_t f) { return network.rate(flows[f]).count(); };
    for (std::size_t f = 0; f < flows.size(); ++f) {
      for (std::size_t u = 0; u < specs[f].use_count; ++u) used[specs[f].uses[u].resource.value()] += rate(f);
      if (specs[f].cap.count() > 0) {
        EXPECT_LE(network.rate(flows[f]), specs[f].cap);
      }
    }
    constexpr std::int64_t kSlack = 100'000;  // a flow slower than 10 kB/s pauses
    for (std::size_t r = 0; r < 3; ++r) EXPECT_LE(used[r], capacity[r] + 1) << "round " << round;
    for (std::size_t f = 0; f < flows.size(); ++f) {
      if (specs[f].cap.count() > 0 && rate(f) + kSlack >= specs[f].cap.count()) continue;
      bool held = false;
      for (std::size_t u = 0; u < specs[f].use_count; ++u) {
        const std::size_t r = specs[f].uses[u].resource.value();
        if (used[r] + kSlack < capacity[r]) continue;
        bool strict = true;
        for (std::size_t g = 0; g < flows.size() && rules[r] == Arbitration::priority; ++g) {
          for (std::size_t v = 0; v < specs[g].use_count; ++v) {
            if (specs[g].uses[v].resource.value() != r || specs[g].urgency <= specs[f].urgency) continue;
            strict = strict && rate(g) <= kSlack;
          }
        }
        held = held || strict;
      }
      EXPECT_TRUE(held) << "round " << round << " flow " << f;
    }
  }
}

TEST(Sharing, CapacityFallsWithTheNumberOfReaders) {
  FluidNetwork network;
  const auto dram = network.add_resource(
      {gb_per_s(10), Arbitration::max_min, {Permille{1000}, Permille{900}, Permille{800}}});
  FlowSpec reader;
  reader.through(dram).reads = true;
  const auto a = network.start(reader, Bytes(10'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(a), gb_per_s(10));
  network.start(reader, Bytes(10'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(a), Bandwidth::bytes_per_second(4'500'000'000));
  for (int i = 0; i < 2; ++i) network.start(reader, Bytes(10'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(a), gb_per_s(2));
}

TEST(Sharing, AWriter_IsNoReader) {
  FluidNetwork network;
  const auto dram =
      network.add_resource({gb_per_s(10), Arbitration::max_min, {Permille{1000}, Permille{500}}});
  FlowSpec reader;
  reader.through(dram).reads = true;
  const auto a = network.start(reader, Bytes(10'000'000), Duration(), SimTime());
  network.start(FlowSpec{}.through(dram), Bytes(10'000'000), Duration(), SimTime());
  EXPECT_EQ(network.rate(a), gb_per_s(5));
}

}  // namespace
}  // namespace pregate
