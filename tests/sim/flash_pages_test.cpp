// SPDX-License-Identifier: Apache-2.0
// Flash by pages, and what the fitted model gained: times that can be worked out with a pencil. The
// comparison with a reference simulator is `pregate validate --references`
// (tests/experiments/validate_test.cpp).
#include "sim/hardware/flash_array.hpp"
#include "sim/hardware/flash_probe.hpp"
#include "tests/sim/small_world.hpp"

namespace pregate {
namespace {

using namespace pregate::testing;

// 2 channels of 2 chips with 2 planes, pages of 10 kB sensed in 100 us, 1 GB/s a bus: a page takes 10 us on
// it.
FlashPagesSpec round_pages() {
  return {.channels = 2,
          .chips = 2,
          .dies = 1,
          .planes = 2,
          .page = Bytes(10'000),
          .sense = Duration::us(100),
          .command = Duration(),
          .bus = Bandwidth::bytes_per_second(1'000'000'000),
          .cache_read = false,
          .link = Bandwidth::bytes_per_second(10'000'000'000),
          .overhead = Duration(),
          .chunk = Bytes(),
          .mapping_cache = Bytes(),
          .mapping_entries_a_page = 100,
          .mapping_read = Bytes(1'000),
          .mapping_whole_page = true};
}

DeviceSpec device_with(const FlashPagesSpec& pages) {
  DeviceSpec device = round_device();
  device.flash.model = FlashModel::pages;
  device.flash.pages = pages;
  device.flash.read_bandwidth = device.flash.lane_bandwidth = pages.link;
  return device;
}

// When the last byte of a read leaves the array.
SimTime end_of(FlashArray& array, Bytes offset, Bytes size, SimTime begin = SimTime()) {
  array.submit(0, offset, size, begin);
  std::vector<FlashArrival> out;
  SimTime now = begin;
  while (const std::optional<SimTime> next = array.next_event()) array.advance(now = *next, out);
  Bytes sum;
  for (const FlashArrival& arrival : out) sum += arrival.bytes;
  EXPECT_EQ(sum, size);
  return now;
}

TEST(FlashArray, OnePage_TakesSenseAndBus) {
  FlashArray array(round_pages());
  EXPECT_EQ(end_of(array, Bytes(), Bytes(10'000)) - SimTime(), Duration::us(110));
}

TEST(FlashArray, APartOfAPage_TakesOnlyItsBytesOfTheBus) {
  FlashArray array(round_pages());
  EXPECT_EQ(end_of(array, Bytes(2'000), Bytes(1'000)) - SimTime(), Duration::us(101));
}

// Four pages on four chips are sensed together; each bus carries two.
TEST(FlashArray, NeighbouringPages_AreSensedTogetherAndShareABus) {
  FlashArray array(round_pages());
  EXPECT_EQ(end_of(array, Bytes(), Bytes(40'000)) - SimTime(), Duration::us(120));
}

// Sixteen pages are two rounds of eight: 100 us + 2 chips x 2 planes x 10 us each.
TEST(FlashArray, WithoutCacheRead_RoundsFollowEachOther) {
  FlashArray array(round_pages());
  EXPECT_EQ(end_of(array, Bytes(), Bytes(160'000)) - SimTime(), Duration::us(280));
}

// With cache read the second sense runs under the first data-out; it ends 60 us after that and has 40 us of
// bus left.
TEST(FlashArray, WithCacheRead_TheNextSenseRunsUnderTheDataOut) {
  FlashPagesSpec pages = round_pages();
  pages.cache_read = true;
  FlashArray array(pages);
  EXPECT_EQ(end_of(array, Bytes(), Bytes(160'000)) - SimTime(), Duration::us(240));
}

// A translation page is sensed and 1 kB of it read, 101 us; then the page. The second read finds the entry.
TEST(FlashArray, AMappingMiss_CostsAReadOfTheTableOnce) {
  FlashPagesSpec pages = round_pages();
  pages.mapping_cache = Bytes(100'000);
  FlashArray array(pages);
  const SimTime first = end_of(array, Bytes(), Bytes(10'000));
  EXPECT_EQ(first - SimTime(), Duration::us(211));
  EXPECT_EQ(end_of(array, Bytes(990'000), Bytes(10'000), first) - first, Duration::us(110));
  EXPECT_EQ(array.mapping_reads(), 1);
}

TEST(FlashArray, AFullMappingCache_ForgetsTheOldestPage) {
  FlashPagesSpec pages = round_pages();
  pages.mapping_cache = Bytes(20'000);  // two translation pages, of 1 MB each
  FlashArray array(pages);
  SimTime now;
  for (const std::int64_t place : {0, 1, 2, 0})
    now = end_of(array, Bytes(place * 1'000'000), Bytes(1'000), now);
  EXPECT_EQ(array.mapping_reads(), 4);
  now = end_of(array, Bytes(2'000'000), Bytes(1'000), now);
  EXPECT_EQ(array.mapping_reads(), 4);
}

// A fetch that brings only the entries waited for misses again at the next page.
TEST(FlashArray, AFetchOfSingleEntries_DoesNotServeTheNeighbour) {
  FlashPagesSpec pages = round_pages();
  pages.mapping_cache = Bytes(100'000);
  pages.mapping_whole_page = false;
  FlashArray array(pages);
  const SimTime first = end_of(array, Bytes(), Bytes(20'000));
  EXPECT_EQ(array.mapping_reads(), 1) << "two pages of one request wait together";
  end_of(array, Bytes(20'000), Bytes(10'000), first);
  EXPECT_EQ(array.mapping_reads(), 2);
}

// 280 us in the array, then 16 us on the link: a whole request crosses once it is complete.
TEST(FlashByPages, ARequestCrossesTheLinkWhole_UnlessItIsCutIntoChunks) {
  FlashPagesSpec pages = round_pages();
  const FlashProbe one{.size = Bytes(160'000), .depth = 1, .reads = 20};
  EXPECT_NEAR(probe_flash(device_with(pages), one).mean_seconds, 296e-6, 1e-9);
  pages.chunk = pages.page;  // the last page crosses alone
  EXPECT_NEAR(probe_flash(device_with(pages), one).mean_seconds, 281e-6, 1.1e-6);
}

TEST(FlashByPages, SteadyState_MeetsTheClosedForm) {
  const FlashProbe deep{.size = Bytes(80'000), .depth = 8, .reads = 400};
  const double round = 8 * 10'000 / (100e-6 + 4 * 10e-6);
  EXPECT_NEAR(probe_flash(device_with(round_pages()), deep).bytes_per_second, round, 0.01 * round);
  FlashPagesSpec cached = round_pages();
  cached.cache_read = true;
  const double sensing = 8 * 10'000 / 100e-6;  // below the 2 GB/s of the buses
  EXPECT_NEAR(probe_flash(device_with(cached), deep).bytes_per_second, sensing, 0.02 * sensing);
  cached.sense = Duration::us(20);
  EXPECT_NEAR(probe_flash(device_with(cached), deep).bytes_per_second, 2e9, 0.02 * 2e9);
}

TEST(FlashByPages, ARun_ReadsWhatItReadsFitted) {
  const ModelShape model = round_model({{}, {}, {}}, 8, 3, 1, Macs(1'000'000));
  std::vector<std::vector<std::vector<std::uint16_t>>> steps;
  Random random(7);
  for (int s = 0; s < 12; ++s) {
    auto& step = steps.emplace_back();
    for (int l = 0; l < 3; ++l) {
      const auto first = static_cast<std::uint16_t>(random.below(6));
      step.push_back({first, static_cast<std::uint16_t>(first + 1), static_cast<std::uint16_t>(first + 2)});
    }
  }
  const auto trace = decode_trace(model, steps);
  Scenario fitted = round_scenario(Bytes(12'000'000));
  Scenario paged = fitted;
  paged.device = device_with(round_pages());
  for (const PrefetchKind prefetch : {PrefetchKind::none, PrefetchKind::pregate}) {
    fitted.policy.prefetch = paged.policy.prefetch = prefetch;
    const RunRecord one = must_run(fitted, trace), other = must_run(paged, trace);
    if (prefetch == PrefetchKind::none) {
      EXPECT_EQ(one.summary.all.bytes_read, other.summary.all.bytes_read);
    }
    EXPECT_EQ(bins_of(other.summary.all), other.summary.all.makespan);
    EXPECT_NE(one.summary.all.makespan, other.summary.all.makespan);
    EXPECT_LE(other.summary.bound, other.summary.all.makespan);
  }
}

// 100 us of the part a request: two lanes of 1 MB at 1 GB/s together take 1.1 ms each in turn.
TEST(FittedFlash, RequestOverhead_IsTimeOfTheWholePart) {
  DeviceSpec device = round_device();
  device.flash.request_overhead = Duration::us(100);
  const FlashProbeResult result = probe_flash(device, {.size = Bytes(1'000'000), .depth = 2, .reads = 100});
  EXPECT_NEAR(result.bytes_per_second, 1e9 / 1.1, 1e6);
}

// An expert in two reads side by side, 2 GB/s of part and 1 GB/s a lane: half the time of one read; with one
// lane, none gained.
TEST(ReadsPerLoad, TakeALaneEach) {
  const ModelShape model = round_model({{}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.flash.read_bandwidth = Bandwidth::bytes_per_second(2'000'000'000);
  scenario.device.management.reads_per_load = 2;
  const auto trace = decode_trace(model, {{{2}}});
  EXPECT_EQ(must_run(scenario, trace).summary.all.stall, Duration::us(500));
  scenario.runtime.io_lanes = 1;
  EXPECT_EQ(must_run(scenario, trace).summary.all.stall, Duration::us(1000));
}

// Management of 300 us for a load of 1000 us: paid while it is read, it hides; paid at arrival, it comes on
// top.
TEST(Management, PaidWhileALoadIsRead_HidesBehindIt) {
  const ModelShape model = round_model({{}}, 4, 1);
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.management.per_load = Duration::us(300);
  const auto trace = decode_trace(model, {{{2}}});
  const RunRecord after = must_run(scenario, trace);
  EXPECT_EQ(after.summary.all.makespan, Duration::us(1310));
  scenario.device.management.at_start = true;
  const RunRecord meanwhile = must_run(scenario, trace);
  EXPECT_EQ(meanwhile.summary.all.management, Duration::us(300));
  EXPECT_EQ(meanwhile.summary.all.stall, Duration::us(700));
  EXPECT_EQ(meanwhile.summary.all.makespan, Duration::us(1010));
}

// 1 MB from flash and 1 MB streamed: flash 8 Mbit x 10 pJ, DRAM 16 Mbit x 5 pJ, SRAM in and out 16 Mbit x 1
// pJ, 2 W idle.
TEST(Energy, IsTheSumOfItsLevels) {
  const ModelShape model = round_model({{}}, 4, 1, 1, Macs(1'000'000));
  Scenario scenario = round_scenario(Bytes(4'000'000));
  scenario.device.energy = EnergySpec{.flash_pj_per_bit = 10,
                                      .link_pj_per_bit = 7,
                                      .dram_pj_per_bit = 5,
                                      .mac_pj = 3,
                                      .idle_watts = 2,
                                      .sram_pj_per_bit = 1};
  const RunRecord run = must_run(scenario, decode_trace(model, {{{2}}}));
  ASSERT_TRUE(run.summary.all.energy.has_value());
  const EnergySummary& energy = *run.summary.all.energy;
  EXPECT_DOUBLE_EQ(energy.flash, 80e-6);
  EXPECT_DOUBLE_EQ(energy.link, 0) << "no link";
  EXPECT_DOUBLE_EQ(energy.dram, 80e-6);
  EXPECT_DOUBLE_EQ(energy.mac, 3e-6);
  EXPECT_DOUBLE_EQ(energy.sram, 16e-6);
  EXPECT_DOUBLE_EQ(energy.idle, 2 * run.summary.all.makespan.to_seconds());
  EXPECT_DOUBLE_EQ(*run.summary.energy_j, energy.total());
}

}  // namespace
}  // namespace pregate
