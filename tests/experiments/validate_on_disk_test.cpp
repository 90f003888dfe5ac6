// SPDX-License-Identifier: Apache-2.0
// `pregate validate` on this machine's disk, as a user calls it. Times are anybody's guess here and are not
// judged: exit code 0 or 1. Counts are, and every form of the outcome says the same.
#include <nlohmann/json.hpp>

#include "experiments/validation/report.hpp"
#include "tests/experiments/packed_nano.hpp"

namespace pregate {
namespace {

using Json = nlohmann::json;
using test::read_file;
using test::run_pregate;
using test::Said;
using test::write_file;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ValidateOnDisk : public test::PackedNano {
 protected:
  [[nodiscard]] Said validate(const Words& more = {}) const { return say("validate", more); }
};

TEST_F(ValidateOnDisk, EveryCellIsMeasuredAndEqualInItsCounts_AndEveryFormSaysTheSame) {
  device_ = folder_.file("host.device.textproto");
  const Said calibrated = run_pregate({"calibrate", "--quick", "--dir", folder_.file("."), "--out", device_});
  if (calibrated.code == 2 && calibrated.err.find("O_DIRECT") != std::string::npos)
    GTEST_SKIP() << calibrated.err;
  ASSERT_EQ(calibrated.code, 0) << calibrated.err;
  const std::string csv = folder_.file("v.csv"), plot = folder_.file("v.svg"), save = folder_.file("v.json");
  const Said said = validate({"--budgets", "25%,100%", "--lanes", "1,4", "--repeats", "2", "--json", "--csv",
                              csv, "--plot", plot, "--save", save});
  ASSERT_TRUE(said.code == 0 || said.code == 1) << said.err;
  EXPECT_EQ(said.out, read_file(save));
  const Json found = Json::parse(said.out);
  EXPECT_EQ(said.code, found["results"]["met"] == true ? 0 : 1);
  ASSERT_EQ(found["cells"].size(), 8U);
  for (const Json& cell : found["cells"]) EXPECT_EQ(cell["measured"].size(), 2U);
  for (const Json& cell : found["results"]["cells"]) EXPECT_EQ(cell["counts_equal"], true) << cell["case"];
  EXPECT_TRUE(found["results"]["count_differences"].empty());
  EXPECT_THAT(found["head"]["workload"].get<std::string>(), StartsWith("megrez2-nano, checkpoint, int8"));
  const Json& reads = found["head"]["plain_reads"];
  ASSERT_EQ(reads.size(), 2U);
  EXPECT_EQ(reads[0]["lanes"], 1);
  EXPECT_EQ(reads[1]["lanes"], 4);

  const std::string rows = read_file(csv);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 1 + 8 * 2);
  EXPECT_THAT(read_file(plot), HasSubstr("<svg"));
  const Result<Validation> read = load_validation(save);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(validation_json(*read), said.out);
  EXPECT_EQ(folder_.count(), 5U) << "experts, device, CSV, plot and JSON";
}

TEST_F(ValidateOnDisk, InText_SaysTheCellsAndTheVerdict) {
  const Said said = validate({"--budgets", "50%", "--lanes", "2", "--prefetch", "pregate", "--repeats", "1",
                              "--npu", "measured", "--engine", "threads", "--choices", "synthetic"});
  ASSERT_TRUE(said.code == 0 || said.code == 1) << said.err;
  EXPECT_THAT(said.out, StartsWith("Streamed from a real disk: 1 cell, 1 repeat each."));
  EXPECT_THAT(said.out, HasSubstr("on oneplus-15r, compute times: measured"));
  EXPECT_THAT(said.out, HasSubstr("read by      threads"));
  EXPECT_THAT(said.out, HasSubstr("synthetic routing (seed 1) forced on the routers"));
  EXPECT_THAT(said.out, HasSubstr(" MiB/s with 2 lanes; an expert each"));
  EXPECT_THAT(said.out, HasSubstr("  yes\n")) << "counts are equal";
  EXPECT_THAT(said.out, Not(HasSubstr("DIFFER")));
}

TEST_F(ValidateOnDisk, BadOptionsAreNamed) {
  expect_refused(run_pregate({"validate", "--prompt", "Once"}),
                 "--model: ", "or --references, found neither");
  expect_refused(validate({"--budgets", "25%,0%"}), "--budgets: ", "found \"0%\"");
  expect_refused(validate({"--budgets", "101%"}), "--budgets: ", "found \"101%\"");
  expect_refused(validate({"--prefetch", "maybe"}), "--prefetch: ", "maybe");
  expect_refused(validate({"--eviction", "lrv"}), "--eviction: ", "lrv");
  expect_refused(validate({"--lanes", "0"}), "--lanes: ", "0");
  expect_refused(validate({"--npu", "maybe"}), "--npu: ", "maybe");
  expect_refused(validate({"--plot", folder_.file("v.gif")}), "--plot: ", "ends in .svg or .png");
  expect_refused(validate({"--device", folder_.file("none.device.textproto")}),
                 folder_.file("none.device.textproto") + ": ", "No such file");
  expect_refused(validate({"--csv", experts_}), "--csv: ", experts_);
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(ValidateOnDisk, ACellThatCannotRun_IsToldBeforeAnythingIsMeasured) {
  // The cell is the last of the grid.
  expect_refused(validate({"--budgets", "100%,1%"}), "--budgets: budget 1 %", "found 112 KiB");
  expect_refused(validate({"--lanes", "1,200"}), "--lanes: budget 10 %", "found 200");
}

TEST_F(ValidateOnDisk, AFileOfExpertsThatIsNotTheModels_IsNamed) {
  const std::string missing = folder_.file("missing.experts");
  expect_refused(validate({"--experts", missing}), missing + ": ", "no such file");
  expect_refused(validate({"--precision", "bf16"}), experts_ + ": layout: ", "--precision bf16 --out FILE");
  const std::string route = folder_.file("synthetic.route");
  write_file(route, "no trace");
  expect_refused(validate({"--choices", route}), route + ": ", "");
}

TEST_F(ValidateOnDisk, AChangedByte_IsToldWithItsBankAndExpert) {
  std::string bytes = read_file(experts_);
  bytes[bytes.size() - 57344 + 100] = static_cast<char>(bytes[bytes.size() - 57344 + 100] ^ 0x10);
  write_file(experts_, bytes);
  expect_refused(validate({"--save", folder_.file("v.json")}),
                 experts_ + ": bank 3, expert 63: ", "changed since it was packed", 1);
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(ValidateOnDisk, CtrlC_EndsWithOne_AndLeavesNothing) {
  ::setenv("PREGATE_PROGRESS", "lines", 1);
  const test::Terminal terminal = test::on_terminal(
      words("validate", {"--tokens", "300", "--repeats", "100", "--save", folder_.file("v.json")}),
      "measuring: run");
  EXPECT_EQ(terminal.code, 1) << terminal.said;
  EXPECT_THAT(terminal.said, HasSubstr("pregate: budget 10 %, prefetch off, 1 lane, lru: "));
  EXPECT_THAT(terminal.said, HasSubstr("expected a run to its end, found stopped after "));
  EXPECT_THAT(terminal.said, Not(HasSubstr("Streamed from a real disk")));
  EXPECT_EQ(folder_.count(), 1U);
}

}  // namespace
}  // namespace pregate
