// SPDX-License-Identifier: Apache-2.0
// `pregate heatmap` and the failure signatures of trace info and run, as a user calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using testing::HasSubstr;

// Sum of a column of a CSV.
double column_sum(const std::string& csv, std::size_t column) {
  std::istringstream in(csv);
  std::string line, cell;
  std::getline(in, line);
  double sum = 0;
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    for (std::size_t c = 0; c <= column; ++c) std::getline(cells, cell, ',');
    sum += std::stod(cell);
  }
  return sum;
}

TEST(Heatmap, OfATrace_SumsToItsChoices_InEveryFormat) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const Said said = run_pregate(
      {"heatmap", csv, "--out", folder.file("map"), "--formats", "png,svg,csv", "--phase", "all", "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  const json report = json::parse(said.out);
  EXPECT_EQ(report["sum"], 28);
  EXPECT_EQ(report["unit"], "choices");
  EXPECT_EQ(report["files"].size(), 3U);
  const std::string table = test::read_file(folder.file("map.csv"));
  EXPECT_THAT(table, testing::StartsWith("layer,bank,expert,uses_choices,share_of_layer\n"));
  EXPECT_EQ(column_sum(table, 3), 28);
  EXPECT_NEAR(column_sum(table, 4), 2, 1e-5) << "each of the two layers sums to one";
  EXPECT_THAT(test::read_file(folder.file("map.svg")), HasSubstr("uses of layers x experts"));
  EXPECT_EQ(test::read_file(folder.file("map.png")).substr(1, 3), "PNG");
}

TEST(Heatmap, OfARun_SumsToItsLookupsMissesAndStalls) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const std::string run = folder.file("toy.run");
  const Said simulated =
      run_pregate({"run", "--trace", csv, "--set", "dram.expert_budget=9MB", "--out", run, "--json"});
  ASSERT_EQ(simulated.code, 0) << simulated.err;
  const json summary = json::parse(simulated.out);
  const auto sum_of = [&](const char* measure) {
    const std::string out = folder.file(std::string(measure) + ".csv");
    const Said said = run_pregate({"heatmap", run, "--measure", measure, "--phase", "all", "--out", out});
    EXPECT_EQ(said.code, 0) << said.err;
    return column_sum(test::read_file(out), 3);
  };
  EXPECT_EQ(sum_of("uses"), summary["lookups"]);
  EXPECT_EQ(sum_of("misses"), summary["outcomes"]["miss"]);
  EXPECT_EQ(sum_of("stall"), summary["bins_ps"]["stall"]);
  EXPECT_EQ(sum_of("reloads"), summary["reloads"]);
  EXPECT_EQ(sum_of("bytes"), summary["bytes_read"]);
  const Said said = run_pregate(
      {"heatmap", run, "--measure", "bytes", "--scale", "absolute", "--out", folder.file("bytes.svg")});
  EXPECT_THAT(said.out, HasSubstr(" MiB altogether")) << said.err;
  EXPECT_THAT(test::read_file(folder.file("bytes.svg")), HasSubstr("bytes of layers x experts"));
}

TEST(Heatmap, BadInput_IsNamed) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const std::string out = folder.file("a.png");
  const struct {
    std::vector<std::string> arguments;
    const char* part;
  } table[] = {
      {{"heatmap", csv, "--out", folder.file("a.pdf")}, "ends in .png, .svg or .csv"},
      {{"heatmap", csv, "--out", folder.file("a"), "--formats", "png,gif"},
       "--formats: expected one of png, svg, csv"},
      {{"heatmap", csv, "--out", out, "--formats", "svg"}, "without extension beside --formats"},
      {{"heatmap", csv, "--out", out, "--measure", "misses"}, "expected a .run file for --measure misses"},
      {{"heatmap", csv, "--out", out, "--measure", "bytes"}, "expected a .run file for --measure bytes"},
      {{"heatmap", csv, "--out", out, "--measure", "love"}, "--measure: expected one of uses"},
      {{"heatmap", csv, "--out", out, "--view", "sharing"}, "layers share banks"},
      {{"heatmap", csv, "--out", out, "--view", "top"}, "--view: expected one of layers, sharing"},
      {{"heatmap", csv, "--out", out, "--phase", "prefill"}, "--phase: expected one of decode, all"},
      {{"heatmap", csv, "--out", out, "--scale", "log"}, "--scale: expected one of layer, absolute"},
      {{"heatmap", csv, "--out", csv}, "--out: expected another file than FILE"},
      {{"heatmap", folder.file("none.csv"), "--out", out}, "none.csv"},
  };
  for (const auto& row : table) {
    const Said said = run_pregate(row.arguments);
    EXPECT_EQ(said.code, 2) << row.part;
    EXPECT_THAT(said.err, HasSubstr(row.part));
    EXPECT_EQ(said.error_lines(), 1U);
  }
  EXPECT_EQ(folder.count(), 1U) << "nothing was written";
}

TEST(Signatures, StandInTraceInfoAndInTheRunReport) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const json info = json::parse(run_pregate({"trace", "info", csv, "--json"}).out);
  ASSERT_EQ(info["signatures"].size(), 3U);
  EXPECT_EQ(info["signatures"][0]["key"], "routing_collapse");
  EXPECT_EQ(info["signatures"][0]["verdict"], "unknown") << "four decode tokens tell nothing";
  EXPECT_TRUE(info["signatures"][0]["value"].is_null());
  EXPECT_EQ(info["layer_use"].size(), 2U);
  EXPECT_EQ(info["layer_use"][0]["uses"], 8);
  EXPECT_THAT(run_pregate({"trace", "info", csv}).out, HasSubstr("failure signature"));
  EXPECT_THAT(run_pregate({"trace", "info", csv, "--per-layer"}).out, HasSubstr("evenness"));
  const std::vector<std::string> run = {"run", "--trace", csv, "--set", "dram.expert_budget=9MB"};
  std::vector<std::string> with_json = run;
  with_json.emplace_back("--json");
  const json report = json::parse(run_pregate(with_json).out);
  ASSERT_EQ(report["signatures"].size(), 4U);
  EXPECT_EQ(report["signatures"][0]["key"], "cache_thrashing");
  EXPECT_EQ(report["signatures"][0]["value"], report["thrashing"]["read_again_of_used"]);
  EXPECT_EQ(report["signatures"][0]["verdict"], "failing")
      << "the budget is below T: everything is read again";
  EXPECT_THAT(run_pregate(run).out, HasSubstr("cache thrashing: In the worst"));
}

}  // namespace
}  // namespace pregate
