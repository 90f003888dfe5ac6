// SPDX-License-Identifier: Apache-2.0
// A part, or one parameter, of a device made better: what follows, what is left out, and that paths and
// values are the schema's.
#include "experiments/scaling.hpp"

#include <gmock/gmock.h>

#include "experiments/catalogue.hpp"
#include "tests/sim/small_world.hpp"

namespace pregate {
namespace {

using namespace pregate::testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> paths_of(const Scenario& scenario) {
  std::vector<std::string> paths;
  for (const DeviceParameter& p : device_parameters(scenario)) paths.push_back(p.path);
  return paths;
}

DeviceParameter parameter(const Scenario& scenario, const std::string& path) {
  for (DeviceParameter& p : device_parameters(scenario)) {
    if (p.path == path) return std::move(p);
  }
  ADD_FAILURE() << path;
  return {};
}

ScenarioDocument document_of(const std::string& device, std::initializer_list<std::string> assignments = {}) {
  Result<ScenarioDocument> document = ScenarioDocument::parse({"s.textproto", ""});
  check(document.ok() && document->set("device.id=" + device).ok(), "a shipped device has a scenario");
  for (const std::string& assignment : assignments) {
    const Status done = document->set(assignment);
    EXPECT_TRUE(done.ok()) << (done ? "" : done.error().message());
  }
  return std::move(*document);
}

Scenario resolved(const ScenarioDocument& document) {
  const ShippedCatalogue catalogue;
  Result<Scenario> scenario = document.resolve(catalogue);
  EXPECT_TRUE(scenario.ok()) << (scenario ? "" : scenario.error().message());
  return scenario ? std::move(*scenario) : Scenario();
}

Scenario shipped(const std::string& device, std::initializer_list<std::string> assignments = {}) {
  return resolved(document_of(device, assignments));
}

const char* const kDevices[] = {"oneplus-15r", "rtx-4060", "apple-m4", "raspberry-pi-5"};

TEST(DeviceParameters, WhatTheDeviceDoesNotHave_IsLeftOut) {
  EXPECT_THAT(paths_of(round_scenario(Bytes::mib(4))),
              ElementsAre("device.flash.read_bandwidth", "device.dram.peak_bandwidth",
                          "device.dram.write_cost", "device.npu.int8_rate", "dram.expert_budget"));
  Scenario warm = round_scenario(Bytes::mib(4));
  warm.preload = Preload::all;
  EXPECT_THAT(paths_of(warm), ElementsAre("device.dram.peak_bandwidth", "device.npu.int8_rate"));
  warm.runtime.measured_npu = true;
  EXPECT_THAT(paths_of(warm), ElementsAre("device.dram.peak_bandwidth"));
}

TEST(DeviceParameters, OfAFlashByPages_AreItsInsides) {
  const std::vector<std::string> fitted = paths_of(shipped("rtx-4060"));
  EXPECT_THAT(fitted, Contains("device.flash.request_latency"));
  EXPECT_THAT(fitted, Contains("device.link.latency"));
  EXPECT_THAT(fitted, Not(Contains("device.flash.pages.sense")));
  const std::vector<std::string> paged = paths_of(shipped("rtx-4060", {"device.flash.model=pages"}));
  EXPECT_THAT(paged, Not(Contains("device.flash.request_latency")));
  EXPECT_THAT(paged, Contains("device.flash.pages.sense"));
  EXPECT_THAT(paged, Not(Contains("device.flash.pages.mapping_cache")));  // all of it is held
}

// A path with its value can be set, and a better value is never the same one.
TEST(DeviceParameters, PathAndValue_AreTheSchemas) {
  for (const std::string device : kDevices) {
    for (const char* model : {"device.flash.model=fitted", "device.flash.model=pages"}) {
      if (std::string(model).ends_with("pages") && device != "rtx-4060") continue;
      SCOPED_TRACE(device);
      const Scenario scenario = shipped(device, {model});
      for (const DeviceParameter& p : device_parameters(scenario)) {
        SCOPED_TRACE(p.path);
        (void)shipped(device, {model, p.path + "=" + p.value});
        const Improvement better = improved(scenario, p, 1.1);
        EXPECT_EQ(better.after.path, p.path);
        EXPECT_EQ(better.after.unit, p.unit);
        EXPECT_NE(better.after.value, p.value);
        EXPECT_EQ(better.after.amount > p.amount, p.better == Better::higher);
        EXPECT_NEAR(
            p.better == Better::higher ? better.after.amount / p.amount : p.amount / better.after.amount, 1.1,
            p.unit.empty() ? 0.01 : 1e-4);
        EXPECT_THAT(better.scenario.text, IsEmpty());
      }
    }
  }
}

void expect_same_device(const DeviceSpec& a, const DeviceSpec& b) {
  EXPECT_EQ(a.flash.read_bandwidth, b.flash.read_bandwidth);
  EXPECT_EQ(a.flash.lane_bandwidth, b.flash.lane_bandwidth);
  EXPECT_EQ(a.flash.request_latency, b.flash.request_latency);
  EXPECT_EQ(a.flash.request_overhead, b.flash.request_overhead);
  EXPECT_EQ(a.link.has_value(), b.link.has_value());
  if (a.link && b.link) {
    EXPECT_EQ(a.link->bandwidth, b.link->bandwidth);
    EXPECT_EQ(a.link->latency, b.link->latency);
  }
  EXPECT_EQ(a.dram.capacity, b.dram.capacity);
  EXPECT_EQ(a.dram.peak_bandwidth, b.dram.peak_bandwidth);
  EXPECT_NEAR(static_cast<double>(a.dram.usable_bandwidth.count()),
              static_cast<double>(b.dram.usable_bandwidth.count()), 2);
  EXPECT_EQ(a.dram.write_cost, b.dram.write_cost);
  EXPECT_NEAR(static_cast<double>(a.npu.dram_bandwidth.count()),
              static_cast<double>(b.npu.dram_bandwidth.count()), 2);
  EXPECT_EQ(a.npu.port, b.npu.port);
  EXPECT_EQ(a.npu.mac_rate, b.npu.mac_rate);
  EXPECT_EQ(a.npu.launch_latency, b.npu.launch_latency);
  EXPECT_EQ(a.management.per_load, b.management.per_load);
}

// The document with the better value resolves to the same device: what is derived follows.
TEST(DeviceParameters, Improved_IsWhatTheDocumentSaysWithTheBetterValue) {
  struct Case {
    std::string device, path, twice_as_good;
  };
  for (const Case& c : {Case{"oneplus-15r", "device.flash.read_bandwidth", "4660MiB/s"},
                        Case{"oneplus-15r", "device.flash.request_latency", "0.073ms"},
                        Case{"oneplus-15r", "device.flash.request_overhead", "9.5us"},
                        Case{"oneplus-15r", "device.dram.peak_bandwidth", "118032MiB/s"},
                        Case{"oneplus-15r", "device.dram.capacity", "22.6GB"},
                        Case{"oneplus-15r", "device.dram.write_cost", "1.15"},
                        Case{"oneplus-15r", "device.npu.int8_rate", "46.18GMAC/s"},
                        Case{"oneplus-15r", "device.management.per_load", "178us"},
                        Case{"rtx-4060", "device.flash.lane_bandwidth", "7GB/s"},
                        Case{"rtx-4060", "device.link.bandwidth", "25.2GB/s"},
                        Case{"rtx-4060", "device.dram.peak_bandwidth", "544GB/s"},
                        Case{"rtx-4060", "device.npu.launch_latency", "2.5us"}}) {
    SCOPED_TRACE(c.path);
    const Scenario scenario = shipped(c.device);
    const Improvement better = improved(scenario, parameter(scenario, c.path), 2);
    expect_same_device(better.scenario.device, shipped(c.device, {c.path + "=" + c.twice_as_good}).device);
  }
}

TEST(DeviceParameters, ALane_IsNeverFasterThanItsPart) {
  Scenario scenario = round_scenario(Bytes::mib(4));
  FlashSpec& flash = scenario.device.flash;
  flash.lane_bandwidth = Bandwidth::bytes_per_second(600'000'000);
  const Improvement lane = improved(scenario, parameter(scenario, "device.flash.lane_bandwidth"), 2);
  EXPECT_EQ(lane.scenario.device.flash.lane_bandwidth, flash.read_bandwidth);
  EXPECT_EQ(lane.after.amount, 1e9);  // it has caught up, and still has a value
  // A lane of its own stays behind; one that had all of the part follows it.
  const DeviceParameter part = parameter(scenario, "device.flash.read_bandwidth");
  EXPECT_EQ(improved(scenario, part, 2).scenario.device.flash.lane_bandwidth, flash.lane_bandwidth);
  flash.lane_bandwidth = flash.read_bandwidth;
  EXPECT_EQ(improved(scenario, part, 2).scenario.device.flash.lane_bandwidth.count(), 2'000'000'000);
}

TEST(ScaledPart, OfAFlashByPages_ScalesWhatIsInside) {
  const Scenario scenario = shipped("rtx-4060", {"device.flash.model=pages"});
  const FlashSpec before = scenario.device.flash, after = scaled(scenario, DevicePart::flash, 2).device.flash;
  EXPECT_EQ(after.pages->sense * 2, before.pages->sense);
  EXPECT_EQ(after.pages->bus, before.pages->bus * Permille{2000});
  EXPECT_EQ(after.pages->link, before.pages->link * Permille{2000});
  EXPECT_EQ(after.read_bandwidth, after.pages->link);
  EXPECT_EQ(after.lane_bandwidth, after.pages->link);
}

TEST(ScaledPart, Dram_TakesItsPortsAndItsClockAlong) {
  const Scenario scenario =
      shipped("oneplus-15r", {"device.dram.timing=lpddr5-6400", "device.dram.dma_bandwidth=5GB/s",
                              "device.npu.dram_bandwidth=20GB/s"});
  const DeviceSpec before = scenario.device, after = scaled(scenario, DevicePart::dram, 2).device;
  EXPECT_EQ(after.dram.usable_bandwidth, before.dram.usable_bandwidth * Permille{2000});
  EXPECT_EQ(after.dram.dma_bandwidth.count(), 10'000'000'000);
  EXPECT_EQ(after.npu.port.count(), 40'000'000'000);
  EXPECT_EQ(after.npu.dram_bandwidth.count(), 40'000'000'000);
  EXPECT_EQ(after.dram.timing->clock * 2, before.dram.timing->clock);
  EXPECT_EQ(after.dram.capacity, before.dram.capacity);
  EXPECT_EQ(after.npu.mac_rate, before.npu.mac_rate);
}

TEST(ScaledPart, ByOne_IsTheSameDevice) {
  for (const std::string device : kDevices) {
    SCOPED_TRACE(device);
    const Scenario scenario = shipped(device);
    for (const DevicePart part : {DevicePart::flash, DevicePart::link, DevicePart::dram, DevicePart::npu}) {
      expect_same_device(scaled(scenario, part, 1).device, scenario.device);
    }
  }
}

}  // namespace
}  // namespace pregate
