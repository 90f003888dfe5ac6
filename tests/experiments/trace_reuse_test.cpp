// SPDX-License-Identifier: Apache-2.0
// `pregate trace reuse`, as a user calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/reuse_view.hpp"
#include "experiments/wrap.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using testing::HasSubstr;

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// T is 8 bytes; ten lookups, of them two first uses, the others with these distances.
ReuseReport hand_made(std::vector<std::int64_t> distances) {
  ReuseReport report;
  report.cycle = Bytes(8);
  report.summary.lookups = 10;
  report.summary.first_uses = 10 - static_cast<std::int64_t>(distances.size());
  report.summary.bytes = SortedValues(std::move(distances));
  return report;
}

TEST(ReuseBins, AreThreeToAnOctaveOfT_AndHoldWhatLiesAboveTheBinBefore) {
  std::vector<std::int64_t> bounds, lookups, hits;
  for (const ReuseBin& bin : byte_bins(hand_made({7, 8, 9, 16, 17, 24, 25, 32}))) {
    bounds.push_back(bin.up_to.count());
    lookups.push_back(bin.lookups);
    hits.push_back(bin.lru_hits);
  }
  EXPECT_THAT(bounds, testing::ElementsAre(2, 4, 6, 8, 10, 12, 16, 20, 24, 32));
  EXPECT_THAT(lookups, testing::ElementsAre(0, 0, 0, 2, 1, 0, 1, 1, 1, 2));
  EXPECT_THAT(hits, testing::ElementsAre(0, 0, 0, 2, 3, 3, 4, 5, 6, 8));
}

TEST(ReuseBins, OfCounts_DoubleFromOne) {
  std::vector<std::int64_t> from, lookups;
  for (const CountBin& bin : count_bins(SortedValues({0, 0, 1, 2, 3, 4, 5, 17}))) {
    from.push_back(bin.from);
    lookups.push_back(bin.lookups);
  }
  EXPECT_THAT(from, testing::ElementsAre(0, 1, 2, 3, 5, 9, 17));
  EXPECT_THAT(lookups, testing::ElementsAre(2, 1, 1, 2, 1, 0, 1));
}

TEST(ReuseAdvice, NamesTheCliff_WhereThereIsOne) {
  const ReuseReport report = hand_made({7, 8, 9, 16, 17, 24, 25, 32});
  const LruAdvice advice = *lru_advice(report);
  EXPECT_EQ(advice.first, Bytes(7));
  EXPECT_EQ(advice.half, Bytes(16)) << "four of eight";
  EXPECT_EQ(advice.ninety, Bytes(32));
  EXPECT_THAT(advice_text(report), HasSubstr("at most 80.0 % of 10 lookups"));
  EXPECT_THAT(advice_text(report), HasSubstr("Half of that (40.0 %) takes 0.00 MiB (2.00 T)"));
  EXPECT_THAT(advice_text(report), HasSubstr("The cliff: below 0.00 MiB (0.88 T) it hits nothing"));
  EXPECT_THAT(advice_text(hand_made({2, 3, 8, 9})),
              HasSubstr("No cliff: with half of T it hits 20.0 % already, with T = 0.00 MiB 30.0 %."));
}

TEST(Wrapped, NeverPartsAPercentSignFromItsNumber) {
  EXPECT_EQ(wrapped("aaa 12.5 % of it", 0, 9), "aaa\n12.5 % of\nit\n");
  EXPECT_EQ(wrapped("aaa 12.5 %", 0, 8), "aaa\n12.5 %\n");
}

std::string toy(const Folder& folder) {
  return test::write_file(folder.file("toy.csv"), test::small_csv());
}

TEST(TraceReuse, OfTheToy_SumsToItsLookups) {
  const Folder folder;
  const Said said = run_pregate({"trace", "reuse", toy(folder), "--json", "--by", "layer"});
  ASSERT_EQ(said.code, 0) << said.err;
  const json report = json::parse(said.out);
  EXPECT_EQ(report["lookups"], 16) << "four tokens, two layers, two experts each";
  EXPECT_EQ(report["token_cycle_bytes"], 12'000'000);
  EXPECT_EQ(report["phase"], "decode");
  EXPECT_EQ(report["steps"], 4);
  std::int64_t lookups = report["first_uses"], in_steps = 0, in_layers = 0;
  for (const json& bin : report["histogram"]) lookups += bin["lookups"].get<std::int64_t>();
  for (const json& bin : report["histogram_steps"]) in_steps += bin["lookups"].get<std::int64_t>();
  for (const json& layer : report["by_layer"]) in_layers += layer["lookups"].get<std::int64_t>();
  EXPECT_EQ(lookups, 16);
  EXPECT_EQ(in_steps, 16 - report["first_uses"].get<std::int64_t>());
  EXPECT_EQ(in_layers, 16);
  EXPECT_EQ(report["working_set"].size(), 3U) << "windows of 1, 2 and 4 tokens";
  EXPECT_EQ(report["working_set"][0]["mean_bytes"], 12'000'000);
  EXPECT_EQ(report["working_set"][2]["max_bytes"], 24'000'000) << "every expert is used";
  for (const char* key : {"sentence", "max_hit_rate", "first_hit_budget_bytes", "half_budget_bytes",
                          "ninety_percent_budget_bytes", "max_budget_bytes", "hit_rate_at_cycle"})
    EXPECT_TRUE(report["lru"].contains(key)) << key;
}

TEST(TraceReuse, ItsBudgetsAreThoseOfTraceCurve) {
  const Folder folder;
  const std::string csv = toy(folder);
  const json report = json::parse(run_pregate({"trace", "reuse", csv, "--json"}).out);
  for (const json& bin : report["histogram"]) {
    const std::string budget = bin["up_to_bytes"].dump();
    const json curve = json::parse(
        run_pregate({"trace", "curve", csv, "--policies", "lru", "--budgets", budget, "--json"}).out);
    EXPECT_EQ(curve[0]["hit_rate_decode"], bin["lru_hit_rate"]) << budget;
  }
  const json most = report["lru"]["max_budget_bytes"];
  const json curve = json::parse(
      run_pregate({"trace", "curve", csv, "--policies", "lru", "--budgets", most.dump(), "--json"}).out);
  EXPECT_EQ(curve[0]["hit_rate_decode"], report["lru"]["max_hit_rate"]);
}

TEST(TraceReuse, AsText_HasBarsWorkingSetAndAdvice) {
  const Folder folder;
  const std::string csv = toy(folder);
  const Said said = run_pregate({"trace", "reuse", csv});
  ASSERT_EQ(said.code, 0) << said.err;
  for (const char* part : {"decode, 4 tokens; counted", "Reuse distance", "first use", "Working set",
                           "chance", "An LRU of any size hits at most", "The cliff: below"})
    EXPECT_THAT(said.out, HasSubstr(part));
  EXPECT_THAT(said.out, testing::AnyOf(HasSubstr("###"), HasSubstr("███"))) << "as the locale allows";
  EXPECT_THAT(run_pregate({"trace", "reuse", csv, "--phase", "all"}).out,
              HasSubstr("prefill and decode, 5 steps"));
  EXPECT_THAT(run_pregate({"trace", "reuse", csv, "--by", "expert"}).out, HasSubstr("8 most used of 8"));
  EXPECT_THAT(run_pregate({"trace", "reuse", csv, "--by", "bank"}).out, HasSubstr("By bank"));
}

TEST(TraceReuse, PlotAndTables_AreWrittenBesideTheSameNumbers) {
  const Folder folder;
  const std::string csv = toy(folder);
  const std::string plain = run_pregate({"trace", "reuse", csv, "--json", "--by", "layer"}).out;
  for (const char* plot : {"a.svg", "a.png"}) {
    const Said said = run_pregate({"trace", "reuse", csv, "--json", "--by", "layer", "--plot",
                                   folder.file(plot), "--csv", folder.file("a.csv")});
    EXPECT_EQ(said.out, plain) << said.err;
  }
  EXPECT_THAT(test::read_file(folder.file("a.svg")), HasSubstr("Reuse of experts: toy"));
  EXPECT_THAT(test::read_file(folder.file("a.svg")), HasSubstr("counted, without time: recorded routing"));
  EXPECT_EQ(test::read_file(folder.file("a.png")).substr(1, 3), "PNG");
  const json report = json::parse(plain);
  EXPECT_EQ(lines(test::read_file(folder.file("a.csv"))), report["histogram"].size() + 2);
  EXPECT_EQ(lines(test::read_file(folder.file("a.working-set.csv"))), report["working_set"].size() + 1);
  EXPECT_EQ(lines(test::read_file(folder.file("a.by-layer.csv"))), report["by_layer"].size() + 1);
  EXPECT_EQ(folder.count(), 6U);
}

// The prompt alone.
std::string prefill_csv() {
  const std::string text = test::small_csv();
  return text.substr(0, text.find("\n0,1,") + 1);
}

TEST(TraceReuse, OfAPromptAlone_AsksForPhaseAll) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("prompt.csv"), prefill_csv());
  const Said decode = run_pregate({"trace", "reuse", csv});
  EXPECT_EQ(decode.code, 2);
  EXPECT_THAT(decode.err, HasSubstr("prompt.csv: expected decode steps that use experts, or --phase all"));
  const Said all = run_pregate({"trace", "reuse", csv, "--phase", "all", "--plot", folder.file("a.svg")});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("No expert is used twice"));
  const json report = json::parse(run_pregate({"trace", "reuse", csv, "--phase", "all", "--json"}).out);
  EXPECT_TRUE(report["p50_bytes"].is_null());
  EXPECT_TRUE(report["lru"]["half_budget_bytes"].is_null());
  EXPECT_TRUE(report["histogram"].empty());
}

TEST(TraceReuse, BadInput_IsNamed_AndNothingIsWritten) {
  const Folder folder;
  const std::string csv = toy(folder);
  const std::string text = test::small_csv();
  const std::string empty =
      test::write_file(folder.file("empty.csv"), text.substr(0, text.find("expert_bytes\n0,") + 13));
  const struct {
    std::vector<std::string> arguments;
    int code;
    const char* part;
  } table[] = {
      {{"trace", "reuse", csv, "--phase", "prefill"}, 2, "--phase: expected one of decode, all"},
      {{"trace", "reuse", csv, "--by", "token"}, 2, "--by: expected one of layer, bank, expert"},
      {{"trace", "reuse", csv, "--plot", folder.file("a.pdf")}, 2, "--plot: expected a file name that ends"},
      {{"trace", "reuse", csv, "--plot", folder.file("none/a.svg")}, 1, "none/a.svg"},
      {{"trace", "reuse", csv, "--csv", folder.file("none/a.csv")}, 1, "none/a.csv"},
      {{"trace", "reuse", csv, "--csv", csv}, 2, "--csv: expected another file than FILE"},
      {{"trace", "reuse", csv, "--csv", folder.file("a.svg"), "--plot", folder.file("./a.svg")},
       2,
       "--csv: expected another file than --plot"},
      {{"trace", "reuse", folder.file("none.csv")}, 2, "none.csv"},
      {{"trace", "reuse", empty}, 2, "empty.csv"},
      {{"trace", "reuse", csv, "--model", "qwen"}, 2, "--model"},
  };
  for (const auto& row : table) {
    const Said said = run_pregate(row.arguments);
    EXPECT_EQ(said.code, row.code) << row.part << said.out;
    EXPECT_THAT(said.err, HasSubstr(row.part));
    EXPECT_EQ(said.error_lines(), 1U);
    EXPECT_EQ(said.out, "");
  }
  EXPECT_EQ(folder.count(), 2U);
}

}  // namespace
}  // namespace pregate
