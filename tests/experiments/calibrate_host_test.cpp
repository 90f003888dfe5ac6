// SPDX-License-Identifier: Apache-2.0
// Fits on tables that were made up, and `pregate calibrate` on this machine in its quick form. No test looks
// at a time: what is measured here is anybody's guess.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "experiments/calibrate_host.hpp"
#include "tests/experiments/command_runner.hpp"
#include "traces/scenario.hpp"

namespace pregate {
namespace {

using Json = nlohmann::json;
using test::Folder;
using test::Said;
using testing::HasSubstr;

constexpr FlashCoefficients kPhone = {.request_latency = Duration::us(146),
                                      .request_overhead = Duration::us(19),
                                      .lane_bandwidth = Bandwidth::bytes_per_second(1'906'000'000),
                                      .read_bandwidth = Bandwidth::bytes_per_second(2'443'000'000)};

std::vector<FlashRow> table_of(const FlashCoefficients& flash, const FlashPredictor& predict) {
  std::vector<FlashRow> rows;
  for (const std::int64_t kib : {16, 64, 256, 1024, 4096, 8448}) {
    for (const std::int32_t depth : {1, 2, 4, 8}) {
      FlashRow row{.size = Bytes::kib(kib), .depth = depth};
      row.bytes_per_second = predict(flash, row);
      rows.push_back(row);
    }
  }
  return rows;
}

MATCHER_P2(IsWithin, share, of, "") {
  return std::abs(static_cast<double>(arg) / static_cast<double>(of) - 1) <= share;
}

TEST(FlashFit, OfATableByTheClosedForm_RecoversItsCoefficients) {
  const FlashFit fit = fit_flash(table_of(kPhone, predict_flash), 0);
  EXPECT_LT(fit.worst, 0.005);
  EXPECT_THAT(fit.flash.request_latency.count_ps(), IsWithin(0.02, kPhone.request_latency.count_ps()));
  EXPECT_THAT(fit.flash.request_overhead.count_ps(), IsWithin(0.02, kPhone.request_overhead.count_ps()));
  EXPECT_THAT(fit.flash.lane_bandwidth.count(), IsWithin(0.02, kPhone.lane_bandwidth.count()));
  EXPECT_THAT(fit.flash.read_bandwidth.count(), IsWithin(0.02, kPhone.read_bandwidth.count()));
}

TEST(FlashFit, OfATableByTheSimulator_RecoversItsCoefficients) {
  const FlashFit fit = fit_flash(table_of(kPhone, simulate_flash), 150);
  EXPECT_LT(fit.worst, 0.05);
  EXPECT_THAT(fit.flash.request_latency.count_ps(), IsWithin(0.1, kPhone.request_latency.count_ps()));
  EXPECT_THAT(fit.flash.lane_bandwidth.count(), IsWithin(0.1, kPhone.lane_bandwidth.count()));
  EXPECT_THAT(fit.flash.read_bandwidth.count(), IsWithin(0.1, kPhone.read_bandwidth.count()));
}

TEST(FlashFit, WhereOneLaneFillsThePart_SaysSo) {
  FlashCoefficients flash = kPhone;
  flash.lane_bandwidth = flash.read_bandwidth;
  const FlashFit fit = fit_flash(table_of(flash, predict_flash), 0);
  EXPECT_LT(fit.worst, 0.01);
  EXPECT_THAT(std::min(fit.flash.lane_bandwidth, fit.flash.read_bandwidth).count(),
              IsWithin(0.05, flash.read_bandwidth.count()));
}

TEST(FlashFit, ItsResiduals_AreOfItsRowsInOrder) {
  std::vector<FlashRow> rows = table_of(kPhone, predict_flash);
  rows[5].bytes_per_second *= 2;
  const FlashFit fit = fit_flash(rows, 0);
  ASSERT_EQ(fit.residuals.size(), rows.size());
  EXPECT_LT(fit.residuals[5], -0.3);
  EXPECT_DOUBLE_EQ(fit.worst, -fit.residuals[5]);
}

TEST(StreamFit, RecoversLaunchAndRate) {
  std::vector<StreamRow> rows;
  for (const std::int64_t bytes : {20'000, 100'000, 3'000'000, 264'000'000})
    rows.push_back({.bytes = Bytes(bytes), .seconds = 7e-6 + static_cast<double>(bytes) / 18e9});
  const StreamFit fit = fit_stream(rows);
  EXPECT_THAT(fit.launch.count_ps(), IsWithin(1e-3, 7'000'000));
  EXPECT_THAT(fit.rate.count(), IsWithin(1e-3, 18'000'000'000));
}

TEST(StreamFit, ALaunchBelowZero_IsNone) {
  // Small products find their weights in a cache: faster than any line through the others.
  const std::vector<StreamRow> rows = {{.bytes = Bytes(1'000'000), .seconds = 1e-5},
                                       {.bytes = Bytes(100'000'000), .seconds = 1e-2}};
  const StreamFit fit = fit_stream(rows);
  EXPECT_EQ(fit.launch, Duration());
  EXPECT_GT(fit.rate.count(), 0);
}

TEST(StreamFit, OfOneSize_HasARateAlone) {
  const std::vector<StreamRow> rows(3, {.bytes = Bytes(1'000'000), .seconds = 1e-3});
  const StreamFit fit = fit_stream(rows);
  EXPECT_EQ(fit.launch, Duration());
  EXPECT_THAT(fit.rate.count(), IsWithin(1e-6, 1'000'000'000));
}

TEST(WriteCost, SlowsAProductAsItWasSlowed) {
  // 20 GB/s usable, of which 2 GB/s of flash at a cost of 3 leave 14; alone the product got 18.
  constexpr double kBytes = 9e6, kLaunch = 1e-5;
  const double alone = kLaunch + kBytes / 18e9, beside = kLaunch + kBytes / 14e9;
  const Slowdown slowdown{.usable = 20e9,
                          .stream = 18e9,
                          .launch_s = kLaunch,
                          .bytes = kBytes,
                          .ratio = beside / alone,
                          .flash = 2e9};
  EXPECT_NEAR(write_cost_of(slowdown), 3, 1e-9);
  Slowdown none = slowdown;
  none.ratio = 0.5;
  EXPECT_DOUBLE_EQ(write_cost_of(none), 0.1);
}

// ---- the command ----

// The folder of the tests may be on a file system that cannot be read past the page cache.
bool cannot_measure(const Said& said) {
  return said.code == 2 && said.err.find("O_DIRECT") != std::string::npos;
}

TEST(CalibrateHost, QuickForm_WritesADeviceThatRuns) {
  const Folder folder;
  const std::string out = folder.file("host.device.textproto");
  const Said said = test::run_pregate({"calibrate", "--quick", "--dir", folder.file("."), "--out", out});
  if (cannot_measure(said)) GTEST_SKIP() << said.err;
  ASSERT_EQ(said.code, 0) << said.err;
  for (const char* words : {"All measured on this machine", "Disk  random reads", "Products  ", "write cost"})
    EXPECT_THAT(said.out, HasSubstr(words));
  EXPECT_EQ(folder.count(), 1U) << "its own file to read is gone";

  const Result<DeviceSpec> device = parse_device({.path = out, .text = test::read_file(out)});
  ASSERT_TRUE(device.ok()) << device.error().message();
  EXPECT_EQ(device->id, "host");
  EXPECT_EQ(device->npu.precision, "int8");
  EXPECT_EQ(device->management.reads_per_load, 1);
  EXPECT_GT(device->dram.capacity, device->dram.reserved);

  const Said run = test::run_pregate({"run", "synthetic", "--device", out, "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_GT(Json::parse(run.out)["tokens"], 0);
}

TEST(CalibrateHost, InJson_HasEachFigureWithItsSpread) {
  const Folder folder;
  const std::string file =
      test::write_file(folder.file("some.experts"), std::string(std::size_t{64} << 20, 'x'));
  const Said said =
      test::run_pregate({"calibrate", "--quick", "--json", "--precision", "f32", "--file", file});
  if (cannot_measure(said)) GTEST_SKIP() << said.err;
  ASSERT_EQ(said.code, 0) << said.err;
  const Json found = Json::parse(said.out);
  EXPECT_EQ(found["precision"], "f32");
  EXPECT_EQ(found["quick"], true);
  EXPECT_EQ(found["read_from"], "some.experts");
  EXPECT_EQ(found["disk"]["file_bytes"], 64 << 20);
  ASSERT_GT(found["disk"]["rows"].size(), 3U);
  ASSERT_GT(found["figures"].size(), 5U);
  for (const Json& figure : found["figures"]) {
    EXPECT_LE(figure["min"], figure["median"]) << figure["name"];
    EXPECT_LE(figure["median"], figure["max"]) << figure["name"];
    EXPECT_GE(figure["n"], 1) << figure["name"];
  }
}

TEST(CalibrateHost, Killed_LeavesNoFileBehind) {
  const Folder folder;
  (void)test::run_pregate({"calibrate", "--quick", "--dir", folder.file(".")},
                          {.killed_after = std::chrono::milliseconds(200)});
  EXPECT_EQ(folder.count(), 0U);
}

TEST(CalibrateHost, BadOptions_AreUsageErrors) {
  const Folder folder;
  const std::string small = test::write_file(folder.file("small"), std::string(1 << 20, 'x'));
  struct Case {
    std::vector<std::string> arguments;
    const char* words;
  };
  const std::vector<Case> cases = {
      {{"--file", folder.file("none")}, "--file: "},
      {{"--file", small}, "expected a file of at least 4 MiB, found 1 MiB"},
      {{"--dir", folder.file("none")}, "expected a folder that can be written, found No such file"},
      {{"--dir", "/proc"}, "expected a folder that can be written"},
      {{"--file", small, "--out", small}, "--out"},
      {{"--precision", "f16"}, "--precision"},
      {{"--token"}, "--token"},
      {{"--dram", "lpddr5-6400", "--quick"}, "--quick"},
      {{"--dir", ".", "--file", small}, "--file"},
  };
  for (const Case& c : cases) {
    std::vector<std::string> arguments = {"calibrate"};
    arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
    const Said said = test::run_pregate(arguments);
    EXPECT_EQ(said.code, 2) << testing::PrintToString(c.arguments);
    EXPECT_THAT(said.err, HasSubstr(c.words)) << testing::PrintToString(c.arguments);
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
  }
}

TEST(CalibrateHost, AnOutputThatCannotBeWritten_IsToldBeforeAnythingIsMeasured) {
  const Folder folder;
  const Said said = test::run_pregate({"calibrate", "--out", folder.file("none/host.device.textproto")});
  EXPECT_EQ(said.code, 1) << "as of every verb";
  EXPECT_THAT(said.err, HasSubstr("none"));
}

}  // namespace
}  // namespace pregate
