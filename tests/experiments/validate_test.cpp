// SPDX-License-Identifier: Apache-2.0
// `pregate validate --references`: every row that has a tolerance is inside it, but for those named here,
// which stay visible.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "experiments/energy.hpp"
#include "experiments/references.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using Json = nlohmann::json;
using test::Folder;
using test::Said;
using testing::HasSubstr;

const std::string kPhone = std::string(PREGATE_SHARED_DIR) + "/traces/phone";

Json validated(const std::vector<std::string>& more = {}) {
  std::vector<std::string> args{"validate", "--references", "--json"};
  args.insert(args.end(), more.begin(), more.end());
  const Said said = test::run_pregate(args);
  EXPECT_TRUE(said.code == 0 || said.code == 1) << said.err;
  const Json found = Json::parse(said.out);
  EXPECT_EQ(said.code, found["outside"] > 0 ? 1 : 0);
  return found;
}

TEST(Validate, RowsOutsideTheirTolerance_AreTheKnownOnes) {
  // How requests share translation pages with two in flight hangs on nanoseconds of MQSim's front
  // end.
  const std::set<std::string> known{"sequential 128 KiB, 2 in flight"};
  // The share of two readers in burst is 1.6 % above the reference's: inside its 3 %, but not inside the 1 %
  // of a reader that joins; so is flow's where it takes burst's word for it.
  const std::set<std::string> joins{"end of the first (burst)", "time of the second (burst)",
                                    "time of the second (flow, burst's coefficients)"};
  const Json found = validated();
  EXPECT_GT(found["checked"], 60);
  for (const Json& row : found["rows"]) {
    if (row["outside"] == false) continue;
    const std::string name = row["name"];
    const std::string group = row["group"];
    const bool is_known = (known.contains(name) && group.find("as shipped") != std::string::npos) ||
                          (joins.contains(name) && group.find("a reader that joins") != std::string::npos);
    EXPECT_TRUE(is_known) << group << ": " << name << " is off by " << row["error"];
  }
}

TEST(Validate, ThePhoneRun_IsWithinItsTargets) {
  if (!std::filesystem::exists(kPhone)) GTEST_SKIP() << "the phone's recordings are not here";
  const Json found = validated({"--phone", kPhone});
  int rows = 0;
  for (const Json& row : found["rows"]) {
    if (!std::string(row["group"]).starts_with("The phone")) continue;
    ++rows;
    EXPECT_EQ(row["outside"], false) << row["name"] << " is off by " << row["error"];
  }
  EXPECT_GE(rows, 15);
  EXPECT_GE(found["remarks"].size(), 4U);
}

TEST(Validate, WithoutThePhone_SaysSoAndWritesTheDocument) {
  const Folder folder;
  const Said said = test::run_pregate({"validate", "--references", "--out", folder.file("validation.md")});
  EXPECT_THAT(said.out, HasSubstr("recordings were not given"));
  const std::string document = test::read_file(folder.file("validation.md"));
  EXPECT_THAT(document, HasSubstr("# Validation\n"));
  EXPECT_THAT(document, HasSubstr("| sequential 128 KiB, 1 in flight | GB/s | 0.797 |"));
  EXPECT_EQ(document.back(), '\n');
}

TEST(Validate, BadArguments_AreUsageErrors) {
  EXPECT_EQ(test::run_pregate({"validate"}).code, 2);
  const Said said = test::run_pregate({"validate", "--references", "--phone", "/nowhere"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("/nowhere"));
}

TEST(ReferenceRow, IsOutside_OnlyWithAToleranceAndAReference) {
  ReferenceRow row{.reference = 100, .predicted = 111, .tolerance = 0.1};
  EXPECT_TRUE(outside(row));
  row.predicted = 109;
  EXPECT_FALSE(outside(row));
  row.predicted = 300;
  row.tolerance = 0;
  EXPECT_FALSE(outside(row));
  row.tolerance = 0.1;
  row.reference = 0;
  EXPECT_FALSE(outside(row));
  EXPECT_FALSE(error_of(row).has_value());
}

TEST(EnergyReport, NamesTheSourceOfEachCoefficient) {
  const Said said = test::run_pregate(
      {"run", "synthetic", "--json", "--device", "rtx-4060", "--set", "device.energy.mac_pj=2"});
  ASSERT_EQ(said.code, 0) << said.err;
  const Json out = Json::parse(said.out);
  double sum = 0;
  for (const auto& [level, energy] : out["energy"].items()) sum += energy["run_j"].get<double>();
  EXPECT_NEAR(sum, out["energy_j"].get<double>(), 1e-9 * sum);
  EXPECT_EQ(out["energy"].size(), 6U);
  EXPECT_EQ(out["energy"]["mac"]["source"], "set by the scenario");
  EXPECT_THAT(out["energy"]["flash"]["source"].get<std::string>(), testing::StartsWith("unverified:"));
  EXPECT_GT(out["energy_per_token_j"], 0);
}

TEST(EnergyReport, FindsTheCommentOfAField) {
  const std::string text = "energy {\n  mac_pj: 1.0  # estimated: ten # times\n  idle_watts: 2\n}\n";
  EXPECT_EQ(comment_of(text, "mac_pj"), "estimated: ten # times");
  EXPECT_EQ(comment_of(text, "idle_watts"), "");
  EXPECT_EQ(comment_of(text, "mac"), "");
}

}  // namespace
}  // namespace pregate
