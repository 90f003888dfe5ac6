// SPDX-License-Identifier: Apache-2.0
// What every run must account for (design.md section 7), on seeded random models, devices, traces and
// policies.
#include <algorithm>
#include <map>

#include "sim/residency/eviction.hpp"
#include "tests/sim/small_world.hpp"

namespace pregate {
namespace {

using namespace pregate::testing;

struct World {
  ModelShape model;
  std::shared_ptr<RouteTrace> trace;
  Scenario scenario;
  Bytes largest_event;
};

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

std::shared_ptr<RouteTrace> random_trace(Random& random, const ModelShape& model) {
  auto trace = std::make_shared<RouteTrace>();
  trace->header.model = model;
  std::int64_t position = 0;
  const std::int64_t steps = between(random, 3, 12);
  for (std::int64_t s = 0; s < steps; ++s) {
    RouteStep step;
    step.phase = s == 0 ? Phase::prefill : Phase::decode;
    // A prompt, then single tokens and small batches.
    step.tokens = static_cast<std::int32_t>(s == 0 || random.chance(0.2) ? between(random, 1, 4) : 1);
    step.position = position;
    position += step.tokens;
    step.offset.push_back(0);
    for (const LayerShape& layer : model.layers) {
      if (layer.is_moe()) {
        const std::int32_t experts = model.banks[layer.bank.value()].experts;
        for (std::int32_t t = 0; t < step.tokens; ++t) {
          std::vector<std::uint16_t> all;
          for (std::int32_t e = 0; e < experts; ++e) all.push_back(static_cast<std::uint16_t>(e));
          for (std::int32_t k = 0; k < model.top_k; ++k) {
            // Squaring the draw makes low ids popular, so that there is something to hit.
            const double u = random.unit();
            const auto i = static_cast<std::size_t>(u * u * static_cast<double>(all.size()));
            step.experts.push_back(all[i]);
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
          }
        }
      }
      step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
      step.layer_tokens.push_back(layer.is_moe() ? step.tokens : 0);
    }
    trace->steps.push_back(std::move(step));
  }
  return trace;
}

World random_world(std::uint64_t seed) {
  Random random(seed);
  World world;
  std::vector<LayerPlan> plan;
  const std::int64_t layers = between(random, 2, 7);
  for (std::int64_t l = 0; l < layers; ++l) {
    plan.push_back({.moe = l == layers / 2 || random.chance(0.8),
                    .attention = Macs(between(random, 0, 300'000'000)),
                    .feed_forward = Macs(between(random, 0, 300'000'000)),
                    .feed_forward_bytes = Bytes(between(random, 0, 3'000'000))});
  }
  world.model =
      round_model(plan, static_cast<std::int32_t>(between(random, 4, 12)),
                  static_cast<std::int32_t>(between(random, 1, 3)),
                  static_cast<std::size_t>(between(random, 1, 3)), Macs(between(random, 0, 200'000'000)));
  world.model.kv_bytes = Bytes(between(random, 0, 2000));
  world.model.kv_macs = Macs(between(random, 0, 2000));
  world.model.head_bytes = Bytes(between(random, 0, 1'000'000));
  world.model.head_macs = Macs(between(random, 0, 10'000'000));
  for (LayerShape& layer : world.model.layers) layer.attention_bytes = Bytes(between(random, 0, 500'000));
  world.trace = random_trace(random, world.model);
  const ExpertTable table(world.model);
  world.largest_event = EventSequence(*world.trace, table).largest_event(table);

  Scenario& scenario = world.scenario;
  scenario = round_scenario(world.largest_event + Bytes(between(random, 0, 20) * 700'000));
  scenario.device.flash.read_bandwidth = Bandwidth::bytes_per_second(between(random, 200, 8000) * 1'000'000);
  scenario.device.flash.lane_bandwidth = Bandwidth::bytes_per_second(
      std::min(scenario.device.flash.read_bandwidth.count(), between(random, 200, 8000) * 1'000'000));
  scenario.device.flash.request_latency = Duration::ns(between(random, 0, 200'000));
  scenario.device.flash.request_bytes = Bytes(random.chance(0.5) ? 0 : between(random, 100'000, 2'000'000));
  scenario.device.dram.usable_bandwidth = Bandwidth::bytes_per_second(between(random, 5, 80) * 1'000'000'000);
  scenario.device.dram.write_cost = Permille{between(random, 1000, 2500)};
  scenario.device.npu.dram_bandwidth = scenario.device.dram.usable_bandwidth;
  scenario.device.npu.launch_latency = Duration::ns(between(random, 0, 5000));
  scenario.device.management = {.per_load = Duration::ns(between(random, 0, 50'000)),
                                .per_mib = Duration::ns(between(random, 0, 50'000)),
                                .per_eviction = Duration::ns(between(random, 0, 5'000))};
  scenario.runtime.io_lanes = static_cast<std::int32_t>(between(random, 1, 8));
  scenario.runtime.overlap = random.chance(0.8);
  scenario.policy.seed = seed;
  constexpr EvictionKind kEvictions[] = {
      EvictionKind::lru,       EvictionKind::lfu,         EvictionKind::lfu_decay,    EvictionKind::fifo,
      EvictionKind::random,    EvictionKind::least_stale, EvictionKind::belady,       EvictionKind::none,
      EvictionKind::layer_lru, EvictionKind::layer_lfu,   EvictionKind::belady_bypass};
  constexpr PrefetchKind kPrefetches[] = {PrefetchKind::none,       PrefetchKind::pregate,
                                          PrefetchKind::prev_token, PrefetchKind::popularity,
                                          PrefetchKind::stale_gate, PrefetchKind::oracle};
  scenario.policy.eviction = kEvictions[random.below(std::size(kEvictions))];
  if (is_partitioned(scenario.policy.eviction)) {
    // Each bank's share must hold an event.
    scenario.expert_budget = *scenario.expert_budget * static_cast<std::int64_t>(world.model.banks.size());
  }
  if (random.chance(0.2)) {
    scenario.device.link = {.bandwidth = Bandwidth::bytes_per_second(between(random, 500, 4000) * 1'000'000),
                            .latency = Duration::ns(between(random, 0, 5000))};
  }
  scenario.policy.prefetch = kPrefetches[random.below(std::size(kPrefetches))];
  scenario.policy.lookahead = static_cast<std::int32_t>(between(random, 1, 3));
  if (random.chance(0.3)) scenario.runtime.room = RoomAt::request;
  return world;
}

constexpr std::uint64_t kWorlds = 300;

void expect_partition(const RunRecord& run) {
  struct Slice {
    SimTime begin, end;
  };
  std::vector<Slice> slices;
  for (const auto& r : run.operators) slices.push_back({r.begin, r.end});
  for (const auto& r : run.management) slices.push_back({r.begin, r.end});
  for (const auto& r : run.stalls) slices.push_back({r.begin, r.end});
  std::erase_if(slices, [](const Slice& s) { return s.begin == s.end; });
  std::sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) { return a.begin < b.begin; });
  SimTime now;
  for (const Slice& slice : slices) {
    EXPECT_EQ(slice.begin, now);
    now = slice.end;
  }
  EXPECT_EQ(now, run.steps.back().end);
}

TEST(Invariant, EveryPicosecondLiesInOneBin) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    const World world = random_world(seed);
    const RunRecord run = must_run(world.scenario, world.trace);
    const RunSummary& s = run.summary;
    EXPECT_EQ(bins_of(s.all), s.all.makespan);
    EXPECT_EQ(bins_of(s.prefill), s.prefill.makespan);
    EXPECT_EQ(bins_of(s.decode), s.decode.makespan);
    EXPECT_EQ(s.all.makespan, run.steps.back().end - SimTime());
    Duration by_cause;
    for (const Duration d : s.all.stall_by_cause) by_cause += d;
    EXPECT_EQ(by_cause, s.all.stall);
    expect_partition(run);
    for (const OperatorRecord& op : run.operators) EXPECT_GE(op.end - op.begin, op.alone);
    for (const StallRecord& stall : run.stalls) {
      const LoadRecord& load = run.loads.at(stall.load.value());
      EXPECT_EQ(load.state, LoadEnd::arrived);
      EXPECT_EQ(load.arrived, stall.end);
      if (load.reload) {
        EXPECT_EQ(run.evictions.at(load.previous_eviction.value()).expert, load.expert);
      }
    }
  }
}

TEST(Invariant, BytesReadAreLoadsTimesSizeAndByCause) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    const World world = random_world(seed);
    const RunRecord run = must_run(world.scenario, world.trace);
    std::map<Purpose, std::int64_t> bytes;
    std::int64_t loads = 0;
    for (const LoadRecord& load : run.loads) {
      if (load.state == LoadEnd::cancelled || load.state == LoadEnd::never_started) continue;
      bytes[load.purpose] += load.bytes.count();
      ++loads;
    }
    EXPECT_EQ(run.summary.all.bytes_read.count(), loads * 1'000'000);
    EXPECT_EQ(run.summary.all.bytes_read.count(),
              bytes[Purpose::demand] + bytes[Purpose::committed] + bytes[Purpose::speculative]);
    EXPECT_EQ(run.summary.all.loads, loads);
    // That the memory moved as many bytes is a check inside simulate(), so every run here tests it.
    // Misses are demand loads; each lookup has one outcome.
    std::int64_t outcomes = 0;
    for (const std::int64_t n : run.summary.all.outcomes) outcomes += n;
    EXPECT_EQ(outcomes, run.summary.all.lookups);
    EXPECT_EQ(outcomes, static_cast<std::int64_t>(run.lookups.size()));
  }
}

TEST(Invariant, ResidentBytesStayWithinTheBudget_AndNothingInUseIsEvicted) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    const World world = random_world(seed);
    const RunRecord run = must_run(world.scenario, world.trace);
    for (const CounterRecord& counter : run.counters) {
      if (counter.counter == 0) {
        EXPECT_LE(counter.value, world.scenario.expert_budget->count());
      }
    }
    EXPECT_LE(run.summary.peak_resident, *world.scenario.expert_budget);
    // When the last operator of each event ended: until then its experts are in use.
    std::map<std::pair<std::int32_t, std::uint32_t>, SimTime> in_use_until;
    for (const OperatorRecord& op : run.operators) {
      if (op.kind == OperatorKind::routed_expert) in_use_until[{op.step, op.layer.value()}] = op.end;
    }
    for (const EvictionRecord& eviction : run.evictions) {
      if (!eviction.at_event.valid()) continue;
      const std::uint32_t e = eviction.at_event.value();
      const EventRecord& event = run.events[e];
      if (eviction.at >= in_use_until[{event.step, event.layer.value()}]) continue;
      const std::size_t end = e + 1 < run.events.size() ? run.events[e + 1].first_lookup : run.lookups.size();
      for (std::size_t i = event.first_lookup; i < end; ++i)
        EXPECT_NE(run.lookups[i].expert, eviction.expert);
    }
  }
}

std::int64_t not_resident(const RunRecord& run) {
  return run.summary.all.lookups - run.summary.all.outcomes[static_cast<std::size_t>(Outcome::resident_hit)];
}

TEST(Invariant, OptHasNoMoreMissesThanAnyPolicy_AndInfiniteDramOnlyCompulsoryOnes) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    world.scenario.policy.prefetch = PrefetchKind::none;
    // OPT must admit what it loads; a policy that need not is another game.
    if (world.scenario.policy.eviction == EvictionKind::belady_bypass) continue;
    const RunRecord run = must_run(world.scenario, world.trace);
    Scenario opt = world.scenario;
    opt.policy.eviction = EvictionKind::belady;
    EXPECT_LE(not_resident(must_run(opt, world.trace)), not_resident(run));

    Scenario infinite = world.scenario;
    infinite.expert_budget = Bytes::gib(1);
    if (infinite.policy.eviction == EvictionKind::none) infinite.policy.eviction = EvictionKind::lru;
    const RunRecord all = must_run(infinite, world.trace);
    EXPECT_EQ(all.summary.misses_by_class[static_cast<std::size_t>(MissClass::compulsory)],
              not_resident(all));
    EXPECT_EQ(all.summary.all.reloads, 0);
  }
}

// Every expert is there before the first step, with any policy that keeps what is there; room for exactly all
// of them.
Scenario preloaded(const World& world) {
  Scenario scenario = world.scenario;
  scenario.preload = Preload::all;
  scenario.expert_budget = world.model.all_experts_bytes();
  EvictionKind& eviction = scenario.policy.eviction;
  if (eviction == EvictionKind::none) eviction = EvictionKind::lru;
  if (eviction == EvictionKind::belady_bypass)
    scenario.expert_budget = *scenario.expert_budget + world.largest_event;
  return scenario;
}

TEST(Invariant, EverythingResidentFromTheStart_IsNeverSlowerThanAnyPolicy) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    const World world = random_world(seed);
    const RunRecord run = must_run(world.scenario, world.trace);
    const RunRecord resident = must_run(preloaded(world), world.trace);
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
      EXPECT_LE(resident.steps[i].end - resident.steps[i].begin, run.steps[i].end - run.steps[i].begin)
          << "step " << i;
    }
  }
}

// Nothing is loaded or given up and nobody waits, whatever the policies wish for: compute is all there is,
// and it is that of every other run of the same routing.
TEST(Invariant, EverythingResidentFromTheStart_IsComputeAlone) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    const World world = random_world(seed);
    const RunRecord run = must_run(preloaded(world), world.trace);
    const RunSummary& s = run.summary;
    EXPECT_TRUE(run.loads.empty() && run.evictions.empty() && run.stalls.empty() && run.management.empty());
    EXPECT_EQ(s.all.makespan, s.all.compute);
    EXPECT_EQ(s.all.compute, must_run(world.scenario, world.trace).summary.all.compute);
    EXPECT_EQ(s.all.outcomes[static_cast<std::size_t>(Outcome::resident_hit)], s.all.lookups);
    EXPECT_EQ(s.peak_resident, world.model.all_experts_bytes());
    EXPECT_EQ(s.bound_by == "flash", false);
    if (s.decode.lookups > 0) {
      EXPECT_EQ(s.opt_hit_rate_decode, 1.0);
      EXPECT_EQ(s.policy_hit_rate_decode, 1.0);
    }
    EXPECT_EQ(s.recoverable_gap, 0.0);
    EXPECT_EQ(s.prefetch.issued, 0);
    EXPECT_EQ(s.prefetch.coverage, 0.0);
    for (const LookupRecord& lookup : run.lookups) EXPECT_FALSE(lookup.load.valid());
    ASSERT_FALSE(run.counters.empty());
    EXPECT_EQ(run.counters.front().at, SimTime());
    EXPECT_EQ(run.counters.front().value, world.model.all_experts_bytes().count());
    EXPECT_TRUE(validate_run(run).ok());
  }
}

// DRAM that flash and NPU together cannot fill. Where they can, loads take bandwidth from an operator that
// can never catch up, and both laws below fail, as they do on real parts that share one memory
// (flash-moe 3601d41, CLAUDE.md: an M3 Max's GPU loses 73 % to SSD DMA).
void give_dram_room(DeviceSpec& device) {
  const Bandwidth written = device.flash.read_bandwidth * device.dram.write_cost * Permille{2000};
  const Bandwidth npu = device.npu.dram_bandwidth;
  device.dram.usable_bandwidth = Bandwidth::bytes_per_second(written.count() + npu.count());
}

TEST(Invariant, AFasterFlash_NeverSlowsAnOnDemandRun) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    world.scenario.policy.prefetch = PrefetchKind::none;
    give_dram_room(world.scenario.device);
    const RunRecord slow = must_run(world.scenario, world.trace);
    world.scenario.device.flash.read_bandwidth = world.scenario.device.flash.read_bandwidth * Permille{2000};
    world.scenario.device.flash.lane_bandwidth = world.scenario.device.flash.lane_bandwidth * Permille{2000};
    const RunRecord fast = must_run(world.scenario, world.trace);
    EXPECT_LE(fast.summary.all.makespan, slow.summary.all.makespan);
  }
}

TEST(Invariant, TheBound_IsBelowEveryMakespan) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    const World world = random_world(seed);
    const RunRecord run = must_run(world.scenario, world.trace);
    EXPECT_LE(run.summary.bound, run.summary.all.makespan);
  }
}

// Invariant 6, with room for everything and idle lanes: lanes that a prefetch can use without slowing the
// demand loads beside it. Where lanes share a saturated flash fairly, a commit for the next layer takes
// bandwidth from this layer's last loads, and pre-gating can lose a little.
TEST(Invariant, PregateOn_IsNeverSlowerThanOffOnTheSameRouting) {
  std::int64_t faster = 0;
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    world.scenario.policy.eviction = EvictionKind::lru;
    world.scenario.policy.prefetch = PrefetchKind::none;
    world.scenario.policy.lookahead = 1;
    world.scenario.runtime.io_lanes = 32;
    world.scenario.expert_budget = Bytes::gib(1);
    world.scenario.device.flash.read_bandwidth =
        world.scenario.device.flash.lane_bandwidth * Permille{64'000};
    world.scenario.device.link.reset();
    give_dram_room(world.scenario.device);
    const RunRecord off = must_run(world.scenario, world.trace);
    world.scenario.policy.prefetch = PrefetchKind::pregate;
    const RunRecord on = must_run(world.scenario, world.trace);
    EXPECT_LE(on.summary.all.makespan, off.summary.all.makespan);
    faster += on.summary.all.makespan < off.summary.all.makespan ? 1 : 0;
  }
  EXPECT_GT(faster, static_cast<std::int64_t>(kWorlds) / 2);
}

// The same with a flash that the lanes saturate, so that a commit could slow this layer's last loads: with
// strict priority on the flash it cannot, and the law holds without the condition above.
TEST(Invariant, WithStrictPriority_PregateOnIsNeverSlowerOnASaturatedFlash) {
  std::int64_t faster = 0;
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    world.scenario.policy.eviction = EvictionKind::lru;
    world.scenario.policy.prefetch = PrefetchKind::none;
    world.scenario.policy.lookahead = 1;
    world.scenario.runtime.io_lanes = 32;
    world.scenario.runtime.arbitration.flash = Arbitration::priority;
    world.scenario.expert_budget = Bytes::gib(1);
    world.scenario.device.flash.read_bandwidth = world.scenario.device.flash.lane_bandwidth;
    world.scenario.device.link.reset();
    give_dram_room(world.scenario.device);
    const RunRecord off = must_run(world.scenario, world.trace);
    world.scenario.policy.prefetch = PrefetchKind::pregate;
    const RunRecord on = must_run(world.scenario, world.trace);
    EXPECT_LE(on.summary.all.makespan, off.summary.all.makespan);
    faster += on.summary.all.makespan < off.summary.all.makespan ? 1 : 0;
  }
  EXPECT_GT(faster, static_cast<std::int64_t>(kWorlds) / 2);
}

TEST(Invariant, WithoutPrefetch_TheTimedRunHitsWhatTheTimelessReplayHits) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    world.scenario.policy.prefetch = PrefetchKind::none;
    world.scenario.policy.eviction = EvictionKind::belady;
    const RunRecord run = must_run(world.scenario, world.trace);
    const auto& decode = run.summary.decode;
    if (decode.lookups == 0) continue;
    const double hits = static_cast<double>(decode.outcomes[static_cast<std::size_t>(Outcome::resident_hit)]);
    EXPECT_DOUBLE_EQ(hits / static_cast<double>(decode.lookups), run.summary.opt_hit_rate_decode);
    EXPECT_NEAR(run.summary.recoverable_gap, 0.0, 1e-12);
  }
}

// Counts that a real disk must have too, however fast it is; timely and late prefetches are one.
struct Counts {
  std::int64_t lookups = 0, misses = 0, resident = 0, loads = 0, reloads = 0, evictions = 0, bytes = 0;
  std::vector<std::pair<std::uint32_t, std::int64_t>> evicted;  // who, in which event

  friend bool operator==(const Counts&, const Counts&) = default;
};

Counts counts_of(const RunRecord& run) {
  const PhaseSummary& all = run.summary.all;
  Counts counts{.lookups = all.lookups,
                .misses = all.outcomes[static_cast<std::size_t>(Outcome::miss)],
                .resident = all.outcomes[static_cast<std::size_t>(Outcome::resident_hit)],
                .loads = all.loads,
                .reloads = all.reloads,
                .evictions = all.evictions,
                .bytes = all.bytes_read.count(),
                .evicted = {}};
  for (const EvictionRecord& eviction : run.evictions) {
    counts.evicted.emplace_back(eviction.expert.value(),
                                eviction.at_event.valid() ? eviction.at_event.value() : -1);
  }
  return counts;
}

TEST(Invariant, WithRoomTakenOnRequest_NoSpeedOfAnythingChangesACount) {
  std::int64_t prefetched = 0, differ_otherwise = 0;
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    world.scenario.runtime.room = RoomAt::request;
    world.scenario.policy.lookahead = 1;
    world.scenario.policy.prefetch = seed % 3 == 0 ? PrefetchKind::none : PrefetchKind::pregate;
    World other = world;
    DeviceSpec& device = other.scenario.device;
    device.flash.read_bandwidth = Bandwidth::bytes_per_second(8'000'000'000);
    device.flash.lane_bandwidth = Bandwidth::bytes_per_second(4'000'000'000);
    device.flash.request_latency = Duration::ns(1000);
    device.npu.mac_rate = MacRate::per_second(20'000'000'000);
    device.management = {};
    other.scenario.runtime.io_lanes = 3;
    other.scenario.runtime.overlap = true;
    const RunRecord one = must_run(world.scenario, world.trace);
    EXPECT_EQ(counts_of(one), counts_of(must_run(other.scenario, other.trace)));
    prefetched += one.summary.prefetch.issued;
    world.scenario.runtime.room = other.scenario.runtime.room = RoomAt::start;
    differ_otherwise +=
        counts_of(must_run(world.scenario, world.trace)) != counts_of(must_run(other.scenario, other.trace))
            ? 1
            : 0;
  }
  EXPECT_GT(prefetched, 1000);
  // With room taken as reads start the same pairs do differ: the law above is not one of every run.
  EXPECT_GT(differ_otherwise, 10);
}

}  // namespace
}  // namespace pregate
