// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/traces/text_documents.hpp"

namespace pregate {
namespace {

using test::read_source_file;
using test::small_device;
using test::with_line;
using testing::HasSubstr;

const std::set<std::string> shipped_ids = {"oneplus-15r",
                                           "snapdragon-8-gen-3",
                                           "snapdragon-8-elite",
                                           "dimensity-9400",
                                           "a17-pro",
                                           "a18-pro",
                                           "apple-m4",
                                           "snapdragon-x-elite",
                                           "lunar-lake",
                                           "strix-point",
                                           "strix-halo",
                                           "orin-nano-super",
                                           "agx-orin",
                                           "raspberry-pi-5",
                                           "rtx-4060",
                                           "rtx-4090",
                                           "host"};

std::string file_of(const std::string& id) {
  return "experiments/devices/" + id + ".device.textproto";
}

DeviceSpec shipped(const std::string& id) {
  const Result<DeviceSpec> device = parse_device({file_of(id), read_source_file(file_of(id))});
  EXPECT_TRUE(device) << id << ": " << (device ? "" : device.error().message());
  return device ? *device : DeviceSpec{};
}

DeviceSpec parsed(const std::string& text) {
  const Result<DeviceSpec> device = parse_device({"d.textproto", text});
  EXPECT_TRUE(device) << (device ? "" : device.error().message());
  return device ? *device : DeviceSpec{};
}

std::string error_of(const std::string& text) {
  const Result<DeviceSpec> device = parse_device({"d.textproto", text});
  return device ? "no error" : device.error().message();
}

// The message for the small device with one line replaced.
std::string error_with(const std::string& key, const std::string& line) {
  return error_of(with_line(small_device, key, line));
}

TEST(ShippedDevices, AreTheSixteenOfTheList) {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(PREGATE_SOURCE_DIR "/experiments/devices")) {
    const std::string name = entry.path().filename().string();
    constexpr std::string_view kEnding = ".device.textproto";
    if (name.ends_with(kEnding)) found.insert(name.substr(0, name.size() - kEnding.size()));
  }
  EXPECT_EQ(found, shipped_ids);
}

TEST(ShippedDevices, Parse_AndCarryTheIdOfTheirFile) {
  for (const std::string& id : shipped_ids) {
    const DeviceSpec device = shipped(id);
    EXPECT_EQ(device.id, id);
    EXPECT_FALSE(device.name.empty());
    EXPECT_THAT((std::set<std::string>{"phone", "laptop", "board", "desktop"}),
                testing::Contains(device.kind));
    // A calibration measures times, not joules.
    EXPECT_EQ(device.energy.has_value(), id != "host") << id;
    EXPECT_LT(device.flash.read_bandwidth, device.dram.usable_bandwidth) << id;
  }
}

TEST(ShippedDevices, EveryNumber_NamesItsSourceOrSaysHowItWasEstimated) {
  const std::regex number(R"(^\s*(\w+): *("?[0-9][^#]*)(#.*)?$)");
  const std::regex sourced(R"(# (source|estimated|unverified): \S.{5,})");
  for (const std::string& id : shipped_ids) {
    std::istringstream lines(read_source_file(file_of(id)));
    int numbers = 0;
    for (std::string line; std::getline(lines, line);) {
      if (!std::regex_match(line, number)) continue;
      ++numbers;
      EXPECT_TRUE(std::regex_search(line, sourced)) << id << ": " << line;
      EXPECT_EQ(std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(line.find('#')), ':'), 1)
          << "one number a line: " << line;
    }
    EXPECT_GE(numbers, 15) << id;
  }
}

TEST(ShippedDevices, WhoseInsidesAreGiven_CanBeSimulatedByPages) {
  int with_pages = 0;
  for (const std::string& id : shipped_ids) {
    const FlashSpec flash = shipped(id).flash;
    EXPECT_EQ(flash.model, FlashModel::fitted) << id;
    if (!flash.pages) continue;
    ++with_pages;
    EXPECT_GT(flash.pages->page, Bytes()) << id;
    EXPECT_GE(flash.pages->mapping_entries_a_page, 1) << id;
    EXPECT_LT(flash.pages->link, shipped(id).dram.usable_bandwidth) << id;
  }
  EXPECT_GE(with_pages, 8);
}

TEST(ShippedDevices, OnlyDiscreteGpus_HaveALink) {
  for (const std::string& id : shipped_ids)
    EXPECT_EQ(shipped(id).link.has_value(), id.starts_with("rtx-")) << id;
}

TEST(MeasuredPhone, HasTheMeasuredRates) {
  const DeviceSpec phone = shipped("oneplus-15r");
  EXPECT_EQ(phone.flash.read_bandwidth.count(), 2330LL << 20);
  EXPECT_EQ(phone.management.reads_per_load, 3);
  EXPECT_FALSE(phone.management.at_start);
  EXPECT_EQ(phone.dram.usable_bandwidth.count(), 59016LL << 20);
  EXPECT_EQ(phone.npu.dram_bandwidth, phone.dram.usable_bandwidth);
  EXPECT_EQ(phone.dram.write_cost.value, 2300);
  EXPECT_EQ(phone.dram.capacity.count(), 11'300'000'000);
}

// The bounds of one row of the phone's microbenchmark: what the lanes ask for, what the part can give. The
// rows themselves, with lanes that meet at random, are `pregate validate --references`.
double mib_per_second(const FlashSpec& flash, int lanes, Bytes size) {
  const Duration lane = flash.request_latency + size / flash.lane_bandwidth;
  const Duration part = flash.request_overhead + size / flash.read_bandwidth;
  const auto bytes = static_cast<double>(size.count());
  return std::min(lanes * bytes / lane.to_seconds(), bytes / part.to_seconds()) / (1 << 20);
}

TEST(MeasuredPhone, FlashFit_BoundsTheRowsItWasFittedToWithinATenth) {
  const FlashSpec flash = shipped("oneplus-15r").flash;
  EXPECT_NEAR(mib_per_second(flash, 1, Bytes::mib(4)), 1810, 181);
  EXPECT_NEAR(mib_per_second(flash, 8, Bytes::kib(256)), 2144, 214);
  EXPECT_NEAR(mib_per_second(flash, 8, Bytes::mib(1)), 2251, 225);
  EXPECT_NEAR(mib_per_second(flash, 8, Bytes::mib(8)), 2474, 247);
  EXPECT_NEAR(mib_per_second(flash.derated(flash.hot_derate), 2, Bytes::mib(4)), 1645, 165);
}

struct Measured {
  double compute_ms = 0, management_ms = 0, loads = 0;
};

// Means over the decoded tokens of the phone's qwen run.
Measured measured_qwen_run() {
  std::ifstream in(PREGATE_SHARED_DIR "/traces/phone/qwen3-30b-a3b.metrics.csv");
  std::string line;
  std::getline(in, line);
  Measured sum;
  int tokens = 0;
  while (std::getline(in, line) && !line.starts_with('#')) {
    std::istringstream columns(line);
    double value[9] = {};
    for (double& v : value) columns >> v, columns.ignore();
    sum.compute_ms += value[4];
    sum.loads += value[5] / 2856960.0;  // mean expert bytes of the trace's preamble
    sum.management_ms += value[8];
    ++tokens;
  }
  return {sum.compute_ms / tokens, sum.management_ms / tokens, sum.loads / tokens};
}

TEST(MeasuredPhone, ComputeAndManagement_ReproduceTheMeansOfTheQwenRun) {
  if (!std::filesystem::exists(PREGATE_SHARED_DIR "/traces/phone")) GTEST_SKIP() << "no shared traces here";
  const Measured measured = measured_qwen_run();
  const DeviceSpec phone = shipped("oneplus-15r");
  const std::string path = "models/presets/qwen3-30b-a3b.model.textproto";
  const Result<ModelShape> model = parse_model({path, read_source_file(path)});
  ASSERT_TRUE(model);
  constexpr int kTopK = 6, kMeanContext = 92;  // the trace's own top-k; 28 prompt tokens and half of 128
  Macs token = model->head_macs + model->kv_macs * 48 * kMeanContext;
  for (const LayerShape& layer : model->layers) token += layer.attention_macs + layer.feed_forward_macs;
  token += model->banks.front().expert_macs * 48 * kTopK;
  EXPECT_NEAR((token / phone.npu.mac_rate).to_seconds() * 1e3, measured.compute_ms,
              0.01 * measured.compute_ms);
  const double management = phone.management.of_load(Bytes(2856960)).to_seconds() * 1e3 * measured.loads;
  EXPECT_NEAR(management, measured.management_ms, 0.02 * measured.management_ms);
}

TEST(Device, WhatIsLeftOut_TakesItsDefault) {
  const DeviceSpec device = parsed(small_device);
  EXPECT_EQ(device.flash.lane_bandwidth, device.flash.read_bandwidth);
  EXPECT_EQ(device.flash.request_bytes, Bytes(0));
  EXPECT_EQ(device.flash.queue_depth, 32);
  EXPECT_EQ(device.dram.usable_bandwidth.count(), 36'000'000'000);
  EXPECT_EQ(device.dram.write_cost.value, 1000);
  EXPECT_EQ(device.npu.precision, "int8");
  EXPECT_EQ(device.npu.mac_rate.count(), 1'000'000'000'000);
  EXPECT_EQ(device.management.of_load(Bytes::mib(4)), Duration());
  EXPECT_FALSE(device.link || device.energy);
  EXPECT_EQ(device.name, "small");
}

TEST(Device, DeratedFlash_IsSlowerInWholeAndInLane) {
  const DeviceSpec device = parsed(with_line(
      small_device, "read_bandwidth", R"(read_bandwidth: "2GB/s" lane_bandwidth: "1GB/s" derate: 0.67)"));
  EXPECT_EQ(device.flash.read_bandwidth.count(), 1'340'000'000);
  EXPECT_EQ(device.flash.lane_bandwidth.count(), 670'000'000);
}

TEST(Device, ALane_IsNeverFasterThanThePart) {
  const DeviceSpec device =
      parsed(with_line(small_device, "read_bandwidth", R"(read_bandwidth: "2GB/s" lane_bandwidth: "3GB/s")"));
  EXPECT_EQ(device.flash.lane_bandwidth.count(), 2'000'000'000);
}

TEST(Device, ThePrecision_PicksTheRate) {
  const std::string rates = R"(int8_rate: "4TMAC/s" fp16_rate: "2TMAC/s" efficiency: 0.5 precision: "fp16")";
  EXPECT_EQ(parsed(with_line(small_device, "int8_rate", rates)).npu.mac_rate.count(), 1'000'000'000'000);
  EXPECT_EQ(error_with("int8_rate", R"(  int8_rate: "4TMAC/s" precision: "fp32")"),
            "d.textproto: line 9: npu.fp32_rate: expected a compute rate such as 22.5TMAC/s or 45TOPS, from "
            "1GMAC/s to 1000000TMAC/s, found nothing");
}

TEST(Device, AnOutsideCap_BoundsThePortOfTheNpu) {
  const auto port = [](const std::string& cap) {
    return parsed(with_line(small_device, "int8_rate",
                            fmt::format(R"(int8_rate: "1TMAC/s" dram_bandwidth: "{}")", cap)))
        .npu.dram_bandwidth.count();
  };
  EXPECT_EQ(port("16.7GB/s"), 16'700'000'000);
  EXPECT_EQ(port("100GB/s"), 36'000'000'000);
}

TEST(DeviceError, AWrongUnit_NamesFileLineFieldExpectedAndFound) {
  EXPECT_EQ(error_with("peak_bandwidth", "  peak_bandwidth: \"4 GX\""),
            "d.textproto: line 7: dram.peak_bandwidth: expected a rate such as 4.2GB/s, from 1MB/s to "
            "1000TB/s, found "
            "\"4 GX\"");
}

TEST(DeviceError, ZeroAndNegativeQuantities_AreRefused) {
  EXPECT_THAT(error_with("read_bandwidth", "read_bandwidth: \"0GB/s\""),
              HasSubstr("line 3: flash.read_bandwidth"));
  EXPECT_THAT(error_with("read_bandwidth", "read_bandwidth: \"-2GB/s\""), HasSubstr("found \"-2GB/s\""));
  EXPECT_THAT(error_with("read_bandwidth", "read_bandwidth: \"\""), HasSubstr("found \"\""));
  EXPECT_THAT(error_with("read_bandwidth", "read_bandwidth: \"nan\""), HasSubstr("found \"nan\""));
  EXPECT_THAT(error_with("capacity", "capacity: \"0GB\""), HasSubstr("dram.capacity: expected a size"));
  EXPECT_THAT(error_with("int8_rate", "int8_rate: \"0TOPS\""), HasSubstr("npu.int8_rate"));
  EXPECT_THAT(error_with("read_bandwidth", "read_bandwidth: \"2GB/s\" queue_depth: 0"),
              HasSubstr("flash.queue_depth: expected a whole number from 1 to 65536, found 0"));
}

TEST(DeviceError, AFractionOutsideZeroToOne_IsRefused) {
  for (const std::string value : {"0", "1.2", "-0.5", "nan", "inf", "-inf", "1e-9"}) {
    const std::string message =
        error_with("peak_bandwidth", "  peak_bandwidth: \"40GB/s\" efficiency: " + value);
    EXPECT_THAT(message, HasSubstr("line 7: dram.efficiency: expected a fraction above 0 and at most 1"))
        << value;
  }
}

TEST(DeviceError, AFractionThatLeavesNoRate_IsRefused) {
  EXPECT_THAT(error_with("read_bandwidth", "read_bandwidth: \"1MB/s\" derate: 0.001"),
              HasSubstr("flash.derate: expected a fraction that leaves at least 1MB/s"));
}

TEST(DeviceError, ReservedMemory_MustLeaveSome) {
  EXPECT_THAT(error_with("capacity", "capacity: \"8GB\" reserved: \"8GB\""),
              HasSubstr("line 6: dram.reserved: expected less than the capacity"));
}

TEST(DeviceError, WhatIsMissing_IsReportedWhereItsSectionBegins) {
  EXPECT_THAT(error_with("read_bandwidth", ""), HasSubstr("line 2: flash.read_bandwidth: expected a rate"));
  EXPECT_THAT(error_with("id:", ""), HasSubstr("d.textproto: id: expected a text, found nothing"));
  EXPECT_THAT(error_of("id: \"x\""), HasSubstr("d.textproto: flash.read_bandwidth: expected a rate"));
}

TEST(DeviceError, AnUnknownField_SuggestsTheNearest) {
  const std::string message = error_with("peak_bandwidth", "  peak_bandwith: \"40GB/s\"");
  EXPECT_THAT(message, HasSubstr("d.textproto: line 7: dram.peak_bandwith: expected a field of Dram"));
  EXPECT_THAT(message, HasSubstr("(nearest: peak_bandwidth), found \"peak_bandwith\""));
}

TEST(DeviceError, AWrongType_NamesTheField) {
  EXPECT_EQ(error_with("peak_bandwidth", "  peak_bandwidth: 40"),
            "d.textproto: line 7: dram.peak_bandwidth: expected string, found 40");
  EXPECT_THAT(error_with("read_bandwidth", "read_bandwidth: \"2GB/s\" queue_depth: -4"),
              HasSubstr("line 3: flash.queue_depth: expected integer, found -"));
  EXPECT_THAT(error_with("capacity", "capacity: \"8GB\" write_cost: \"2\""),
              HasSubstr("line 6: dram.write_cost: expected double"));
}

TEST(DeviceError, BrokenSyntax_NamesTheLine) {
  EXPECT_THAT(error_of(small_device.substr(0, small_device.size() - 2)),
              HasSubstr("line 11: npu.int8_rate: expected identifier, found the end of the file"));
  EXPECT_THAT(error_with("id:", "id \"small\""), HasSubstr("line 1: id: expected \":\""));
  EXPECT_THAT(error_with("id:", "id: \"small\nname: 3"), HasSubstr("line 1: id"));
  EXPECT_THAT(error_with("id:", "id: \"small\" id: \"again\""),
              HasSubstr("line 1: id: expected the field once, found it a second time"));
}

TEST(DeviceError, APathSurvivesCommentsStringsAndNesting) {
  const std::string text =
      "# a { comment\nname: \"a { string # \\\" }\"\nflash { derate: 1 }\n\tdram: <\n  latency: 5\n>";
  EXPECT_THAT(error_of(text), HasSubstr("line 5: dram.latency: expected string, found 5"));
}

TEST(DeviceError, BytesThatAreNoText_AreRefused) {
  EXPECT_EQ(error_with("id:", "id: \"sm\xFF\""),
            "d.textproto: line 1, byte 7: expected UTF-8 text, found byte 0xff");
  EXPECT_THAT(error_of(small_device + std::string(1, '\0')), HasSubstr("found byte 0x00"));
  EXPECT_THAT(error_with("id:", "id: \"a\\000b\""), HasSubstr("line 1: id: expected UTF-8 text"));
  EXPECT_THAT(error_with("id:", "id: \"\\377\""), HasSubstr("line 1: id: expected UTF-8 text"));
  EXPECT_EQ(error_of(small_device + std::string(1 << 20, ' ')),
            fmt::format("d.textproto: expected a text file of at most 1 MiB, found {} bytes",
                        small_device.size() + (1 << 20)));
}

TEST(DeviceError, AnEmptyFile_IsNoDevice) {
  EXPECT_THAT(error_of(""), HasSubstr("id: expected a text"));
}

TEST(DeviceError, DeepNesting_IsRefusedNotFollowed) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "flash {";
  EXPECT_NE(error_of(deep), "no error");
}

TEST(DeviceError, ACutFile_NeverParsesAsAnotherDevice) {
  for (std::size_t length = 0; length + 2 < small_device.size(); ++length) {
    EXPECT_NE(error_of(small_device.substr(0, length)), "no error") << length;
  }
}

}  // namespace
}  // namespace pregate
